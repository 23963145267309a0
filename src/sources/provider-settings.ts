import type { Credentials, Provider, ProviderSetting } from "../providers/provider.ts";
import { readSecret, type Environment } from "../config/secret-file.ts";
import type { Entry, YamlFile } from "./yaml-file.ts";

/** What a source is configured with beside its secrets or keys. Of a list each item is one line, of a flag the text `true`. */
export type ProviderSettings = Readonly<Partial<Record<ProviderSetting, string>>>;

interface About {
  /** In a sources file. */
  readonly key: string;
  readonly kind: "text" | "list" | "flag" | "address";
  readonly description: string;
  readonly secret: boolean;
  readonly example?: string;
}

export const aboutProviderSettings = {
  publicUrl: {
    key: "public_url",
    kind: "address",
    description: "where senders reach the relay from outside, for those that sign the address they call",
    secret: false,
    example: "https://hooks.example.com",
  },
  verifyToken: {
    key: "verify_token",
    kind: "text",
    description: "the word with which the subscription is confirmed",
    secret: true,
  },
  accessToken: {
    key: "access_token",
    kind: "text",
    description: "the token with which the fields are fetched that an event only points at",
    secret: true,
  },
  apiUrl: {
    key: "api_url",
    kind: "address",
    description: "where the sender's API is, when not at its documented place",
    secret: false,
    example: "https://graph.facebook.com/v23.0",
  },
  topics: {
    key: "topics",
    kind: "list",
    description: "topics of the bus: those that may send, or those that are subscribed to",
    secret: false,
    example: "contacts",
  },
  pubsub: {
    key: "pubsub",
    kind: "text",
    description: "the component of the bus that has the topics which are subscribed to",
    secret: false,
    example: "pubsub",
  },
  bulk: {
    key: "bulk",
    kind: "flag",
    description: "whether many events of a topic are asked for in one request",
    secret: false,
    example: "true",
  },
  rawPayload: {
    key: "raw_payload",
    kind: "flag",
    description: "whether the topics hold messages that are no CloudEvents",
    secret: false,
    example: "true",
  },
  audiences: {
    key: "audience",
    kind: "list",
    description: "for whom the sender's token has to be made out; any one of several",
    secret: false,
    example: "https://hooks.example.com",
  },
  serviceAccounts: {
    key: "service_account",
    kind: "list",
    description: "the e-mail of the account whose token the sender shows; any one of several",
    secret: false,
    example: "push@project.iam.gserviceaccount.com",
  },
  jwksUrl: {
    key: "jwks_url",
    kind: "address",
    description: "where the public keys of the sender's tokens are, when not at their documented place",
    secret: false,
    example: "https://www.googleapis.com/oauth2/v3/certs",
  },
} as const satisfies Record<ProviderSetting, About>;

const all = Object.keys(aboutProviderSettings) as readonly ProviderSetting[];
const keyOf = (setting: ProviderSetting) => aboutProviderSettings[setting].key;

/** `PUBLIC_URL` for all; otherwise `META_LEAD_ADS_ACCESS_TOKEN` and the like. */
export function settingVariable(provider: Pick<Provider, "name">, setting: ProviderSetting): string {
  if (setting === "publicUrl") return "PUBLIC_URL";
  return `${provider.name.replaceAll("-", "_")}_${keyOf(setting)}`.toUpperCase();
}

/** What of the settings is for proving a sender. */
export function credentialsFrom(settings: ProviderSettings): Omit<Credentials, "secrets" | "keys"> {
  const { publicUrl, verifyToken, pubsub, jwksUrl } = settings;
  const flag = (setting: ProviderSetting) =>
    settings[setting] === undefined ? undefined : settings[setting] === "true";
  const list = (setting: ProviderSetting) => settings[setting]?.split("\n");
  return {
    publicUrl,
    verifyToken,
    pubsub,
    jwksUrl,
    topics: list("topics"),
    audiences: list("audiences"),
    serviceAccounts: list("serviceAccounts"),
    bulk: flag("bulk"),
    rawPayload: flag("rawPayload"),
  };
}

/** Whether something is needed, and all of it is there. */
export function hasAll(settings: ProviderSettings, needs: readonly ProviderSetting[] | undefined): boolean {
  return needs?.every((setting) => settings[setting] !== undefined) === true;
}

type SettingsOrProblem = { ok: true; settings: ProviderSettings } | { ok: false; message: string };

/** The settings of a provider that is served under its own name. Blank means not set. */
export function settingsFromEnvironment(env: Environment, provider: Provider): SettingsOrProblem {
  const settings: Partial<Record<ProviderSetting, string>> = {};
  for (const setting of provider.settings ?? []) {
    const variable = settingVariable(provider, setting);
    const given = readSecret(env, variable);
    if (given.kind === "problem") return { ok: false, message: given.message };
    const text = given.kind === "text" ? given.text.trim() : "";
    if (text === "") continue;
    const items = text.split(",").map((item) => item.trim());
    const value = isList(setting) ? items.filter((item) => item !== "").join("\n") : readValue(setting, text);
    if (value === undefined || value === "") {
      return { ok: false, message: `${variable} ${expected(setting)}` };
    }
    settings[setting] = value;
  }
  if (lacksPublicUrl(provider, settings)) {
    return { ok: false, message: `PUBLIC_URL is not set: ${provider.name} signs the address it calls` };
  }
  const lacking = lackingTogether(provider, settings);
  if (lacking !== undefined) {
    const { given, missing } = lacking;
    return {
      ok: false,
      message: `${settingVariable(provider, given)} is of no use without ${settingVariable(provider, missing)}`,
    };
  }
  return { ok: true, settings };
}

/** The settings of a source in the file; `PUBLIC_URL` holds where the source names no address of its own. */
export function readProviderSettings(
  file: YamlFile,
  source: Entry,
  entries: ReadonlyMap<string, Entry>,
  provider: Provider | undefined,
  env: Environment,
): ProviderSettings {
  const settings: Partial<Record<ProviderSetting, string>> = {};
  const used = provider?.settings ?? [];
  for (const setting of all) {
    const entry = entries.get(keyOf(setting));
    if (!entry) continue;
    if (provider && !used.includes(setting)) file.report(entry.key, `is not used by ${provider.name}`);
    const text = readEntry(file, entry, setting);
    if (text === undefined) continue;
    const value = readValue(setting, text);
    if (value === undefined) file.report(entry.value, expected(setting));
    else settings[setting] = value;
  }
  if (provider) reportLacking(file, entries, provider, settings);
  if (!provider || !lacksPublicUrl(provider, settings) || entries.has(keyOf("publicUrl"))) return settings;
  const fromEnvironment = readAddress(env["PUBLIC_URL"]?.trim() ?? "");
  if (fromEnvironment !== undefined) return { ...settings, publicUrl: fromEnvironment };
  file.report(
    source.key,
    `needs \`public_url\` (or the variable PUBLIC_URL): ${provider.name} signs the address it calls`,
  );
  return settings;
}

function readEntry(file: YamlFile, { value }: Entry, setting: ProviderSetting): string | undefined {
  if (isList(setting)) {
    const texts = file.texts(value).map(({ text }) => text.trim());
    return texts.length === 0 ? undefined : texts.join("\n");
  }
  const scalar = file.scalar(value);
  return typeof scalar === "boolean" ? String(scalar) : file.text(value)?.trim();
}

function reportLacking(
  file: YamlFile,
  entries: ReadonlyMap<string, Entry>,
  provider: Provider,
  settings: ProviderSettings,
): void {
  const lacking = lackingTogether(provider, settings);
  const missing = lacking && entries.get(keyOf(lacking.missing));
  const given = lacking && entries.get(keyOf(lacking.given));
  // What is there and cannot be read was told of already.
  if (lacking && given && !missing) {
    file.report(given.key, `is of no use without \`${keyOf(lacking.missing)}\``);
  }
}

/** Of settings that only mean something together: one that is there, and one that is not. */
function lackingTogether(
  { attestation, announcement }: Provider,
  settings: ProviderSettings,
): { given: ProviderSetting; missing: ProviderSetting } | undefined {
  for (const needs of [attestation?.needs, announcement?.needs]) {
    const given = needs?.find((setting) => settings[setting] !== undefined);
    const missing = needs?.find((setting) => settings[setting] === undefined);
    if (given !== undefined && missing !== undefined) return { given, missing };
  }
  return undefined;
}

/** What is on, but not able to do all it could; undefined when nothing is missing. */
export function lackOf(provider: Provider, settings: ProviderSettings): string | undefined {
  const lacks = (setting: ProviderSetting) =>
    provider.settings?.includes(setting) === true && settings[setting] === undefined;
  const lack = [
    lacks("accessToken") ? "without an access token its events are recorded, but not completed" : undefined,
    lacks("verifyToken") ? "without a verify token its subscription cannot be confirmed" : undefined,
  ].filter((text) => text !== undefined);
  return lack.length === 0 ? undefined : lack.join(", and ");
}

function lacksPublicUrl(provider: Provider, settings: ProviderSettings): boolean {
  return provider.settings?.includes("publicUrl") === true && settings.publicUrl === undefined;
}

function isList(setting: ProviderSetting): boolean {
  return aboutProviderSettings[setting].kind === "list";
}

/** Undefined for a text that the setting cannot be. */
function readValue(setting: ProviderSetting, text: string): string | undefined {
  switch (aboutProviderSettings[setting].kind) {
    case "address":
      return readAddress(text);
    case "flag":
      return text === "true" || text === "false" ? text : undefined;
    case "list":
    case "text":
      return text;
  }
}

function expected(setting: ProviderSetting): string {
  switch (aboutProviderSettings[setting].kind) {
    case "address":
      return "must be an http or https address without a query, as in https://hooks.example.com";
    case "flag":
      return "must be true or false";
    case "list":
    case "text":
      return "must be a text";
  }
}

/** Without the slashes at its end, so that a path can follow. */
function readAddress(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#\s]+[^?#\s]*$/i.test(text) || !URL.canParse(text)) return undefined;
  return text.replace(/\/+$/, "");
}

import type { Provider, ProviderSetting } from "../providers/provider.ts";
import { readSecret, type Environment } from "../config/secret-file.ts";
import type { Entry, YamlFile } from "./yaml-file.ts";

/** What a source is configured with beside its secrets or keys. */
export type ProviderSettings = Readonly<Partial<Record<ProviderSetting, string>>>;

interface About {
  /** In a sources file. */
  readonly key: string;
  readonly description: string;
  readonly secret: boolean;
  readonly example?: string;
}

export const aboutProviderSettings = {
  publicUrl: {
    key: "public_url",
    description: "where senders reach the relay from outside, for those that sign the address they call",
    secret: false,
    example: "https://hooks.example.com",
  },
  verifyToken: {
    key: "verify_token",
    description: "the word with which the subscription is confirmed",
    secret: true,
  },
  accessToken: {
    key: "access_token",
    description: "the token with which the fields are fetched that an event only points at",
    secret: true,
  },
  apiUrl: {
    key: "api_url",
    description: "where the sender's API is, when not at its documented place",
    secret: false,
    example: "https://graph.facebook.com/v23.0",
  },
} as const satisfies Record<ProviderSetting, About>;

const all: readonly ProviderSetting[] = ["publicUrl", "verifyToken", "accessToken", "apiUrl"];
const keyOf = (setting: ProviderSetting) => aboutProviderSettings[setting].key;

/** `PUBLIC_URL` for all; otherwise `META_LEAD_ADS_ACCESS_TOKEN` and the like. */
export function settingVariable(provider: Pick<Provider, "name">, setting: ProviderSetting): string {
  if (setting === "publicUrl") return "PUBLIC_URL";
  return `${provider.name.replaceAll("-", "_")}_${keyOf(setting)}`.toUpperCase();
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
    const value = isAddress(setting) ? readAddress(text) : text;
    if (value === undefined) return { ok: false, message: `${variable} ${addressExpected}` };
    settings[setting] = value;
  }
  if (lacksPublicUrl(provider, settings)) {
    return { ok: false, message: `PUBLIC_URL is not set: ${provider.name} signs the address it calls` };
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
    const text = file.text(entry.value)?.trim();
    if (text === undefined) continue;
    const value = isAddress(setting) ? readAddress(text) : text;
    if (value === undefined) file.report(entry.value, addressExpected);
    else settings[setting] = value;
  }
  if (!provider || !lacksPublicUrl(provider, settings) || entries.has(keyOf("publicUrl"))) return settings;
  const fromEnvironment = readAddress(env["PUBLIC_URL"]?.trim() ?? "");
  if (fromEnvironment !== undefined) return { ...settings, publicUrl: fromEnvironment };
  file.report(
    source.key,
    `needs \`public_url\` (or the variable PUBLIC_URL): ${provider.name} signs the address it calls`,
  );
  return settings;
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

const addressExpected = "must be an http or https address without a query, as in https://hooks.example.com";

function isAddress(setting: ProviderSetting): boolean {
  return setting === "publicUrl" || setting === "apiUrl";
}

/** Without the slashes at its end, so that a path can follow. */
function readAddress(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#\s]+[^?#\s]*$/i.test(text) || !URL.canParse(text)) return undefined;
  return text.replace(/\/+$/, "");
}

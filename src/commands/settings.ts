import { readFile } from "node:fs/promises";
import { aboutSetting, givenSetting, type Environment } from "../config.ts";
import { lookAlikes } from "../config/look-alikes.ts";
import { readSecret } from "../config/secret-file.ts";
import { settingNames } from "../config/settings.ts";
import { providers } from "../providers/registry.ts";
import { variablesIn } from "../sources/interpolate.ts";
import { providerVariables } from "../sources/provider-variables.ts";
import type { Io } from "./io.ts";

/** A setting as it counts, and where it came from. */
export interface SettingInForce {
  readonly name: string;
  /** Masked where it is a secret; null where there is none. */
  readonly value: string | null;
  /** `environment`, `.env`, `default`, `not set`, or the file that `<name>_FILE` names. */
  readonly from: string;
  readonly isSecret: boolean;
}

/** Every setting of the process, and those of providers that are given. */
export function settingsInForce({ env, dotEnv }: Pick<Io, "env" | "dotEnv">): readonly SettingInForce[] {
  const origin = (name: string, file?: string) =>
    file ?? (dotEnv?.has(name) === true ? ".env" : "environment");
  const own = settingNames.map((key): SettingInForce => {
    const { name, variable } = givenSetting(env, key);
    const { secret: isSecret = false, secretPath = false, default: usual } = aboutSetting(key);
    if (variable.kind === "text") {
      const text = variable.text.trim();
      const shown = secretPath ? hostsOf(text) : isSecret ? masked(text) : text;
      return { name, value: shown, from: origin(name, variable.file), isSecret };
    }
    if (variable.kind === "problem") return { name, value: null, from: variable.message, isSecret };
    return { name, value: usual ?? null, from: usual === undefined ? "not set" : "default", isSecret };
  });
  const ofProviders = providerVariables(providers).flatMap(({ name, secret: isSecret }): SettingInForce[] => {
    const variable = readSecret(env, name);
    if (variable.kind === "none") return [];
    if (variable.kind === "problem") return [{ name, value: null, from: variable.message, isSecret }];
    if (variable.text.trim() === "") return [];
    const value = isSecret ? masked(variable.text) : variable.text;
    return [{ name, value, from: origin(name, variable.file), isSecret }];
  });
  return [...own, ...ofProviders];
}

/** Of an address only the password is hidden: host and database are what one looks for. */
function masked(secret: string): string {
  const address = /^([a-z+]+:\/\/)(?:([^@/]*?)(?::[^@/]*)?@)?([^?#]*)/i.exec(secret);
  if (!address) return `*** (${secret.length} characters)`;
  const [, scheme = "", user, rest = ""] = address;
  // A password with what should have been percent-encoded is not told apart from the rest.
  if (rest.includes("@")) return `${scheme}***`;
  return `${scheme}${user === undefined ? "" : `${user}:***@`}${rest}`;
}

/** Of addresses whose paths are secrets. */
function hostsOf(text: string): string {
  const host = (one: string) => (URL.canParse(one) ? `${new URL(one).origin}/***` : "***");
  return text
    .split(",")
    .map((one) => host(one.trim()))
    .join(",");
}

/** Variables that look like settings and are none, one line each. */
export async function strayVariables(env: Environment): Promise<readonly string[]> {
  const own = settingNames.map((name) => ({ name, secret: aboutSetting(name).secret === true }));
  const inFile = await namedInSourcesFile(env["SOURCES_FILE"]);
  return lookAlikes(env, [...own, ...providerVariables(providers), ...inFile]);
}

/** Whatever a sources file fills in, it may be given as a file. */
async function namedInSourcesFile(path: string | undefined) {
  if (path === undefined || path.trim() === "") return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return variablesIn(text).map((name) => ({ name, secret: true }));
}

/** What to set so that there is a source. */
export const sourcesAdvice = `set a secret or key of a provider, such as ${["shopify", "stripe", "form"]
  .map((name) => providerVariables(providers).find(({ turnsOn }) => turnsOn === name)?.name ?? name)
  .join(", ")}, or SOURCES_FILE`;

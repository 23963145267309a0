import type { Provider } from "../providers/provider.ts";
import { providerSource, readBuiltIns } from "./builtin.ts";
import { defaultDestination, type Destination } from "./destinations.ts";
import { createSource } from "./create-source.ts";
import { lackOf } from "./provider-settings.ts";
import type { Environment } from "../config/secret-file.ts";
import type { Source } from "./source.ts";
import { readSourcesFile } from "./sources-file.ts";

export { secretVariable } from "./builtin.ts";
export { settingVariable } from "./provider-settings.ts";

/** `notes` tell what is on and what is off, and why; `problems` each name their place. Neither shows a secret. */
export type SourcesResult =
  | {
      ok: true;
      sources: readonly Source[];
      /** Workspaces beside the one of the settings. */
      destinations: readonly Destination[];
      notes: readonly string[];
      /** The file that they are from. */
      text?: string;
    }
  | { ok: false; problems: readonly string[] };

/** Without a file: every provider whose variable is set, under its own name. */
export function builtInSources(env: Environment, providers: readonly Provider[]): SourcesResult {
  const { sources, notes, problems } = readBuiltIns(env, providers);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, sources, destinations: [], notes };
}

/**
 * Reads a sources file, all its mistakes at once.
 *
 * @param text YAML
 * @param fileName only names places in messages: `sources.yaml:12:5 sources.shop.key: …`
 */
export function sourcesFromYaml(
  text: string,
  fileName: string,
  env: Environment,
  providers: readonly Provider[],
): SourcesResult {
  const read = readSourcesFile(text, fileName, env, providers);
  if (!read.ok) return read;
  const notes = read.sources.map(({ name, provider, settings, destination }) => {
    const lack = lackOf(provider, settings);
    const but = lack === undefined ? "" : `, but ${lack}`;
    const where = destination === defaultDestination ? "" : `, for ${destination}`;
    return `${name} is on at /webhooks/${name}: ${provider.name}${where}${but}`;
  });
  const { destinations } = read;
  return { ok: true, sources: read.sources.map(createSource), destinations, notes, text };
}

/** A provider with its own mapping and no credentials, to try payloads on. */
export function previewSource(provider: Provider): Source {
  return providerSource(provider, undefined);
}

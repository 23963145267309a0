import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { readConfig, type Config, type ConfigResult, type Environment } from "../config.ts";
import { providers } from "../providers/registry.ts";
import { missingClients } from "./brokers.ts";
import { missingBoard } from "./queue-board.ts";
import { needsOwnToken } from "./workspaces.ts";
import { builtInSources, sourcesFromYaml, type SourcesResult } from "../sources/load.ts";

/** The sources of `SOURCES_FILE`, or the built-in ones whose variables are set. */
export async function loadSources(
  sourcesFile: Config["sourcesFile"],
  env: Environment,
): Promise<SourcesResult> {
  if (sourcesFile === undefined || sourcesFile.trim() === "") return builtInSources(env, providers);
  let text: string;
  try {
    text = await readFile(sourcesFile, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [`SOURCES_FILE cannot be read: ${why}`] };
  }
  const read = sourcesFromYaml(text, sourcesFile, env, providers);
  const problems = read.ok ? missingClients(read.sources) : [];
  return problems.length > 0 ? { ok: false, problems } : read;
}

/** Settings and sources, read together: without a workspace of their own the settings need no token. */
export async function readAll(
  env: Environment,
): Promise<{ readonly read: ConfigResult; readonly sources: SourcesResult }> {
  const sources = await loadSources(env["SOURCES_FILE"]?.trim(), env);
  const isNeeded = !sources.ok || needsOwnToken(sources.sources, sources.destinations);
  const read = readConfig(env, { needsToken: isNeeded });
  const problems = missingBoard(read.ok && read.config.consoleQueues);
  return { read: problems.length > 0 ? { ok: false, problems } : read, sources };
}

type Loaded = Extract<SourcesResult, { ok: true }>;

/**
 * What a running relay can take in place of `before`: a workspace needs a store and workers of its own, which it does not
 * get any more. `hasOwn`: it has the one of the settings.
 */
export function takeable(before: Loaded, now: SourcesResult, hasOwn: boolean): SourcesResult {
  if (!now.ok) return now;
  if (!isDeepStrictEqual(before.destinations, now.destinations)) {
    return { ok: false, problems: ["`destinations` have changed: that takes a restart"] };
  }
  if (hasOwn || !needsOwnToken(now.sources, now.destinations)) return now;
  const problem =
    "a source without `destination` is new: its workspace, that of AELYST_API_TOKEN, takes a restart";
  return { ok: false, problems: [problem] };
}

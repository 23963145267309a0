import { readFile } from "node:fs/promises";
import type { Config, Environment } from "../config.ts";
import { providers } from "../providers/registry.ts";
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
  return sourcesFromYaml(text, sourcesFile, env, providers);
}

import { previewPayload } from "../intake/preview.ts";
import { providers } from "../providers/registry.ts";
import { previewSource } from "../sources/load.ts";
import { printJson, printProblems, type ExitCode, type Io } from "./io.ts";
import { readHeaders, readPayload } from "./payload.ts";
import { loadSources } from "./sources.ts";

export interface MapCommand {
  readonly source: string;
  readonly type: string | undefined;
  /** `Name: value` each. */
  readonly headers: readonly string[];
  /** Whether what a map may name is printed, too. */
  readonly paths: boolean;
  readonly file: string;
}

/** Dry run: prints the updates a payload would produce, or why none. Nothing is stored or sent. */
export async function map(options: MapCommand, io: Io): Promise<ExitCode> {
  const found = await findSource(options.source, io);
  if (!found.ok) {
    printProblems(io, `cannot map with source "${options.source}":`, found.problems);
    return 1;
  }
  const body = await readPayload(options.file);
  if (!body.ok) {
    printProblems(io, "cannot read the payload:", [body.message]);
    return 1;
  }
  const headers = readHeaders(options.headers);
  if (!headers.ok) {
    printProblems(io, "bad --header:", [headers.message]);
    return 2;
  }
  const preview = await previewPayload(found.source, body.value, headers.value, options.type, Date.now());
  const { paths, ...shown } = preview;
  printJson(io, options.paths ? { ...shown, paths } : shown);
  return preview.updates.length > 0 ? 0 : 1;
}

/** A configured source, or, so that mapping can be tried before any is configured, a provider by its name. */
async function findSource(name: string, io: Io) {
  const loaded = await loadSources(io.env["SOURCES_FILE"], io.env);
  if (!loaded.ok) return loaded;
  const configured = loaded.sources.find((source) => source.name === name);
  if (configured) return { ok: true as const, source: configured };
  const provider = providers.find((known) => known.name === name);
  if (provider) return { ok: true as const, source: previewSource(provider) };
  const names = [...new Set([...loaded.sources, ...providers].map((known) => known.name))];
  return { ok: false as const, problems: [`no such source; there are: ${names.join(", ")}`] };
}

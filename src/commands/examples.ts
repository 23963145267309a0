import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { mapParsedEvent, parsePayload } from "../intake/preview.ts";
import { differences } from "../sources/compare-example.ts";
import type { Example } from "../sources/examples.ts";
import type { Foretold, Source } from "../sources/source.ts";

/** What became of one example: nothing to say, or how it differs from what was expected. */
export interface ExampleResult {
  readonly source: string;
  readonly name: string;
  readonly differences: readonly string[];
}

/**
 * Runs the examples of all sources as far as mapping goes; nothing is stored or sent.
 *
 * @param sourcesFile the file that names them: their own files are found from its folder
 */
export async function runExamples(
  sources: readonly Source[],
  sourcesFile: string,
  now: number,
): Promise<ExampleResult[]> {
  const results: ExampleResult[] = [];
  for (const source of sources) {
    for (const example of source.examples) {
      const found = await runExample(source, example, dirname(sourcesFile), now);
      results.push({ source: source.name, name: example.name, differences: found });
    }
  }
  return results;
}

async function runExample(source: Source, example: Example, folder: string, now: number): Promise<string[]> {
  const made = await mapExample(source, example, folder, now);
  return made.ok ? differences(example.expect, made.mapped) : [made.message];
}

type MadeOfExample = { ok: true; mapped: Foretold } | { ok: false; message: string };

/** What a source makes of an example, whatever was expected. */
export async function mapExample(
  source: Source,
  example: Example,
  folder: string,
  now: number,
): Promise<MadeOfExample> {
  const { payload, headers, type } = example;
  let body: Buffer;
  try {
    body = "text" in payload ? Buffer.from(payload.text) : await readFile(resolve(folder, payload.file));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `its file cannot be read: ${why}` };
  }
  const parsed = parsePayload(source, body, headers, type, now);
  if (parsed.kind === "ignored") {
    const report = { fields: [], unusedAnswers: [] };
    return { ok: true, mapped: { ...parsed, warnings: [], report } };
  }
  if (parsed.kind !== "events")
    return { ok: false, message: `the payload is ${parsed.kind}: ${parsed.message}` };
  const [event, ...others] = parsed.events;
  if (!event || others.length > 0) {
    const message = `the payload holds ${parsed.events.length} events; an example has exactly one`;
    return { ok: false, message };
  }
  return { ok: true, mapped: await mapParsedEvent(source, event, "evt_example", now) };
}

import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createFieldReader, type FieldsRead } from "../aelyst/custom-fields.ts";
import type { Config } from "../config.ts";
import { customField, type FieldName } from "../contact/contact-patch.ts";
import type { WorkspaceFields } from "../contact/workspace-field.ts";
import { mapParsedEvent, parsePayload } from "../intake/preview.ts";
import { createConnections } from "../outbound/connections.ts";
import { compareField, type SeenValue } from "../sources/compare-fields.ts";
import { defaultDestination } from "../sources/destinations.ts";
import type { Foretold, Source } from "../sources/source.ts";
import { mapExample } from "./examples.ts";
import type { Workspace } from "./workspaces.ts";

/** What is told of one field of one source, or of a workspace as a whole. */
export interface WorkspaceFinding {
  readonly what: string;
  readonly ok: boolean;
  readonly message: string;
  readonly source?: string;
  readonly field?: string;
}

const betweenPagesMs = 500;
const limitedMs = 1_000;
/** Nobody waits longer for an answer of `check`. */
const limitedMaxMs = 60_000;

/** Reads the custom fields of each workspace and compares them with the maps of its sources. Nothing is written. */
export async function compareWorkspaces(
  config: Config,
  workspaces: readonly Workspace[],
  sources: readonly Source[],
  now: number,
): Promise<WorkspaceFinding[]> {
  const findings: WorkspaceFinding[] = [];
  for (const workspace of workspaces) {
    const own = sources.filter(({ destination, customFields = [] }) => {
      return destination === workspace.name && customFields.length > 0;
    });
    const what = workspace.name === defaultDestination ? "fields" : `fields of ${workspace.name}`;
    if (own.length === 0) {
      findings.push({ what, ok: true, message: "no source maps a custom field" });
      continue;
    }
    const read = await readFields(config, workspace);
    findings.push({ what, ...aboutReading(read) });
    if (read.kind !== "read") continue;
    for (const source of own) {
      const mends = workspace.api.fields === "check";
      findings.push(...(await compareSource(source, read.fields, mends, config.sourcesFile ?? "", now)));
    }
  }
  return findings;
}

/** As the relay would ask, by the same connections, but without its pacer: slowly, and one Retry-After is waited out. */
async function readFields(config: Config, { api }: Workspace): Promise<FieldsRead> {
  const connections = createConnections(config.proxies);
  let asked = 0;
  let tooLongMs: number | undefined;
  try {
    const read = await createFieldReader(api, connections)(
      {
        async pass() {
          if (tooLongMs !== undefined) return false;
          asked += 1;
          if (asked > 1) await wait(betweenPagesMs);
          return true;
        },
        async limited(hintMs = limitedMs) {
          if (hintMs > limitedMaxMs) tooLongMs = hintMs;
          else await wait(hintMs);
        },
      },
      new AbortController().signal,
    );
    if (tooLongMs === undefined) return read;
    const message = `the API asks to come again in ${Math.ceil(tooLongMs / 1_000)} s`;
    return { kind: "unavailable", message };
  } finally {
    await connections.destroy();
  }
}

function aboutReading(read: FieldsRead): Pick<WorkspaceFinding, "ok" | "message"> {
  switch (read.kind) {
    case "read": {
      const { all, complete } = read.fields;
      const count = all.length === 1 ? "1 custom field" : `${all.length} custom fields`;
      return complete
        ? { ok: true, message: `the workspace has ${count}` }
        : { ok: true, message: `WARNING ${count} could be read, which are not all` };
    }
    case "forbidden":
      return {
        ok: true,
        message:
          `WARNING the token may not read the workspace's custom fields (${read.message}), so nothing is compared: ` +
          "let it read GET /space/custom_field, or go on without; contacts are delivered as ever",
      };
    case "unavailable":
      return { ok: false, message: `the workspace's custom fields cannot be read: ${read.message}` };
  }
}

async function compareSource(
  source: Source,
  fields: WorkspaceFields,
  mends: boolean,
  sourcesFile: string,
  now: number,
): Promise<WorkspaceFinding[]> {
  const rules = source.customFields ?? [];
  const what = `map of ${source.name}`;
  const seen = await seenValues(source, dirname(sourcesFile), now);
  const findings = rules.flatMap((rule): WorkspaceFinding[] => {
    const notes = compareField(rule, fields, seen.get(customField(rule.name)) ?? [], mends);
    return notes.map(({ level, message }) => ({
      what,
      ok: level === "warning",
      message: `${level === "warning" ? "WARNING " : ""}"${rule.name}": ${message}`,
      source: source.name,
      field: rule.name,
    }));
  });
  const told = new Set(findings.map(({ field }) => field));
  const fine = rules.flatMap(({ name }) => (told.has(name) ? [] : [name]));
  if (fine.length === 0) return findings;
  return [
    { what, ok: true, message: `as the workspace has it: ${fine.join(", ")}`, source: source.name },
    ...findings,
  ];
}

type Seen = ReadonlyMap<FieldName, readonly SeenValue[]>;

/** What the source makes of its own examples, and of its provider's samples. */
async function seenValues(source: Source, folder: string, now: number): Promise<Seen> {
  const seen = new Map<FieldName, SeenValue[]>();
  function add(mapped: Foretold, from: string, level: SeenValue["level"]): void {
    if (mapped.kind !== "update") return;
    for (const { name } of source.customFields ?? []) {
      const field = customField(name);
      const value = mapped.patch[field];
      if (value !== undefined) seen.set(field, [...(seen.get(field) ?? []), { value, from, level }]);
    }
  }
  for (const example of source.examples) {
    const made = await mapExample(source, example, folder, now);
    if (made.ok) add(made.mapped, `the example "${example.name}"`, "problem");
  }
  for (const sample of source.provider.samples) {
    const parsed = parsePayload(source, Buffer.from(sample.body), sample.headers, undefined, now);
    if (parsed.kind !== "events") continue;
    for (const event of parsed.events) {
      add(await mapParsedEvent(source, event, "evt_sample", now), `the sample ${sample.name}`, "warning");
    }
  }
  return seen;
}

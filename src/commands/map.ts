import { contactBody } from "../contact/contact-patch.ts";
import { effectiveTime, makeStamp } from "../contact/stamp.ts";
import { providers } from "../providers/registry.ts";
import { previewSource } from "../sources/load.ts";
import type { Source } from "../sources/source.ts";
import { printJson, printProblems, type ExitCode, type Io } from "./io.ts";
import { readHeaders, readPayload } from "./payload.ts";
import { loadSources } from "./sources.ts";

export interface MapCommand {
  readonly source: string;
  readonly type: string | undefined;
  /** `Name: value` each. */
  readonly headers: readonly string[];
  readonly file: string;
}

/** What one event of the payload would do. */
interface Preview {
  readonly type: string;
  readonly outcome: string;
  readonly [detail: string]: unknown;
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
  printJson(io, preview);
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

/** Reads a payload as its source would, without asking for a signature. */
export async function previewPayload(
  source: Source,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  type: string | undefined,
  now: number,
): Promise<{ source: string; provider: string; updates: unknown[]; events: Preview[] }> {
  const { provider } = source;
  const named = type === undefined ? {} : provider.typeHeaders?.(type);
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", ...named, ...headers },
    query: {},
    target: `/webhooks/${source.name}`,
    body,
    receivedAt: now,
  };
  const parsed = provider.parse(request);
  const head = { source: source.name, provider: provider.name };
  if (parsed.kind !== "events") {
    const reason = parsed.kind === "ignored" ? parsed.reason : parsed.message;
    return { ...head, updates: [], events: [{ type: type ?? "unknown", outcome: parsed.kind, reason }] };
  }
  const updates: unknown[] = [];
  const events: Preview[] = [];
  for (const [index, event] of parsed.events.entries()) {
    const about = { type: event.type };
    if (event.mandatory !== true && !source.selects(event.type)) {
      events.push({ ...about, outcome: "ignored", reason: "event-not-selected" });
      continue;
    }
    const id = `evt_preview${index}`;
    const occurredAt = effectiveTime(event.occurredAt, now);
    const mapped = await source.map({
      id,
      source: source.name,
      provider: provider.name,
      identity: id,
      type: event.type,
      attributes: event.attributes,
      occurredAt,
      receivedAt: now,
      replay: 0,
      payload: event.payload,
    });
    switch (mapped.kind) {
      case "update": {
        const stamp = makeStamp({ occurredAt, receivedAt: now, id, replay: 0 });
        const { contact, warnings } = mapped;
        updates.push({ contact, patch: contactBody(mapped.patch), stamp, warnings });
        events.push({ ...about, outcome: "mapped", occurredAt: new Date(occurredAt).toISOString() });
        break;
      }
      case "ignored":
        events.push({ ...about, outcome: "ignored", reason: mapped.reason, warnings: mapped.warnings });
        break;
      case "erase":
        events.push({ ...about, outcome: "erase", contacts: mapped.contacts });
        break;
      case "failed":
        events.push({ ...about, outcome: "failed", reason: mapped.message });
    }
  }
  return { ...head, updates, events };
}

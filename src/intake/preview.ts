import { contactBody } from "../contact/contact-patch.ts";
import { unreadableBecause } from "../contact/unreadable.ts";
import type { RelayEvent } from "../contact/event.ts";
import { effectiveTime, makeStamp } from "../contact/stamp.ts";
import type { Parsed, ProviderEvent } from "../providers/provider.ts";
import type { Foretold, Source } from "../sources/source.ts";

/** What one event of a payload would do. */
export interface PreviewedEvent {
  readonly type: string;
  readonly outcome: string;
  readonly [detail: string]: unknown;
}

export interface Preview {
  readonly source: string;
  readonly provider: string;
  readonly updates: readonly unknown[];
  readonly events: readonly PreviewedEvent[];
  /** What a map of the source may name, as the first event has it: each value by the expression that finds it. */
  readonly paths: readonly string[];
}

/**
 * Reads a payload as its source would, without asking for a signature: the updates it would produce, or why none, and
 * for every field where its value came from. Nothing is stored or sent.
 *
 * @param type the event's type, for providers that send it in a header
 */
export async function previewPayload(
  source: Source,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  type: string | undefined,
  now: number,
): Promise<Preview> {
  const { provider } = source;
  const parsed = parsePayload(source, body, headers, type, now);
  const head = { source: source.name, provider: provider.name };
  if (parsed.kind !== "events") {
    const reason = parsed.kind === "ignored" ? parsed.reason : parsed.message;
    return {
      ...head,
      updates: [],
      events: [{ type: type ?? "unknown", outcome: parsed.kind, reason }],
      paths: [],
    };
  }
  const updates: unknown[] = [];
  const events: PreviewedEvent[] = [];
  for (const [index, event] of parsed.events.entries()) {
    const { update, ...previewed } = await previewEvent(source, event, index, now);
    if (update !== undefined) updates.push(update);
    events.push(previewed);
  }
  const [first] = parsed.events;
  return { ...head, updates, events, paths: (first && source.paths?.(first)) ?? [] };
}

/** Reads a body as its source would read a request that brings it. */
export function parsePayload(
  { name, provider }: Pick<Source, "name" | "provider">,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  type: string | undefined,
  now: number,
): Parsed {
  const named = type === undefined ? {} : provider.typeHeaders?.(type);
  return provider.parse({
    method: "POST",
    headers: { "content-type": "application/json", ...named, ...headers },
    query: {},
    target: `/webhooks/${name}`,
    body,
    receivedAt: now,
  });
}

/** What a recorded event would become now. It was selected and completed when it came. */
export async function previewRecorded(source: Source, event: RelayEvent): Promise<Preview> {
  const { update, ...previewed } = describe(event, await source.map(event));
  return {
    source: source.name,
    provider: source.provider.name,
    updates: update === undefined ? [] : [update],
    events: [previewed],
    paths: source.paths?.(event) ?? [],
  };
}

async function previewEvent(source: Source, event: ProviderEvent, index: number, now: number) {
  const id = `evt_preview${index}`;
  const times = { occurredAt: effectiveTime(event.occurredAt, now), receivedAt: now, replay: 0 };
  return describe({ id, type: event.type, ...times }, await mapParsedEvent(source, event, id, now));
}

type Described = Pick<RelayEvent, "id" | "type" | "occurredAt" | "receivedAt" | "replay">;

function describe(event: Described, mapped: Foretold): PreviewedEvent & { update?: unknown } {
  const { type, occurredAt } = event;
  switch (mapped.kind) {
    case "update": {
      const { contact, patch, warnings, report } = mapped;
      const update = { contact, patch: contactBody(patch), stamp: makeStamp(event), warnings };
      return {
        type,
        outcome: "mapped",
        occurredAt: new Date(occurredAt).toISOString(),
        mapping: report,
        update,
      };
    }
    case "ignored": {
      const { reason, warnings, report } = mapped;
      return { type, outcome: "ignored", reason, warnings, mapping: report };
    }
    case "erase": {
      const { contacts, unreadable } = mapped;
      return { type, outcome: "erase", contacts, ...(unreadable.length === 0 ? {} : { unreadable }) };
    }
    case "unreadable": {
      const { message, warnings, report } = mapped;
      return { type, outcome: "failed", reason: "unreadable-identifier", message, warnings, mapping: report };
    }
    case "failed":
    case "later":
      return { type, outcome: mapped.kind, reason: mapped.message };
  }
}

/** What the source makes of an event that was read just now, without keeping it or asking anybody. */
export async function mapParsedEvent(
  source: Source,
  event: ProviderEvent,
  id: string,
  now: number,
): Promise<Foretold> {
  const { type, attributes, payload } = event;
  if (event.mandatory !== true && !source.selects(type)) {
    const report = { fields: [], unusedAnswers: [] };
    return { kind: "ignored", reason: "event-not-selected", warnings: [], report };
  }
  const unreadable = attributes[unreadableBecause];
  if (unreadable !== undefined) return { kind: "failed", message: unreadable };
  if (await isThin(source, event)) return { kind: "later", message: fetchedLater };
  return await source.map({
    id,
    source: source.name,
    provider: source.provider.name,
    identity: id,
    type,
    attributes,
    payload,
    occurredAt: effectiveTime(event.occurredAt, now),
    receivedAt: now,
    replay: 0,
  });
}

const fetchedLater =
  "the notification only says that there is something: its fields are fetched from the sender's API when it is delivered";

/** Whether delivering it would ask the sender's API: its provider is asked, and its question is not. */
async function isThin({ completion, provider }: Source, event: ProviderEvent): Promise<boolean> {
  if (!completion || !provider.complete) return false;
  let asks = 0;
  await provider.complete(event, {
    ...completion,
    async get() {
      asks += 1;
      return { kind: "unreachable", message: "a preview asks nobody" };
    },
  });
  return asks > 0;
}

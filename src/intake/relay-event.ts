import type { RelayEvent } from "../contact/event.ts";
import { keptPriority } from "../contact/priority.ts";
import { effectiveTime } from "../contact/stamp.ts";
import { withTrace, type TraceContext } from "../contact/trace-context.ts";
import type { ProviderEvent } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";

/** What is kept of one event of a source. */
export function relayEvent(
  source: Source,
  receivedAt: number,
  event: ProviderEvent,
  identity: string,
  id: string,
  trace?: TraceContext,
): RelayEvent {
  return {
    id,
    source: source.name,
    provider: source.provider.name,
    identity,
    type: storableText(event.type) || "unknown",
    attributes: withTrace(storableTexts(event.attributes), trace),
    occurredAt: effectiveTime(event.occurredAt, receivedAt),
    receivedAt,
    replay: 0,
    payload: event.payload,
    ...keptPriority(source.priority),
  };
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; both can come in by a header. */
function storableText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "").toWellFormed() : text.toWellFormed();
}

function storableTexts(texts: Readonly<Record<string, string>>): Record<string, string> {
  const storable: [string, string][] = [];
  for (const name of Object.keys(texts)) {
    storable.push([storableText(name), storableText(texts[name] ?? "")]);
  }
  return Object.fromEntries(storable);
}

import { parseJson } from "../body.ts";
import type { MappableEvent, ProviderMapping } from "../provider.ts";

/** Every sender has its own payload: the source's `map` says what is in it. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  if (!read.ok) return { kind: "nothing", reason: "unreadable-payload", root: null };
  return { kind: "contact", root: read.value, candidates: {} };
}

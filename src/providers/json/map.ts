import { isObject, namedLikeOurs, parseJson } from "../body.ts";
import type { MappableEvent, ProviderMapping } from "../provider.ts";

/** Takes the members that are named exactly like ours. The mapping root is the whole message. */
export function map(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok || !isObject(payload.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  return { kind: "contact", root: payload.value, candidates: namedLikeOurs(payload.value) };
}

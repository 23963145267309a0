import { isObject, parseJson } from "../body.ts";
import { own, sameNamed } from "../cloud-event.ts";
import type { MappableEvent, ProviderMapping } from "../provider.ts";

/** Takes the members of `data` that are named exactly like ours. The mapping root is `data`. */
export function map(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok || !isObject(payload.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const root = own(payload.value, "data") ?? null;
  return { kind: "contact", root, candidates: sameNamed(root) };
}

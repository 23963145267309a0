import { parseJson } from "../body.ts";
import type { JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { referencesOf } from "./contact.ts";

/** Nothing is ever mapped back: what the workspace tells of its contacts is there already, and partly ours. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  const contacts = referencesOf(root);
  if (contacts.length === 0) return { kind: "nothing", reason: "no-identifier", root };
  return { kind: "exist", root, contacts };
}

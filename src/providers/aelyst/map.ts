import { contactExists } from "../../contact/event.ts";
import { parseJson } from "../body.ts";
import type { JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { referencesOf } from "./contact.ts";

/** Nothing is ever mapped back: what the workspace tells of its contacts is there already, and partly ours. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  return { kind: "nothing", reason: referencesOf(root).length === 0 ? "no-identifier" : contactExists, root };
}

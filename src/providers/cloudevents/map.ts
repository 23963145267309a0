import { coreFields, type CoreField } from "../../contact/contact-patch.ts";
import { candidatesAt, decodeUtf8, isJsonType, isObject, mediaType, parseJson } from "../body.ts";
import type { Candidate, JsonObject, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { own } from "./context.ts";

/** Takes the members of `data` that are named exactly like ours. The mapping root is `data`. */
export function map(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok || !isObject(payload.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const root = dataOf(payload.value);
  const candidates: Partial<Record<CoreField, Candidate[]>> = {};
  for (const field of isObject(root) ? coreFields : []) {
    const found = candidatesAt(root, [field]);
    if (found.length > 0) candidates[field] = found;
  }
  return { kind: "contact", root, candidates };
}

function dataOf(event: JsonObject): JsonValue {
  const data = own(event, "data") ?? null;
  const base64 = own(event, "data_base64");
  if (data !== null || typeof base64 !== "string") return data;
  const contentType = own(event, "datacontenttype");
  const saysJson = typeof contentType === "string" && isJsonType(mediaType({ "content-type": contentType }));
  const json = saysJson ? parseJson(decodeUtf8(Buffer.from(base64, "base64")) ?? "") : undefined;
  return json?.ok ? json.value : base64;
}

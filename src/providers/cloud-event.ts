import { unreadableBecause } from "../contact/unreadable.ts";
import {
  decodeUtf8,
  isJsonType,
  isObject,
  namedLikeOurs,
  mediaType,
  parseJson,
  textAt,
  timeOf,
} from "./body.ts";
import type { Candidates, JsonObject, JsonValue, ProviderEvent } from "./provider.ts";

export type Checked = { ok: true; event: ProviderEvent } | { ok: false; message: string };

/**
 * Checks one event in the JSON format (CloudEvents 1.0) and names it.
 * @param payload its JSON text, kept as it is
 */
export function checkEvent(event: JsonObject, payload: string): Checked {
  const [version, id, source, type] = ["specversion", "id", "source", "type"].map((name) =>
    textAt(event, name),
  );
  if (version === undefined) return missing("specversion");
  if (version !== "1.0") return refused('"specversion" is not 1.0.');
  if (id === undefined) return missing("id");
  if (source === undefined) return missing("source");
  if (type === undefined) return missing("type");
  const time = own(event, "time");
  const occurredAt = time === null ? undefined : timeOf(time);
  if (time !== undefined && time !== null && occurredAt === undefined) {
    return refused('"time" is not an RFC 3339 time.');
  }
  const problem = dataProblem(event);
  if (problem !== undefined) return refused(problem);
  return {
    ok: true,
    event: {
      id: JSON.stringify([source, id]),
      type,
      occurredAt,
      attributes: attributesOf(event),
      payload,
    },
  };
}

function dataProblem(event: JsonObject): string | undefined {
  const base64 = own(event, "data_base64") ?? null;
  if (base64 === null) return undefined;
  if ((own(event, "data") ?? null) !== null) return '"data" and "data_base64" exclude each other.';
  if (typeof base64 !== "string" || !isBase64(base64)) return '"data_base64" is not base64.';
  return undefined;
}

export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** Everything said around the data, as text. */
function attributesOf(event: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(event).flatMap(([name, value]) =>
      name === "data" ||
      name === "data_base64" ||
      name === unreadableBecause ||
      value === null ||
      typeof value === "object"
        ? []
        : [[name, String(value)]],
    ),
  );
}

export function own(event: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(event, name) ? event[name] : undefined;
}

/** What the event is about: its data, decoded where its type says that it is JSON. */
export function dataOf(event: JsonObject): JsonValue {
  const data = own(event, "data") ?? null;
  const base64 = own(event, "data_base64");
  if (data !== null || typeof base64 !== "string") return data;
  const contentType = own(event, "datacontenttype");
  const saysJson = typeof contentType === "string" && isJsonType(mediaType({ "content-type": contentType }));
  const json = saysJson ? parseJson(decodeUtf8(Buffer.from(base64, "base64")) ?? "") : undefined;
  return json?.ok ? json.value : base64;
}

/** The members that are named exactly like our fields. */
export function sameNamed(root: JsonValue): Candidates {
  return isObject(root) ? namedLikeOurs(root) : {};
}

function missing(name: string): Checked {
  return refused(`"${name}" is missing or not a text.`);
}

function refused(message: string): Checked {
  return { ok: false, message };
}

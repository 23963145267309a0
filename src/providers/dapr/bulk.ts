import { isList, isObject, textAt } from "../body.ts";
import { own } from "../cloud-event.ts";
import type { JsonObject, JsonValue } from "../provider.ts";

export interface BulkEntry {
  readonly entryId: string;
  readonly contentType: string;
  readonly event: JsonValue;
}

/** The entries of a bulk delivery; undefined where it is none. `entryId` is by what each is answered. */
export function bulkEntries(body: JsonObject): readonly BulkEntry[] | undefined {
  const entries = own(body, "entries");
  if (own(body, "specversion") !== undefined || !isList(entries)) return undefined;
  const read = entries.map((entry) => {
    const entryId = textAt(entry, "entryId");
    if (!isObject(entry) || entryId === undefined) return undefined;
    return { entryId, contentType: textAt(entry, "contentType") ?? "", event: own(entry, "event") ?? null };
  });
  return read.every((entry) => entry !== undefined) ? read : undefined;
}

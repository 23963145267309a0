import { patchEntries, type ContactPatch, type FieldName, type FieldValue } from "./contact-patch.ts";
import type { ContactUpdate } from "./event.ts";
import { compareStamps, type Stamp } from "./stamp.ts";

/** The newest value of one field, and where it came from. */
export interface FieldOrigin {
  readonly stamp: Stamp;
  readonly eventId: string;
}

export type Applied = Readonly<Partial<Record<FieldName, FieldOrigin>>>;

export interface Merged {
  /** What is to be sent: for each field its newest waiting value, if newer than what was applied. */
  readonly patch: ContactPatch;
  /** The stamp and event of each field in `patch`. */
  readonly origins: Applied;
}

/** Merges the waiting updates of one contact field by field; the newest stamp wins, whatever their order. */
export function mergeUpdates(updates: readonly ContactUpdate[], applied: Applied): Merged {
  const patch: Partial<Record<FieldName, FieldValue>> = {};
  const origins: Partial<Record<FieldName, FieldOrigin>> = {};
  for (const update of updates) {
    for (const [field, value] of patchEntries(update.patch)) {
      const newest = origins[field] ?? applied[field];
      if (newest && compareStamps(update.stamp, newest.stamp) <= 0) continue;
      patch[field] = value;
      origins[field] = { stamp: update.stamp, eventId: update.eventId };
    }
  }
  return { patch, origins };
}

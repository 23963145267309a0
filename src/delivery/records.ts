import type { ApiResult } from "../aelyst/result.ts";
import { patchEntries, type ContactPatch, type FieldName } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { DeliveryNote, Parked } from "../store/store.ts";

/** An answer that no repetition will change. */
export type Refused = Extract<ApiResult, { kind: "invalid" | "not-found" | "refused" }>;

/** The reason under which what was answered so is parked. */
export function reasonOfRefusal({ kind }: Refused): string {
  return kind === "not-found" ? "contact-not-found" : kind;
}

/** A line of the contact's history for a request that was answered. */
export function deliveredNote(
  at: number,
  outcome: "delivered" | "delivered in part",
  status: number,
  patch: ContactPatch,
  updates: readonly ContactUpdate[],
): DeliveryNote {
  return {
    at,
    outcome,
    status,
    fields: patchEntries(patch).map(([field]) => field),
    eventIds: [...new Set(updates.map((update) => update.eventId))],
  };
}

/** A line of the history of a reference that the API does not know. */
export function notFoundNote(at: number, status: number, updates: readonly ContactUpdate[]): DeliveryNote {
  return {
    at,
    outcome: "not found, tried by the next identifier",
    status,
    fields: [...new Set(fieldsOfAll(updates))],
    eventIds: [...new Set(updates.map((update) => update.eventId))],
  };
}

/** A line of the contact's history for what was set aside. */
export function parkedNote(at: number, parked: readonly Parked[]): DeliveryNote {
  const updates = parked.flatMap((item) => item.updates);
  const status = parked[0]?.status;
  return {
    at,
    outcome: `parked: ${parked[0]?.reason ?? "unknown"}`,
    ...(status === undefined ? {} : { status }),
    fields: [...new Set(parked.flatMap((item) => item.fields ?? fieldsOfAll(item.updates)))],
    eventIds: [...new Set(updates.map((update) => update.eventId))],
  };
}

function fieldsOfAll(updates: readonly ContactUpdate[]): FieldName[] {
  return updates.flatMap((update) => patchEntries(update.patch).map(([field]) => field));
}

/** What is set aside for a person, with the API's own words where there was an answer. */
export function parkedItem(
  updates: readonly ContactUpdate[],
  reason: string,
  at: number,
  attempts: number,
  answer?: Pick<ApiResult, "status"> & { message?: string },
  fields?: readonly FieldName[],
): Parked {
  return {
    reason,
    ...(answer?.status === undefined ? {} : { status: answer.status }),
    ...(answer?.message === undefined ? {} : { message: answer.message }),
    at,
    attempts,
    updates,
    ...(fields === undefined ? {} : { fields }),
  };
}

import type { ApiResult } from "../aelyst/result.ts";
import type { FieldName } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Parked } from "../store/store.ts";

/** An answer that no repetition will change. */
export type Refused = Extract<ApiResult, { kind: "invalid" | "not-found" | "taken" | "refused" }>;

/** The reason under which what was answered so is parked. */
export function reasonOfRefusal({ kind }: Refused): string {
  if (kind === "not-found") return "contact-not-found";
  return kind === "taken" ? "already-connected" : kind;
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

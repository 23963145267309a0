import { createHash } from "node:crypto";
import { patchEntries, type FieldName } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";

/** Some fields of an update as one of their own, to be set aside. What its id says of other addresses stays at the end. */
export function pieceOf(update: ContactUpdate, fields: readonly FieldName[]): ContactUpdate {
  const id = update.id.replace(/(?=>|$)/, `/${shortName(fields)}`);
  return { ...partOf(update, fields), id };
}

/** Whether an update was set aside as a piece before: it waits because somebody had it retried. */
export function isRetriedPiece({ id }: ContactUpdate): boolean {
  return /\/[0-9a-f]{16}(?:>|$)/.test(id);
}

/** Field names are as long as people like; an id is a key, and keys are not. */
function shortName(fields: readonly FieldName[]): string {
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 16);
}

export function partOf(update: ContactUpdate, fields: readonly FieldName[]): ContactUpdate {
  const entries = patchEntries(update.patch).filter(([field]) => fields.includes(field));
  return { ...update, patch: Object.fromEntries(entries) };
}

import { createHash } from "node:crypto";
import type { AuditEntry } from "./audit.ts";
import { readFailure } from "./event-log.ts";
import type { Parked } from "./mailbox-port.ts";
import { storable } from "./storable.ts";

/** What a person has said of a group, or that nobody has. */
export const groupStates = ["open", "acknowledged", "muted"] as const;
export type GroupState = (typeof groupStates)[number];

/** What was last said of a group, by whom and when. Times are milliseconds since the epoch. */
export interface GroupMark {
  readonly state: GroupState;
  readonly by: AuditEntry["who"];
  readonly at: number;
  readonly note?: string;
  /** Of a muted one that is not muted for good: from then on it is open. */
  readonly until?: number;
  /** When something new opened it again after it was acknowledged. */
  readonly reopenedAt?: number;
}

export const groupNoteMax = 200;

export function stateOf(mark: GroupMark | undefined, now: number): GroupState {
  if (mark === undefined || (mark.until !== undefined && mark.until <= now)) return "open";
  return mark.state;
}

/** What makes parked items the same trouble: the reason, the fields, and the words without what is one contact's own. */
interface Trouble {
  readonly reason: string;
  readonly fields?: readonly string[];
  readonly message?: string;
}

export function groupOfEvent(failure: string): string {
  return `e${digest(readFailure(failure))}`;
}

export function groupOfPiece(item: Parked): string {
  return `d${digest({ ...item, fields: fieldsOf(item) })}`;
}

/** Groups hold either events or deliveries, which their key says. */
export function isGroupKey(text: string): boolean {
  return /^[de][0-9a-f]{12}$/.test(text);
}

function digest({ reason, fields = [], message = "" }: Trouble): string {
  const text = JSON.stringify(storable([reason, [...fields].sort(), alike(message)]));
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** A message without what is one contact's own: addresses, numbers, quoted values. */
export function alike(message: string): string {
  return message
    .replaceAll(/"[^"]{1,200}"|“[^”]{1,200}”/g, "“…”")
    .replaceAll(/\[(?:e-mail|phone|masked)\]|[^\s@]{1,64}@[^\s@]{1,255}/g, "…")
    .replaceAll(/\+?\d[\d\s().-]{5,20}\d|\d+/g, "…")
    .slice(0, 300);
}

export function fieldsOf(item: Parked): readonly string[] {
  return item.fields ?? [...new Set(item.updates.flatMap((update) => Object.keys(update.patch)))];
}

/** Stands where a piece was that has been retried or dropped. */
export const taken: Parked = { reason: "taken", at: 0, attempts: 0, updates: [] };

export function isTaken(item: Parked): boolean {
  return item.reason === taken.reason;
}

import { monotonicFactory } from "ulid";

export const auditWho = ["operator", "viewer", "command line", "relay"] as const;
/** What is done by a person, or by the relay because a person has changed its files. */
export const auditActions = [
  "replay",
  "replay-started",
  "replay-stopped",
  "retry",
  "retry-all",
  "drop",
  "acknowledge",
  "mute",
  "open",
  "erase",
  "reload",
  "sign-in",
  "sign-out",
  "personal-data-shown",
] as const;

/** Who did what, and when. Nothing in it names a person: a contact is there by its tag alone. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly who: (typeof auditWho)[number];
  readonly action: (typeof auditActions)[number];
  /** An event, a parked item, a group of them, the tag of a contact. */
  readonly target?: string;
  /** What came of it, in a few words. */
  readonly detail?: string;
}

export interface KeptAuditEntry extends AuditEntry {
  /** Sorts by time. */
  readonly id: string;
}

export interface AuditPage {
  readonly items: readonly KeptAuditEntry[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** The log of what people have done, bounded by its age and its length. */
export interface Audit {
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. `cursor` comes from the page before. */
  list(limit: number, cursor?: string): Promise<AuditPage>;
}

/** What the archive needs beside. */
export interface KeptAudit extends Audit {
  /** Entries that are there already stay. */
  put(entries: readonly KeptAuditEntry[]): Promise<void>;
  /** Those that are there. */
  find(ids: readonly string[]): Promise<readonly KeptAuditEntry[]>;
}

export const auditEntriesMax = 100_000;
export const usualAuditMs = 365 * 86_400_000;

export function isAuditCursor(text: string): boolean {
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(text);
}

/** What is listed of the entries behind a cursor, one more than asked for where there is a next page. */
export function auditPage(entries: readonly KeptAuditEntry[], limit: number): AuditPage {
  const items = entries.slice(0, limit);
  return { items, next: entries.length > limit ? items.at(-1)?.id : undefined };
}

/** Gives an entry the id of its time, rising within a process. */
export function createAuditIds(): (entry: AuditEntry) => KeptAuditEntry {
  const nextId = monotonicFactory();
  return (entry) => ({ id: nextId(entry.at), ...entry });
}

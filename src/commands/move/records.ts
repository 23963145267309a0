import { contactTag } from "../../contact/contact-ref.ts";
import { covers, pageBytesMax, pageRecordsMax } from "../../store/archive.ts";
import type { Archive, ArchivedEvent, ArchiveRecord } from "../../store/archive-port.ts";

/** How much of each kind, by the name that a person reads. */
export type Tally = Record<string, number>;

/** What is counted, in the order in which it is shown. */
export const counted = {
  waiting: "events waiting",
  delayed: "events delayed",
  failed: "events failed",
  completed: "events completed",
  windows: "deduplication windows",
  contacts: "contacts",
  updates: "updates waiting",
  fields: "fields applied",
  notes: "lines of history",
  parked: "parked pieces",
  pace: "pace",
  audit: "entries of the audit log",
  group: "groups acknowledged or muted",
} as const;

export type Progress = (tally: Tally) => void;

export interface Verified {
  readonly source: Tally;
  readonly target: Tally;
  /** Waiting events left out because the target had accepted the same ones itself. */
  readonly duplicates: number;
  /** What the target lacks, the first few of it, without personal data. */
  readonly missing: { readonly count: number; readonly some: readonly string[] };
}

/** Records that are named to a person. */
export const namedMax = 10;

/** Carries everything from one store to the other. False when it was stopped on the way. */
export async function copyRecords(
  from: Archive,
  to: Archive,
  progress: Progress,
  stopped: () => boolean,
): Promise<boolean> {
  const tally: Tally = {};
  for await (const batch of batches(from.export())) {
    if (stopped()) return false;
    await to.import(batch);
    for (const record of batch) count(tally, record);
    progress(tally);
  }
  return !stopped();
}

/** Reads the source again and, for everything in it, what the target holds. Undefined when it was stopped. */
export async function verifyRecords(
  from: Archive,
  to: Archive,
  progress: Progress,
  stopped: () => boolean,
): Promise<Verified | undefined> {
  const [source, target]: [Tally, Tally] = [{}, {}];
  let duplicates = 0;
  let missingCount = 0;
  const some: string[] = [];
  for await (const batch of batches(from.export())) {
    if (stopped()) return undefined;
    const held = await to.find(batch);
    for (const [index, record] of batch.entries()) {
      count(source, record);
      if (covers(held[index], record, Date.now())) count(target, record);
      else if (record.kind === "event" && (await isDuplicate(record, to))) duplicates += 1;
      else {
        missingCount += 1;
        if (some.length < namedMax) some.push(nameOf(record));
      }
    }
    progress(target);
  }
  return { source, target, duplicates, missing: { count: missingCount, some } };
}

/** Whether there is anything to lose. A pace and what people have done are no work by themselves. */
export async function holdsWork(archive: Archive): Promise<boolean> {
  for await (const { kind } of archive.export()) if (!["pace", "audit", "group"].includes(kind)) return true;
  return false;
}

async function isDuplicate(record: ArchivedEvent, to: Archive): Promise<boolean> {
  const { source, identity, id } = record.event;
  if (!record.claimed || record.state === "completed" || record.state === "failed") return false;
  const window = { kind: "window", id: `${source}.${identity}`, eventId: id, expiresAt: 0 } as const;
  const [held] = await to.find([window]);
  return held?.kind === "window" && held.eventId !== id;
}

/** Records of one kind at a time, bounded by their number and their size. */
export async function* batches(records: AsyncIterable<ArchiveRecord>): AsyncGenerator<ArchiveRecord[]> {
  let batch: ArchiveRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    const own = JSON.stringify(record).length;
    const isFull = batch.length >= pageRecordsMax || bytes + own > pageBytesMax;
    if (batch.length > 0 && (isFull || batch[0]?.kind !== record.kind)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += own;
  }
  if (batch.length > 0) yield batch;
}

function count(tally: Tally, record: ArchiveRecord): void {
  const add = (name: string, more: number) => {
    if (more > 0) tally[name] = (tally[name] ?? 0) + more;
  };
  switch (record.kind) {
    case "event":
      return add(counted[record.state], 1);
    case "window":
      return add(counted.windows, 1);
    case "mailbox":
      add(counted.contacts, 1);
      add(counted.updates, record.waiting.length);
      add(counted.fields, Object.keys(record.applied).length);
      return add(counted.notes, record.history.length);
    case "parking":
      return add(counted.parked, record.data.parked?.length ?? 1);
    case "pace":
    case "audit":
    case "group":
      return add(counted[record.kind], 1);
  }
}

export function nameOf(record: ArchiveRecord): string {
  switch (record.kind) {
    case "event":
      return `event ${record.event.id}`;
    case "mailbox":
      return `contact ${contactTag(record.contact)}`;
    case "window":
      return `deduplication window of ${record.eventId}`;
    case "parking":
      return `parked delivery ${record.id}`;
    case "pace":
      return "pace";
    case "audit":
      return `entry ${record.entry.id} of the audit log`;
    case "group":
      return `what was said of group ${record.key}`;
  }
}

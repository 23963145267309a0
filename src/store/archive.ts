import { createHash } from "node:crypto";
import type { ContactUpdate } from "../contact/event.ts";
import { compareStamps } from "../contact/stamp.ts";
import { patchEntries } from "../contact/contact-patch.ts";
import { archivedPace, mergedPace, type ChangePace } from "./pace.ts";
import { storable } from "./storable.ts";
import { readHistory } from "./history.ts";
import { wakeJob } from "./queues.ts";
import { historyMax } from "./retention.ts";
import { wakesFor } from "./wakes.ts";
import type {
  ArchivedEvent,
  ArchivedMailbox,
  ArchivedPace,
  ArchivedParking,
  ArchiveRecord,
} from "./archive-port.ts";
import type { DeliveryNote, WakeJobData } from "./store.ts";

/** Records that are read or written at once, and about how many bytes of them. */
export const pageRecordsMax = 200;
export const pageBytesMax = 4_000_000;

/** A parked wake-up as an engine keeps it, whichever that is. */
export interface KeptJob {
  readonly id: string;
  readonly data: WakeJobData;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly finishedAt?: number | undefined;
  readonly failure?: string | undefined;
}

/** The same as it is to be put into an engine. */
export interface JobToKeep extends KeptJob {
  readonly name: string;
  readonly opts: ReturnType<typeof wakeJob>["opts"];
}

/** A failed wake-up holds no deduplication key: its contact may be woken beside it. */
export function parkingToKeep(record: ArchivedParking): JobToKeep {
  const { name, data, opts } = wakeJob(record.data);
  const { deduplication: _, ...rest } = opts;
  const { id, attempts, acceptedAt, finishedAt, failure } = record;
  return { id, attempts, acceptedAt, finishedAt, failure, name, data, opts: { ...rest, jobId: id } };
}

export function archivedParking(job: KeptJob): ArchivedParking {
  const { data } = job;
  const finishedAt = job.finishedAt ?? job.acceptedAt;
  const { attempts, acceptedAt, failure = "unknown" } = job;
  const id = movedId(job.id, data.contact, finishedAt);
  return { kind: "parking", id, data, failure, attempts, acceptedAt, finishedAt };
}

/** Wake-ups are numbered by each store for itself: one that moves gets an id that is the same every time it moves. */
function movedId(id: string, contact: string, finishedAt: number): string {
  if (id.startsWith("m")) return id;
  const hash = createHash("sha256")
    .update(JSON.stringify([id, contact, finishedAt]))
    .digest("hex");
  return `m${hash.slice(0, 24)}`;
}

/** A wake-up that was cut off after it had set something aside: all of that waits again. */
export function withInterrupted(
  waiting: readonly ContactUpdate[],
  wake: WakeJobData | undefined,
): readonly ContactUpdate[] {
  const ids = new Set(waiting.map((update) => update.id));
  const parked = (wake?.parked ?? []).flatMap((item) => item.updates);
  return [...waiting, ...parked.filter((update) => !ids.has(update.id))];
}

export function archivedWake(
  data: WakeJobData,
  dueAt: number | undefined,
): NonNullable<ArchivedMailbox["wake"]> {
  return { ...(dueAt === undefined ? {} : { dueAt }), ...countersOf(data) };
}

function countersOf({ busy, failures, missing, expiresAt, wrote }: Omit<WakeJobData, "contact">) {
  return {
    ...(busy === undefined ? {} : { busy }),
    ...(failures === undefined ? {} : { failures }),
    ...(missing === undefined ? {} : { missing }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(wrote === undefined ? {} : { wrote }),
  };
}

/** A line without where its parked piece was found: in another store that has another id. */
export function archivedHistory(texts: readonly string[], oldest: number): readonly DeliveryNote[] {
  return readHistory(texts, oldest).map((line) => {
    const { parkedId: _, ...carried } = line;
    return carried;
  });
}

/** The wake-ups of mailboxes in which something waits, as jobs with their delays and counters. */
export function wakesOf(mailboxes: readonly ArchivedMailbox[], now: number) {
  return mailboxes.flatMap(({ contact, waiting, wake }) => {
    if (waiting.length === 0) return [];
    const { dueAt } = wake ?? {};
    const data = { contact, ...countersOf(wake ?? {}) };
    const [highest] = wakesFor(waiting);
    const { name, opts } = wakeJob(data, highest?.priority);
    const delay = Math.max(0, (dueAt ?? 0) - now);
    return [{ name, data, opts: { ...opts, ...(delay > 0 ? { delay, timestamp: now } : {}) } }];
  });
}

/** The pace of a store, read and merged through its own clock. */
export function createPaceArchive(changePace: ChangePace, clock: () => number) {
  return {
    read: () => changePace((pace, now) => ({ pace, result: archivedPace(pace, now, clock()) })),
    merge: (given: ArchivedPace) =>
      changePace((pace, now) => ({ pace: mergedPace(pace, given, now, clock()), result: undefined })),
  };
}

/** Whether `held` is at least what `record` is: everything in it is there, or something newer. */
export function covers(held: ArchiveRecord | undefined, record: ArchiveRecord, now: number): boolean {
  switch (record.kind) {
    case "audit":
      return held?.kind === "audit";
    case "group":
      return held?.kind === "group" && held.mark.at >= record.mark.at;
    case "window":
      return record.expiresAt <= now || (held?.kind === "window" && coversWindow(held, record));
    case "mailbox":
      return held?.kind === "mailbox" && coversMailbox(held, record);
    case "parking":
      return held?.kind === "parking" && held.data.contact === record.data.contact;
    case "event":
      return held?.kind === "event" && coversEvent(held, record);
    case "pace":
      return coversPace(held?.kind === "pace" ? held : undefined, record, now);
  }
}

type RecordOf<Kind extends ArchiveRecord["kind"]> = Extract<ArchiveRecord, { kind: Kind }>;

function coversWindow(held: RecordOf<"window">, record: RecordOf<"window">): boolean {
  return held.eventId !== record.eventId || held.expiresAt >= record.expiresAt;
}

function coversEvent(held: ArchivedEvent, record: ArchivedEvent): boolean {
  const isWithdrawn = held.event.withdrawn !== undefined;
  if (isWithdrawn !== (record.event.withdrawn !== undefined)) return isWithdrawn;
  if (held.event.replay !== record.event.replay) return held.event.replay > record.event.replay;
  const isFinished = held.state === "completed" || held.state === "failed";
  if (!isFinished) return held.state === record.state && samePayload(held, record);
  return held.state !== "failed" || samePayload(held, record);
}

function samePayload(held: ArchivedEvent, record: ArchivedEvent): boolean {
  return storable(held.event.payload) === storable(record.event.payload);
}

/** Clocks are read twice on the way of a pause. */
const clockToleranceMs = 1_000;

function coversPace(held: ArchivedPace | undefined, record: ArchivedPace, now: number): boolean {
  const { pause, lowered } = record;
  const paused =
    !pause ||
    pause.until <= now + clockToleranceMs ||
    (held?.pause !== undefined && held.pause.until >= pause.until - clockToleranceMs);
  return (
    paused && (!lowered || (held?.lowered !== undefined && held.lowered.at >= lowered.at - clockToleranceMs))
  );
}

function coversMailbox(held: ArchivedMailbox, record: ArchivedMailbox): boolean {
  const notes = new Set(held.history.map((note) => JSON.stringify(note)));
  return (
    hasUpdates(held, record) &&
    Object.entries(record.applied).every(
      ([field, origin]) => !origin || hasApplied(held, field, origin.stamp),
    ) &&
    hasEvents(held, record) &&
    (notes.size >= historyMax || record.history.every((note) => notes.has(JSON.stringify(note)))) &&
    (record.expiresAt === undefined || (held.expiresAt ?? 0) >= record.expiresAt) &&
    (held.waiting.length === 0 || held.wake !== undefined)
  );
}

export function hasEvents(held: ArchivedMailbox, record: ArchivedMailbox): boolean {
  const events = new Set(held.eventIds);
  return record.eventIds.every((id) => events.has(id));
}

/** An update may have been applied, or be older than what was. */
export function hasUpdates(held: ArchivedMailbox, record: ArchivedMailbox): boolean {
  const waiting = new Set(held.waiting.map((update) => update.id));
  const isDone = ({ patch, stamp }: ContactUpdate) =>
    patchEntries(patch).every(([field]) => hasApplied(held, field, stamp));
  return record.waiting.every((update) => waiting.has(update.id) || isDone(update));
}

function hasApplied(held: ArchivedMailbox, field: string, stamp: ContactUpdate["stamp"]): boolean {
  const own = new Map(Object.entries(held.applied)).get(field);
  return own !== undefined && compareStamps(own.stamp, stamp) >= 0;
}

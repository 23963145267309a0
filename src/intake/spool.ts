import type { RelayEvent } from "../contact/event.ts";
import type { Acceptance } from "../store/event-log.ts";
import { createContents } from "./spool/contents.ts";
import { createSpoolDirectory, type ProcessLocks } from "./spool/directory.ts";
import { createDrain, type SpoolStore } from "./spool/drain.ts";
import { createGroupCommit } from "./spool/group-commit.ts";
import { createLogFile, createSegmentLog, type OpenLogFile } from "./spool/log.ts";
import type { SpoolNotice } from "./spool/notice.ts";
import { encodeRecord } from "./spool/record.ts";
import { createRunner, waitReally, type Wait } from "./spool/runner.ts";

export type Kept =
  | { ok: true; acceptances: readonly Acceptance[] }
  | { ok: false; reason: "off" | "full" }
  | { ok: false; reason: "unusable"; cause: unknown };

/** A log on this machine's disk of events that the store could not take and that nobody will send again. */
export interface Spool {
  /** Under which id these events are kept here; undefined for those that are not. */
  find(events: readonly RelayEvent[]): Promise<readonly (string | undefined)[]>;
  /** Keeps them all durably, or none. `cause` is why the store did not take them. Never rejects. */
  keep(events: readonly RelayEvent[], cause: unknown): Promise<Kept>;
  state(): { readonly events: number; readonly bytes: number };
  /** From now on brings what is kept to the store, as soon as it takes events. */
  drainInto(store: SpoolStore): void;
  /** Leaves what is kept to the next process. */
  close(): Promise<void>;
}

export interface SpoolOptions {
  readonly path: string;
  /** 0: nothing is kept; what an earlier process kept is still brought to the store. */
  readonly bytesMax: number;
  readonly locks: ProcessLocks;
  readonly notify: (notice: SpoolNotice) => void;
  readonly random?: () => number;
  readonly wait?: Wait;
  readonly lookEveryMs?: number;
  readonly segmentBytes?: number;
  readonly openFile?: OpenLogFile;
}

interface Entry {
  readonly key: string;
  readonly id: string;
  readonly record: Buffer;
}

const segmentBytesDefault = 8 * 1_048_576;
/** How often the files of other processes are looked at. */
const lookEveryMs = 10_000;

/** Opens the spool and takes over what dead processes of this machine left. Never rejects. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { bytesMax, notify, random = Math.random, wait = waitReally } = options;
  const directory = createSpoolDirectory(options.path, options.locks);
  /** The ids of what is durably kept, by source and identity. */
  const kept = new Map<string, string>();
  /** The same for what is being written. */
  const writing = new Map<string, { readonly id: string; readonly written: Promise<void> }>();
  let bytesBeingWritten = 0;
  let drainedEvents = 0;
  /** Between the operator's two lines, that it began and that it is over. */
  let isHolding = false;

  const log = createSegmentLog(directory, {
    segmentBytes: Math.min(options.segmentBytes ?? segmentBytesDefault, Math.max(1, bytesMax)),
    openFile: options.openFile ?? createLogFile,
    onTakenOver() {
      kept.clear();
      notify({ kind: "taken-over" });
    },
  });
  const commit = createGroupCommit(write);
  const contents = createContents(log, {
    seal: () => commit.between(log.seal),
    notify,
    onGone(events) {
      drainedEvents += events.length;
      for (const event of events) if (kept.get(keyOf(event)) === event.id) kept.delete(keyOf(event));
    },
    // Whatever it held, a repetition of it is not to be answered as if it were still here.
    onVanished: () => kept.clear(),
  });
  const runner = createRunner({ random, wait, lookEveryMs: options.lookEveryMs ?? lookEveryMs });

  async function write(entries: readonly Entry[]): Promise<void> {
    try {
      await log.append(entries.map(({ record }) => record));
      for (const { key, id } of entries) kept.set(key, id);
      runner.wake();
    } finally {
      for (const { key, record } of entries) {
        writing.delete(key);
        bytesBeingWritten -= record.length;
      }
    }
  }

  function begin(cause: unknown): void {
    if (!isHolding) notify({ kind: "began", cause });
    isHolding = true;
  }

  function endIfEmpty(): void {
    if (!isHolding || !contents.isEmpty() || bytesBeingWritten > 0) return;
    notify({ kind: "drained", events: drainedEvents });
    isHolding = false;
    drainedEvents = 0;
  }

  function state() {
    const { segments } = log;
    const events = segments.reduce((sum, segment) => sum + segment.events - segment.drained, 0);
    return { events, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async function find(events: readonly RelayEvent[]): Promise<readonly (string | undefined)[]> {
    return await Promise.all(
      events.map(async (event) => {
        await writing.get(keyOf(event))?.written.catch(() => undefined);
        return kept.get(keyOf(event));
      }),
    );
  }

  async function keep(events: readonly RelayEvent[], cause: unknown): Promise<Kept> {
    if (bytesMax === 0) return { ok: false, reason: "off" };
    const fresh = new Map<string, Entry>();
    const waits: Promise<void>[] = [];
    const acceptances = events.map((event): Acceptance => {
      const key = keyOf(event);
      const sibling = writing.get(key);
      if (sibling) waits.push(sibling.written);
      const id = kept.get(key) ?? sibling?.id ?? fresh.get(key)?.id;
      if (id !== undefined) return { id, duplicate: true };
      fresh.set(key, { key, id: event.id, record: encodeRecord(event) });
      return { id: event.id, duplicate: false };
    });
    const entries = [...fresh.values()];
    const bytes = entries.reduce((sum, { record }) => sum + record.length, 0);
    if (entries.length > 0) {
      if (state().bytes + bytesBeingWritten + bytes > bytesMax) return { ok: false, reason: "full" };
      bytesBeingWritten += bytes;
      const written = commit.add(entries);
      for (const { key, id } of entries) writing.set(key, { id, written });
      waits.push(written.then(() => begin(cause)));
    }
    const failed = (await Promise.allSettled(waits)).find((one) => one.status === "rejected");
    return failed ? { ok: false, reason: "unusable", cause: failed.reason } : { ok: true, acceptances };
  }

  async function takeOver(patient: boolean): Promise<boolean> {
    const paths: string[] = [];
    try {
      await directory.takeOver(patient, (path) => paths.push(path));
    } finally {
      let found = 0;
      await contents.include(paths, (events) => {
        found += events.length;
        for (const event of events) if (!kept.has(keyOf(event))) kept.set(keyOf(event), event.id);
      });
      if (found > 0) {
        isHolding = true;
        notify({ kind: "found", events: found });
      }
    }
    return paths.length > 0;
  }

  try {
    if (bytesMax > 0) await directory.own();
    await takeOver(false);
  } catch (error) {
    notify({ kind: "unusable", cause: error });
  }
  return {
    find,
    keep,
    state,
    drainInto(store) {
      const drain = createDrain(contents, store);
      runner.start({
        look: () => takeOver(true),
        async drain() {
          const drained = await drain();
          if (drained === "store-away") contents.forget();
          endIfEmpty();
          return drained;
        },
        failed: (cause) => notify({ kind: "unusable", cause }),
      });
    },
    async close() {
      await runner.stop();
      await commit.between(log.seal);
      directory.disown();
    },
  };
}

function keyOf({ source, identity }: RelayEvent): string {
  return `${source}.${identity}`;
}

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RelayEvent } from "../../src/contact/event.ts";
import { openSpool, type Spool, type SpoolOptions } from "../../src/intake/spool.ts";
import type { ProcessLocks } from "../../src/intake/spool/directory.ts";
import type { SpoolNotice } from "../../src/intake/spool/notice.ts";
import { holdLock } from "../../src/store/process-lock.ts";
import type { Acceptance } from "../../src/store/event-log.ts";
import { until } from "./relay-process.ts";

/** A directory with spools of processes that can be said to have died, and a store that can be away. */
export interface SpoolWorld {
  readonly path: string;
  readonly notices: SpoolNotice[];
  readonly store: FakeStore;
  open(options?: Partial<SpoolOptions>): Promise<Spool>;
  /** Every process so far belongs to another container, and whether it lives shows only in its beat. */
  moveAllElsewhere(isBeating: boolean): void;
  /** Every process so far is dead: its files are for whoever opens next. */
  killAll(): void;
  /** The names of the log files. */
  logs(): string[];
  kinds(): string[];
  /** Waits for the operator's line that the spool is empty again. */
  drained(): Promise<void>;
  /** Closes every spool and removes everything. */
  remove(): Promise<void>;
}

const drainedWithinMs = 10_000;

export function spoolWorld(): SpoolWorld {
  const base = mkdtempSync(join(tmpdir(), "relay-spool-"));
  const path = join(base, "data", "spool");
  const notices: SpoolNotice[] = [];
  const living = new Set<string>();
  const elsewhere = new Set<string>();
  let isBeating = false;
  const held: { release: () => void }[] = [];
  const opened: Spool[] = [];
  const kinds = () => notices.map(({ kind }) => kind);
  const locks: ProcessLocks = {
    hold(lock) {
      living.add(basename(lock));
      const one = holdLock(lock);
      held.push(one);
      return {
        release() {
          living.delete(basename(lock));
          one.release();
        },
      };
    },
    lifeOf(lock) {
      if (elsewhere.has(basename(lock))) return "elsewhere";
      return living.has(basename(lock)) ? "alive" : "dead";
    },
    isBeating: () => Promise.resolve(isBeating),
  };
  return {
    path,
    notices,
    store: new FakeStore(),
    async open(options = {}) {
      const spool = await openSpool({
        path,
        bytesMax: 10_000_000,
        locks,
        notify: (notice) => notices.push(notice),
        wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
        ...options,
      });
      opened.push(spool);
      return spool;
    },
    moveAllElsewhere(beating) {
      for (const lock of living) elsewhere.add(lock);
      isBeating = beating;
    },
    killAll: () => living.clear(),
    logs: () => readdirSync(path).filter((file) => file.endsWith(".log")),
    kinds,
    drained: () => until(() => kinds().includes("drained"), drainedWithinMs, "the spool to be drained"),
    async remove() {
      for (const spool of opened) await spool.close();
      for (const one of held) one.release();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Deduplicates as the stores do; `takes` decides, event by event, whether it accepts at all. */
export class FakeStore {
  readonly events: RelayEvent[] = [];
  calls = 0;
  isHealthy = true;
  takes: (event: RelayEvent) => boolean = () => true;

  async accept(batch: readonly RelayEvent[]): Promise<readonly Acceptance[]> {
    this.calls += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.isHealthy || !batch.every((event) => this.takes(event))) throw new Error("the store is away");
    return batch.map((event) => {
      const first = this.events.find(
        ({ source, identity }) => source === event.source && identity === event.identity,
      );
      if (!first) this.events.push(event);
      return { id: first?.id ?? event.id, duplicate: first !== undefined && first.id !== event.id };
    });
  }

  health(): Promise<{ ok: true } | { ok: false; message: string }> {
    return Promise.resolve(this.isHealthy ? { ok: true } : { ok: false, message: "away" });
  }

  ids(): string[] {
    return this.events.map(({ id }) => id);
  }
}

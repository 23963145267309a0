import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { JobWorker, Store, StoreOptions } from "../../src/store/store.ts";
import { isLong } from "../helpers/length.ts";
import { until } from "../helpers/relay-process.ts";
import { startEventWorker } from "../store-contract/suite.ts";
import { sampleEvent, sampleOptions, unique, sampleNote } from "../helpers/store-samples.ts";

/** For a machine that is busy with other things. */
const waitMs = 120_000;
const retentionMs = isLong ? 5_000 : 2_000;
const retentionEvents = 200;
/** Of each round; most of them on contacts that are never heard of again. */
const eventsPerRound = isLong ? 1_500 : 750;
const contactsPerRound = isLong ? 500 : 400;
const rounds = isLong ? 3 : 1;
/** Slow enough for what still comes to be little beside what is to be forgotten. */
const trickleMs = 500;

/** What a server holds for one namespace. */
export interface Held {
  /** Keys or rows, by what they are. */
  readonly counts: Readonly<Record<string, number>>;
  readonly bytes: number;
}

export interface GrowthOptions {
  readonly name: string;
  /** Undefined where there is no server. */
  readonly open: ((options: StoreOptions) => Promise<Store>) | undefined;
  measure(prefix: string): Promise<Held>;
  close(): Promise<void>;
}

/** After any number of events an engine holds what retention says, and no more. */
export function growth({ name, open, measure, close }: GrowthOptions): void {
  afterAll(close);

  describe.skipIf(!open)(`${name}: what is held`, () => {
    it("returns to what retention says after every round of events", { timeout: 6 * waitMs }, async () => {
      if (!open) throw new Error("no server");
      const options = sampleOptions({ retentionMs, retentionEvents });
      const store = await open(options);
      const workers = startWorkers(store);
      try {
        const afterwards: Held[] = [];
        for (let round = 0; round < rounds; round += 1) {
          await deliver(store, eventsPerRound, contactsPerRound);
          afterwards.push(await atRest(store, () => measure(options.prefix)));
        }
        const [first] = afterwards;
        expect(afterwards.at(-1)?.bytes).toBeLessThan(1.3 * (first?.bytes ?? 0) + 500_000);
      } finally {
        for (const worker of workers) await worker.close();
        await store.close(5_000);
      }
    });

    /**
     * Time passes, a few events come now and then, and workers look for contacts that were forgotten, until no kind of key
     * or row is there much oftener than finished events are kept: one that stays behind for every third event of a round,
     * or for every contact, is found.
     */
    async function atRest(store: Store, look: () => Promise<Held>): Promise<Held> {
      let held = await look();
      await until(
        async () => {
          await deliver(store, 5, 1);
          await sleep(trickleMs);
          await store.mailbox.overdue(Date.now() - 60_000, 10);
          held = await look();
          const counts = Object.values(held.counts);
          return Math.max(...counts) <= 1.5 * retentionEvents && sum(counts) <= 4 * retentionEvents;
        },
        waitMs,
        `${name} to forget what is over`,
      ).catch((error: unknown) => {
        throw new Error(`still there: ${JSON.stringify(held.counts)}`, { cause: error });
      });
      return held;
    }
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** The relay's work without an API: every event is an update of a contact, and every update is delivered. */
function startWorkers(store: Store): Pick<JobWorker, "close">[] {
  return [
    startEventWorker(
      store,
      async ({ id: eventId, receivedAt, type }) => {
        const contact = type as ContactRef;
        const stamp = `${receivedAt}.${eventId}` as never;
        const updates = [{ id: eventId, eventId, contact, patch: { firstName: eventId }, stamp, receivedAt }];
        return { outcome: "mapped", updates, warnings: [] };
      },
      100,
    ),
    store.startWorker(
      async (job) => {
        const { waiting } = await store.mailbox.read(job.data.contact);
        const [newest] = waiting;
        if (!newest) return;
        const { stamp, eventId } = newest;
        await store.mailbox.settle(job.data.contact, {
          done: waiting.map(({ id }) => id),
          applied: { firstName: { stamp, eventId } },
          notes: [sampleNote({ fields: [{ field: "firstName", eventId }] })],
        });
      },
      { concurrency: 8 },
    ),
  ];
}

async function deliver(store: Store, events: number, contacts: number): Promise<void> {
  const round = unique();
  for (let at = 0; at < events; at += 100) {
    const batch = Array.from({ length: Math.min(100, events - at) }, (_, index) =>
      sampleEvent({ type: `email:${round}x${(at + index) % contacts}@example.com`, receivedAt: Date.now() }),
    );
    await store.events.accept(batch);
  }
  await until(
    async () => {
      const { events: mapping, contacts: sending } = await store.counts();
      return [mapping, sending].every((queue) => queue.waiting + queue.active + queue.delayed === 0);
    },
    waitMs,
    "every event",
  );
}

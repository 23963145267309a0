import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import { outlived } from "../../src/commands/move/outlived.ts";
import type { RelayEvent } from "../../src/contact/event.ts";
import { covers } from "../../src/store/archive.ts";
import type { ArchiveRecord } from "../../src/store/archive-port.ts";
import type { Store } from "../../src/store/store.ts";
import { furnish, recordsOf } from "../helpers/furnished-store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleEvent } from "../helpers/store-samples.ts";
import { ignored, isIdle, startEventWorker, type Suite } from "./suite.ts";

/** What every engine promises: what was erased or dropped does not come back by being carried over. */
export function archiveErasedContract(suite: Suite): void {
  describe("the archive, of what was erased or dropped", () => {
    const { withStore } = suite;
    // Two stores are opened for one test, which takes its time where a store is a whole database.
    const timeout = 120_000;

    async function withTwo(work: (one: Store, two: Store) => Promise<void>): Promise<void> {
      await withStore({}, async ({ store: one }) => {
        await withStore({}, async ({ store: two }) => work(one, two));
      });
    }

    async function run(store: Store, fails: RelayEvent | undefined): Promise<void> {
      const worker = startEventWorker(store, async ({ id }) => {
        if (id === fails?.id) throw new UnrecoverableError("no");
        return ignored;
      });
      await until(async () => isIdle(await store.counts(), "events"), 20_000, "every event to end");
      await worker.close();
    }

    it("an event is so on both sides afterwards, whichever is further otherwise", { timeout }, async () => {
      await withTwo(async (source, target) => {
        const [waiting, dropped, finishedThere] = [sampleEvent(), sampleEvent(), sampleEvent()];
        const erasedThere = sampleEvent();
        await source.events.accept([dropped]);
        await run(source, dropped);
        await source.events.accept([waiting, finishedThere, erasedThere]);
        const before = await recordsOf(source);
        await target.archive.import(before);
        await target.events.erase([erasedThere.id]);
        await run(target, undefined);
        await source.failures.drop(dropped.id);
        await source.events.erase([waiting.id, finishedThere.id]);

        const records = await recordsOf(source);
        expect(await missing(target, records)).toHaveLength(3);
        await target.archive.import(records);
        await target.archive.import(before);
        for (const { id } of [waiting, dropped, finishedThere, erasedThere]) {
          expect((await target.events.find(id))?.event, id).toMatchObject({
            payload: "null",
            withdrawn: expect.stringMatching(/^(erased|dropped)$/),
          });
        }
        expect(await missing(target, records)).toEqual([]);
      });
    });

    it("a copy of before is known by what the source does not hold any more", { timeout }, async () => {
      await withTwo(async (source, target) => {
        const given = await furnish(source);
        await target.archive.import(await recordsOf(source));
        expect(await all(outlived(source.archive, target.archive))).toEqual([]);

        const [first] = (await source.failures.list(10)).items;
        await source.failures.drop(first?.id ?? "");
        await source.erase(given.both);
        const copied = await recordsOf(target);
        expect(await all(outlived(source.archive, target.archive))).toEqual(
          copied.filter(
            (record) =>
              (record.kind === "parking" && record.data.contact === given.parked) ||
              (record.kind === "mailbox" && record.contact === given.both),
          ),
        );
        const [update] = (await source.mailbox.read(given.busy)).waiting;
        await source.mailbox.settle(given.busy, { done: [update?.id ?? ""], applied: {} });
        expect(await all(outlived(source.archive, target.archive))).toHaveLength(3);
      });
    });
  });
}

async function missing(store: Store, records: readonly ArchiveRecord[]): Promise<ArchiveRecord[]> {
  const held = await store.archive.find(records);
  return records.filter((record, at) => !covers(held[at], record, Date.now()));
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

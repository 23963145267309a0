import { UnrecoverableError } from "bullmq";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { alike, type Failure, type GroupMark, type Parked, type Store } from "../../src/store/store.ts";
import { isLong } from "../helpers/length.ts";
import { recordsOf } from "../helpers/furnished-store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, unique } from "../helpers/store-samples.ts";
import { ignored, type Suite } from "./suite.ts";

const muted: GroupMark = { state: "muted", by: "operator", at: 1_000 };
const acknowledged: GroupMark = { state: "acknowledged", by: "operator", at: 1_000 };

/** What every engine promises: the groups of what is parked are what a look at everything says. */
export function groupsContract(suite: Suite): void {
  describe("groups of the parked", () => {
    const { withStore } = suite;

    it(
      "whatever is parked, retried, dropped, replayed and erased, the index says what a scan says",
      { timeout: 120_000 },
      async () => {
        await withStore({}, async ({ store }) => {
          const act = fc.oneof(
            fc.record({ act: fc.constant("fail" as const), how: fc.nat(3), source: fc.nat(2) }),
            fc.record({
              act: fc.constant("park" as const),
              how: fc.nat(3),
              pieces: fc.integer({ min: 1, max: 3 }),
            }),
            fc.record({ act: fc.constantFrom("retry", "drop", "replay", "erase"), at: fc.nat(50) }),
          );
          await fc.assert(
            fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), async (acts) => {
              for (const one of acts) await carryOut(store, one);
              await expectAgreement(store);
            }),
            { numRuns: isLong ? 40 : 10 },
          );
        });
      },
    );

    it(
      "each way out takes one out: retry, replay, drop and erasure, of events and of deliveries",
      { timeout: 60_000 },
      async () => {
        await withStore({}, async ({ store }) => {
          const ids: string[] = [];
          for (let n = 0; n < 5; n += 1) ids.push(await failEvent(store, "one", n < 3 ? "shop" : "form"));
          const contact = sampleContact();
          await park(store, contact, [piece("two", 1), piece("two", 2), piece("two", 3), piece("two", 4)]);
          const pieces = (await store.failures.list(10)).items.filter(({ kind }) => kind === "delivery");
          const [retried = "", dropped = ""] = pieces.map(({ id }) => id);
          const counts = async () => {
            await expectAgreement(store);
            const { items } = await store.failures.groups({ limit: 10 });
            const of = (kind: Failure["kind"]) =>
              items.find(({ sample }) => sample.kind === kind)?.count ?? 0;
            return [of("event"), of("delivery")];
          };
          expect(await counts()).toEqual([5, 4]);
          expect(await store.failures.retry(ids[0] ?? "")).toBe(true);
          expect(await counts()).toEqual([4, 4]);
          expect(await store.events.replay(ids[1] ?? "")).toBe(true);
          expect(await counts()).toEqual([3, 4]);
          expect(await store.failures.drop(ids[2] ?? "")).toBe(true);
          expect(await counts()).toEqual([2, 4]);
          await store.events.erase([ids[3] ?? ""]);
          expect(await counts()).toEqual([1, 4]);
          expect(await store.failures.retry(retried)).toBe(true);
          expect(await counts()).toEqual([1, 3]);
          expect(await store.failures.drop(dropped)).toBe(true);
          expect(await counts()).toEqual([1, 2]);
          await store.erase(contact);
          expect(await counts()).toEqual([1, 0]);
        });
      },
    );

    it("items of one group are listed page by page, each once, whatever leaves or joins meanwhile", async () => {
      await withStore({}, async ({ store }) => {
        for (let n = 0; n < 5; n += 1) await failEvent(store, `value ${n} is wrong`, "shop");
        await park(
          store,
          sampleContact(),
          [1, 2, 3, 4, 5].map((n) => piece(`no ${n}`, n)),
        );
        const { items: groups } = await store.failures.groups({ limit: 10 });
        expect(groups.map(({ count }) => count)).toEqual([5, 5]);
        for (const { key } of groups) {
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.failures.list(2, cursor, key);
            seen.push(...page.items.map(({ id }) => id));
            const last = page.items.at(-1);
            if (last) expect(await store.failures.drop(last.id)).toBe(true);
            if (page.next !== undefined) expect(await store.failures.isCursor(page.next, key)).toBe(true);
            cursor = page.next;
          } while (cursor !== undefined);
          expect(new Set(seen).size).toBe(5);
          expect(seen).toHaveLength(5);
        }
        await expectAgreement(store);
        expect(await store.failures.isCursor("e.1.evt_a", "e000000000000")).toBe(false);
        expect(await store.failures.list(10, undefined, "e000000000000")).toEqual({
          items: [],
          next: undefined,
        });
      });
    });

    it("groups come newest first, page by page, with what is each contact's own left out", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await park(store, contact, [piece("b@example.com is bad", 2), piece("a@example.com is bad", 1)]);
        for (let n = 0; n < 6; n += 1)
          await park(store, sampleContact(), [piece(`other ${"x".repeat(n + 1)}`, 10 + n)]);
        const keys: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.failures.groups({ limit: 3, cursor });
          keys.push(...page.items.map(({ key }) => key));
          cursor = page.next;
          if (cursor !== undefined) expect(await store.failures.isGroupsCursor(cursor)).toBe(true);
        } while (cursor !== undefined);
        expect(new Set(keys).size).toBe(7);
        const group = await store.failures.group(keys.at(-1) ?? "");
        expect(group).toMatchObject({ count: 2, first: 1, last: 2, state: "open", sources: [] });
        expect(group?.sample).toMatchObject({ contact, message: "b@example.com is bad" });
        expect(await store.failures.isGroupsCursor("x")).toBe(false);
      });
    });

    it("a wake-up that is still running has nothing parked yet, and one that ended well never had", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await store.wake(contact);
        let looked: number | undefined;
        const worker = store.startWorker(
          async (job) => {
            await job.updateData({ contact, parked: [piece("no", 1)] });
            looked = (await store.failures.groups({ limit: 10 })).items.length;
          },
          { concurrency: 1 },
        );
        await until(
          async () => looked !== undefined && (await store.counts()).contacts.active === 0,
          10_000,
          "its end",
        );
        await worker.close();
        expect(looked).toBe(0);
        expect(await store.failures.groups({ limit: 10 })).toEqual({ items: [], next: undefined });
        expect(await store.failures.openItems()).toBe(0);
      });
    });

    it("a wake-up that failed without setting anything aside is in a group too", async () => {
      await withStore({}, async ({ store }) => {
        await park(store, sampleContact(), undefined);
        const [group] = (await store.failures.groups({ limit: 10 })).items;
        expect(group).toMatchObject({ count: 1, sample: { reason: "failed", message: "given up" } });
        await expectAgreement(store);
        expect(await store.failures.retry(group?.sample.id ?? "")).toBe(true);
        await expectAgreement(store);
      });
    });

    it("an acknowledged group is open again with something new, a muted one stays muted", async () => {
      await withStore({}, async ({ store }) => {
        await failEvent(store, "one", "shop");
        await park(store, sampleContact(), [piece("two", 2), piece("two", 3)]);
        const byLast = await store.failures.groups({ limit: 10 });
        const [event, delivery] = byLast.items.map(({ key }) => key) as [string, string];
        expect(await store.failures.openItems()).toBe(3);
        expect(await store.failures.mark(event, { ...acknowledged, note: "known" })).toBe(true);
        expect(await store.failures.mark(delivery, acknowledged)).toBe(true);
        expect(await store.failures.openItems()).toBe(0);
        expect(await store.failures.group(event)).toMatchObject({
          state: "acknowledged",
          mark: { by: "operator", at: 1_000, note: "known" },
        });
        expect((await store.failures.groups({ states: ["open"], limit: 10 })).items).toEqual([]);

        await failEvent(store, "one", "shop");
        await park(store, sampleContact(), [piece("two", 4)]);
        for (const key of [event, delivery]) {
          const opened = await store.failures.group(key);
          expect(opened).toMatchObject({ state: "open", mark: { state: "open", at: 1_000 } });
          expect(opened?.mark?.reopenedAt).toBeGreaterThan(1_700_000_000_000);
        }
        expect(await store.failures.openItems()).toBe(5);

        for (const key of [event, delivery]) expect(await store.failures.mark(key, muted)).toBe(true);
        await failEvent(store, "one", "shop");
        await park(store, sampleContact(), [piece("two", 5)]);
        expect(await store.failures.openItems()).toBe(0);
        const states = (await store.failures.groups({ states: ["muted"], limit: 10 })).items;
        expect(states.map(({ count }) => count)).toEqual([3, 4]);

        expect(await store.failures.mark(event, { ...muted, until: Date.now() + 300 })).toBe(true);
        expect(await store.failures.openItems()).toBe(0);
        await until(async () => (await store.failures.openItems()) === 3, 5_000, "its time to be over");
        expect((await store.failures.group(event))?.state).toBe("open");
        expect(
          (await store.failures.groups({ states: ["open"], limit: 10 })).items.map(({ key }) => key),
        ).toEqual([event]);
        expect(await store.failures.mark("e000000000000", muted)).toBe(false);
        expect(await store.failures.mark("", muted)).toBe(false);
      });
    });

    it("what is parked just before a look at everything opens an acknowledged group again", async () => {
      await withStore({}, async ({ store }) => {
        await park(store, sampleContact(), [piece("two", 2)]);
        const key = (await store.failures.groups({ limit: 1 })).items[0]?.key ?? "";
        await store.failures.mark(key, acknowledged);
        await park(store, sampleContact(), [piece("two", 3)]);
        await store.failures.guard();
        expect(await store.failures.group(key)).toMatchObject({ state: "open", count: 2 });
        expect(await store.failures.openItems()).toBe(2);
      });
    });

    it("a note keeps its words, also where a store would not take them", async () => {
      await withStore({}, async ({ store }) => {
        await park(store, sampleContact(), [piece("two", 2)]);
        const key = (await store.failures.groups({ limit: 1 })).items[0]?.key ?? "";
        await store.failures.mark(key, { ...acknowledged, note: "half\u0000way" });
        expect((await store.failures.group(key))?.mark?.note).toBe("half\u{FFFD}way");
      });
    });

    it("what was said of a group outlasts that it is empty for a while", async () => {
      await withStore({}, async ({ store }) => {
        const id = await failEvent(store, "one", "shop");
        const [group] = (await store.failures.groups({ limit: 10 })).items;
        const key = group?.key ?? "";
        await store.failures.mark(key, muted);
        expect(await store.failures.drop(id)).toBe(true);
        expect(await store.failures.group(key)).toBeUndefined();
        expect((await store.failures.groups({ limit: 10 })).items).toEqual([]);
        await failEvent(store, "one", "shop");
        expect((await store.failures.group(key))?.state).toBe("muted");
        // A year later nobody remembers what an empty group was about.
        await store.failures.mark(key, { ...muted, at: 1 });
        for (const { id: other } of (await store.failures.list(10)).items) await store.failures.drop(other);
        await store.failures.guard();
        await failEvent(store, "one", "shop");
        expect((await store.failures.group(key))?.state).toBe("open");
      });
    });

    it("what is parked at the same time by many is counted exactly", { timeout: 60_000 }, async () => {
      await withStore({}, async ({ store }) => {
        const events = Array.from({ length: 24 }, () => sampleEvent());
        await store.events.accept(events);
        const claimed = [...(await store.events.claim(100))];
        const conclude = (from: number) =>
          store.events.conclude(
            claimed
              .filter((_, at) => at % 6 === from)
              .map((one, at) => ({
                kind: "failed",
                claimed: one,
                reason: at % 2 === from % 2 ? "ape" : "bee",
              })),
          );
        const ids = events.map(({ id }) => id);
        await Promise.all([
          ...[0, 1, 2, 3, 4, 5].map(conclude),
          ...ids.slice(0, 8).map((id) => store.events.erase([id])),
          ...ids.slice(4, 12).map((id) => store.events.retry(id)),
          ...ids.slice(8, 16).map((id) => store.events.drop(id)),
        ]);
        await expectAgreement(store);
      });
    });

    it("a move carries groups and what was said of them", { timeout: 120_000 }, async () => {
      await withStore({}, async ({ store: source }) => {
        await withStore({}, async ({ store: target }) => {
          await failEvent(source, "one", "shop");
          await failEvent(source, "two", "form");
          await park(source, sampleContact(), [piece("three", 3), piece("four", 4)]);
          for (const { key } of (await source.failures.groups({ limit: 2 })).items) {
            await source.failures.mark(key, acknowledged);
          }
          await target.archive.import(await recordsOf(source));
          await target.archive.import(await recordsOf(source));
          await expectAgreement(target);
          const told = async (store: Store) =>
            (await store.failures.groups({ limit: 10 })).items.map((group) => ({
              ...group,
              sample: undefined,
            }));
          expect(await told(target)).toEqual(await told(source));
          expect(await target.failures.openItems()).toBe(await source.failures.openItems());
          await failEvent(target, "one", "shop");
          await expectAgreement(target);
        });
      });
    });
  });
}

type Act =
  | { readonly act: "fail"; readonly how: number; readonly source: number }
  | { readonly act: "park"; readonly how: number; readonly pieces: number }
  | { readonly act: "retry" | "drop" | "replay" | "erase"; readonly at: number };

async function carryOut(store: Store, one: Act | { act: string; at: number }): Promise<void> {
  if ("source" in one)
    return void (await failEvent(store, `reason ${"abcd"[one.how]} 12`, `source${one.source}`));
  if ("pieces" in one) {
    const pieces = Array.from({ length: one.pieces }, (_, n) =>
      piece(`said ${"abcd"[(one.how + n) % 4]}`, Date.now() - n),
    );
    return await park(store, sampleContact(), pieces);
  }
  const { items } = await store.failures.list(100);
  const item = items[one.at % Math.max(1, items.length)];
  if (!item) return;
  if (one.act === "retry") await store.failures.retry(item.id);
  else if (one.act === "drop") await store.failures.drop(item.id);
  else if (one.act === "replay") await store.events.replay(item.id);
  else if (item.contact) await store.erase(item.contact);
  else await store.events.erase([item.id]);
  await finishWhatWaits(store);
}

/** Retried and replayed events end well, so that they are not in anybody's way. */
async function finishWhatWaits(store: Store): Promise<void> {
  const claimed = await store.events.claim(100);
  await store.events.conclude(claimed.map((one) => ({ kind: "completed", claimed: one, result: ignored })));
}

export async function failEvent(store: Store, reason: string, source: string): Promise<string> {
  const event = sampleEvent({ source });
  await store.events.accept([event]);
  const claimed = (await store.events.claim(100)).filter((one) => one.event.id === event.id);
  await store.events.conclude(claimed.map((one) => ({ kind: "failed", claimed: one, reason })));
  return event.id;
}

export function piece(message: string, at: number): Parked {
  return {
    reason: "rejected",
    status: 422,
    message,
    at,
    attempts: 1,
    updates: [sampleUpdate(sampleContact())],
  };
}

/** A delivery that fails with these pieces, or with none. */
export async function park(
  store: Store,
  contact: ContactRef,
  parked: readonly Parked[] | undefined,
): Promise<void> {
  const before = (await store.counts()).contacts.failed;
  const mark = unique();
  await store.wake(contact);
  const worker = store.startWorker(
    async (job) => {
      if (job.data.contact !== contact) return;
      if (parked) await job.updateData({ contact, parked });
      throw new UnrecoverableError(parked ? mark : "given up");
    },
    { concurrency: 1 },
  );
  try {
    await until(
      async () => (await store.counts()).contacts.failed > before,
      10_000,
      "the delivery to be parked",
    );
  } finally {
    await worker.close();
  }
}

/** Compares every group, its numbers and its items with what a look at everything that is parked finds. */
export async function expectAgreement(store: Store): Promise<void> {
  const scan = new Map<string, Failure[]>();
  let cursor: string | undefined;
  do {
    const page = await store.failures.list(50, cursor);
    for (const item of page.items) scan.set(troubleOf(item), [...(scan.get(troubleOf(item)) ?? []), item]);
    cursor = page.next;
  } while (cursor !== undefined);
  const expected = [...scan].map(([trouble, items]) => ({
    trouble,
    count: items.length,
    first: Math.min(...items.map(({ at }) => at)),
    last: Math.max(...items.map(({ at }) => at)),
    sources: [...new Set(items.flatMap(({ source }) => source ?? []))].sort() as readonly string[],
    ids: items.map(({ id }) => id).sort(),
  }));
  const { items: groups } = await store.failures.groups({ limit: 1_000 });
  const found = await Promise.all(
    groups.map(async ({ key, sample, count, first, last, sources }) => ({
      trouble: troubleOf(sample),
      count,
      first,
      last,
      sources,
      ids: (await store.failures.list(1_000, undefined, key)).items.map(({ id }) => id).sort(),
    })),
  );
  const sorted = (list: typeof expected) => list.toSorted((a, b) => (a.trouble < b.trouble ? -1 : 1));
  expect(sorted(found)).toEqual(sorted(expected));
  expect(groups.map(({ last }) => last)).toEqual(groups.map(({ last }) => last).toSorted((a, b) => b - a));
}

function troubleOf({ kind, reason, fields = [], message = "" }: Failure): string {
  return JSON.stringify([kind, reason, [...fields].sort(), alike(message)]);
}

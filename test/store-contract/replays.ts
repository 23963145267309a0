import { describe, expect, it } from "vitest";
import type { ClaimedReplay, ReplayPlan, ReplayProgress } from "../../src/store/replays.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, unique } from "../helpers/store-samples.ts";
import { ignored, stateOf, withEventWorker, type Suite } from "./suite.ts";

const leaseMs = 60_000;

function plan(overrides: Partial<ReplayPlan> = {}): ReplayPlan {
  return { filter: { source: "shop", to: 5 }, share: 0.2, by: "operator", total: 3, ...overrides };
}

const halfway: ReplayProgress = {
  cursor: "7.8",
  listed: true,
  batch: [["evt_a", 2]],
  replayed: 4,
  skipped: { gone: 1 },
  failed: 1,
  rate: 2.5,
};

async function claimed(store: Store): Promise<ClaimedReplay> {
  const taken = await store.replays.claim(leaseMs);
  if (!taken) throw new Error("a replay was to be claimed");
  return taken;
}

/** What every engine promises of replays by a filter. */
export function replaysContract({ withStore }: Suite): void {
  describe("replays", () => {
    it("a replay is kept as it was asked for, and listed newest first in pages", async () => {
      await withStore({}, async (opened) => {
        const { store } = opened;
        const before = await store.replays.now();
        const asked = plan({
          filter: { source: "a\0b\ud800", type: "'; --", state: "failed", from: 1, to: 9 },
        });
        const first = await store.replays.create(asked);
        expect(first).toMatchObject({ share: 0.2, by: "operator", total: 3, state: "running" });
        expect(first.filter).toMatchObject({ type: "'; --", state: "failed", from: 1, to: 9 });
        expect(first.progress).toEqual({
          listed: false,
          batch: [],
          replayed: 0,
          skipped: {},
          failed: 0,
          rate: 0,
        });
        expect(first.createdAt).toBeGreaterThanOrEqual(Math.floor(before) - 50);
        await until(async () => (await store.replays.now()) > before + 3, 5_000, "a moment to pass");
        const second = await store.replays.create(plan({ share: 1 }));
        const page = await store.replays.list(1);
        expect(page.items).toEqual([second]);
        expect((await store.replays.list(5, page.next)).items).toEqual([first]);
        expect((await store.replays.list(5, "no cursor")).items).toEqual([second, first]);
        const again = (await opened.reopen?.()) ?? store;
        expect(await again.replays.find(first.id)).toEqual(first);
        for (const id of ["", "rpl_1", "evt_1", "' OR 1=1 --", first.id.toLowerCase()]) {
          expect(await again.replays.find(id)).toBeUndefined();
          expect(await again.replays.stop(id)).toBeUndefined();
        }
      });
    });

    it("one process at a time has a replay, the oldest first; another takes it when the lease is over", async () => {
      await withStore({}, async ({ store }) => {
        expect(await store.replays.claim(leaseMs)).toBeUndefined();
        const first = await store.replays.create(plan());
        await until(async () => (await store.replays.now()) > first.createdAt + 3, 5_000, "a moment to pass");
        const second = await store.replays.create(plan());
        const dying = await store.replays.claim(200);
        if (!dying) throw new Error("a replay was to be claimed");
        expect(dying.replay.id).toBe(first.id);
        expect((await claimed(store)).replay.id).toBe(second.id);
        expect(await store.replays.claim(leaseMs)).toBeUndefined();
        expect(await store.replays.save(dying, halfway, 200)).toBe(true);
        let taken: ClaimedReplay | undefined;
        await until(
          async () => (taken = await store.replays.claim(leaseMs)) !== undefined,
          10_000,
          "the lease to be over",
        );
        expect(taken?.replay).toMatchObject({ id: first.id, progress: halfway });
        // Who comes too late changes nothing.
        expect(await store.replays.save(dying, { ...halfway, replayed: 99 }, leaseMs)).toBe(false);
        expect(await store.replays.end(dying, "done", { ...halfway, replayed: 99 })).toBe(false);
        await store.replays.release(dying);
        expect(await store.replays.claim(leaseMs)).toBeUndefined();
        expect((await store.replays.find(first.id))?.progress).toEqual(halfway);
      });
    });

    it("a lease is renewed by what is saved; a replay that is let go can be had at once", async () => {
      await withStore({}, async ({ store }) => {
        await store.replays.create(plan());
        const one = await store.replays.claim(300);
        if (!one) throw new Error("a replay was to be claimed");
        for (let saved = 0; saved < 6; saved += 1) {
          expect(await store.replays.save(one, halfway, 2_000)).toBe(true);
          const at = Date.now();
          await until(() => Date.now() > at + 100, 5_000, "a moment to pass");
        }
        expect(await store.replays.claim(leaseMs)).toBeUndefined();
        await store.replays.release(one);
        expect((await claimed(store)).replay.progress).toEqual(halfway);
      });
    });

    it("what was stopped or is over is not claimed and not written any more", async () => {
      await withStore({}, async ({ store }) => {
        const { id } = await store.replays.create(plan());
        const held = await claimed(store);
        expect(await store.replays.stop(id)).toMatchObject({ id, state: "stopped" });
        expect(await store.replays.save(held, halfway, leaseMs)).toBe(false);
        expect(await store.replays.claim(leaseMs)).toBeUndefined();
        expect((await store.replays.find(id))?.finishedAt).toBeGreaterThan(0);

        await store.replays.create(plan());
        const other = await claimed(store);
        expect(await store.replays.end(other, "failed", halfway, "the store\0refused")).toBe(true);
        const failed = await store.replays.find(other.replay.id);
        expect(failed).toMatchObject({ state: "failed", progress: halfway });
        expect(failed?.message).toContain("refused");
        // To stop what is over changes nothing.
        expect(await store.replays.stop(other.replay.id)).toEqual(failed);
        expect(await store.replays.end(other, "done", halfway)).toBe(false);
      });
    });

    it("what is over goes with the retention; what runs stays", async () => {
      await withStore({ retentionMs: 500 }, async ({ store }) => {
        const over = await store.replays.create(plan());
        const runs = await store.replays.create(plan());
        await store.replays.stop(over.id);
        await until(
          async () => {
            await store.replays.claim(1);
            return (await store.replays.find(over.id)) === undefined;
          },
          20_000,
          "the stopped one to go",
        );
        expect((await store.replays.list(5)).items.map(({ id }) => id)).toEqual([runs.id]);
      });
    });

    it("erasing a contact forgets the replays that name it, and no others", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const named = await store.replays.create(plan({ filter: { contact, to: 5 } }));
        const other = await store.replays.create(plan({ filter: { contact: sampleContact(), to: 5 } }));
        await store.erase(contact);
        expect(await store.replays.find(named.id)).toBeUndefined();
        expect((await store.replays.list(5)).items.map(({ id }) => id)).toEqual([other.id]);
        expect((await claimed(store)).replay.id).toBe(other.id);
      });
    });

    it("a replay of one run of an event is one replay, however often it is asked for", async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept([event]);
        const finish = () =>
          withEventWorker(
            store,
            async () => await Promise.resolve(ignored),
            () => until(async () => (await stateOf(store, event.id)) === "completed", 20_000, "it to end"),
          );
        await finish();
        expect(await store.events.replay(event.id, "low", 1)).toBe(false);
        expect(await store.events.replay(event.id, "low", 0)).toBe(true);
        expect(await store.events.replay(event.id, "low", 0)).toBe(false);
        await finish();
        expect(await store.events.replay(event.id, "low", 0)).toBe(false);
        expect((await store.events.find(event.id))?.event).toMatchObject({ replay: 1, priority: "low" });
        expect(await store.events.replay(event.id, "low", 1)).toBe(true);
        expect((await store.events.find(event.id))?.event.replay).toBe(2);
      });
    });

    it("events are counted as they are listed, by every filter", async () => {
      await withStore({ retentionEvents: 10_000 }, async ({ store }) => {
        const contact = sampleContact();
        const rare = `t${unique()}`;
        const events = Array.from({ length: 30 }, (_, n) =>
          sampleEvent({
            ...(n % 3 === 0 ? { source: "other" } : {}),
            ...(n % 10 === 0 ? { type: rare } : {}),
          }),
        );
        await store.events.accept(events.slice(0, 15));
        const between = (await store.replays.now()) + 2;
        await until(async () => (await store.replays.now()) > between, 5_000, "a moment to pass");
        await store.events.accept(events.slice(15));
        const taken = await store.events.claim(8);
        await store.events.conclude(
          taken.map((one, index) => {
            if (index === 0) return { kind: "failed", claimed: one, reason: "no" };
            const { id } = one.event;
            const update = sampleUpdate(contact, {}, { id, eventId: id });
            const result = { outcome: "mapped", updates: [update], warnings: [] } as const;
            return { kind: "completed", claimed: one, result };
          }),
        );
        const filters = [
          {},
          { source: "other" },
          { source: "nobody" },
          { type: rare },
          { source: "other", type: rare },
          { state: "completed" },
          { state: "failed", source: "other" },
          { to: between },
          { from: between, source: "shop" },
          { from: between, to: between },
          { contact },
          { contact, source: "other", state: "completed" },
        ] as const;
        for (const filter of filters) {
          const listed = await store.events.list(filter, 500);
          expect(await store.events.count(filter), JSON.stringify(filter)).toBe(listed.items.length);
        }
        expect(await store.events.count({ to: between })).toBe(15);
      });
    });
  });
}

import { DelayedError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { Priority } from "../../src/contact/priority.ts";
import { createShares } from "../../src/delivery/shares.ts";
import type { Store, WakeProcessor } from "../../src/store/store.ts";
import { readJobNumber, type Wake } from "../../src/store/wakes.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { ignored, isIdle, type Suite } from "./suite.ts";

/** What every engine promises: who goes first. */
export function prioritiesContract(suite: Suite): void {
  describe("priorities", () => {
    const { withStore } = suite;
    const several = (count: number) => Array.from({ length: count }, sampleContact);

    /** Takes wake-ups one by one, until nothing waits or `count` were taken. */
    async function taken(store: Store, count = Number.POSITIVE_INFINITY, run?: WakeProcessor) {
      const contacts: ContactRef[] = [];
      const worker = store.startWorker(
        async (job, token) => {
          if (contacts.length < count) contacts.push(job.data.contact);
          await run?.(job, token);
        },
        { concurrency: 1 },
      );
      try {
        await until(
          async () => contacts.length >= count || isIdle(await store.counts()),
          20_000,
          "all wake-ups to be taken",
        );
      } finally {
        await worker.close();
      }
      return contacts;
    }

    /** One event that concerns the contact, the whole way to its mailbox. */
    async function map(store: Store, contact: ContactRef, priority?: Priority): Promise<readonly Wake[]> {
      const given = priority ? { priority } : {};
      const event = sampleEvent(given);
      await store.events.accept([event]);
      const claimed = await store.events.claim(10);
      const update = sampleUpdate(contact, { firstName: "Ann" }, { eventId: event.id, ...given });
      return await store.events.conclude(
        claimed.map((one) => {
          const result = { outcome: "mapped", updates: [update], warnings: [] } as const;
          return { kind: "completed", claimed: one, result };
        }),
      );
    }

    it("a higher priority goes first; of the same, who has waited longest", async () => {
      await withStore({}, async ({ store }) => {
        const [low, normal, high] = [several(3), several(3), several(3)];
        for (const contact of low) await store.wake(contact, "low");
        for (const contact of normal) await store.wake(contact);
        for (const contact of high) await store.wake(contact, "high");
        expect((await store.counts()).contacts).toMatchObject({ waiting: 9, active: 0 });
        expect(await store.due()).toContain("contacts");
        expect(await taken(store)).toEqual([...high, ...normal, ...low]);
      });
    });

    it("a contact that waits moves forward when something of a higher priority comes, with all that waits for it", async () => {
      await withStore({}, async ({ store }) => {
        const [before, contact, behind] = [several(3), sampleContact(), several(3)];
        for (const other of [...before, contact, ...behind]) {
          await store.wakeAll(await map(store, other, "low"));
        }
        const wakes = await map(store, contact, "high");
        expect(wakes).toEqual([{ contact, priority: "high", raises: true }]);
        await store.wakeAll(wakes);
        await store.wakeAll(await map(store, contact, "low"));
        expect((await store.counts()).contacts.waiting).toBe(7);
        let waited: readonly (Priority | undefined)[] = [];
        const order = await taken(store, undefined, async (job) => {
          if (job.data.contact !== contact) return;
          waited = (await store.mailbox.read(contact)).waiting.map(({ priority }) => priority);
          expect(readJobNumber(job.priority).priority).toBe("high");
        });
        expect(order).toEqual([contact, ...before, ...behind]);
        expect(waited.filter((priority) => priority === "high").length).toBe(1);
        expect(waited.length).toBe(3);
      });
    });

    it("the highest of what waits is known, and what has only become lower moves nobody", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const settle = async (keep?: Priority) => {
          const { waiting } = await store.mailbox.read(contact);
          const done = waiting.filter(({ priority }) => keep === undefined || priority !== keep);
          await store.mailbox.settle(contact, { done: done.map(({ id }) => id), applied: {} });
        };
        const highest = async () => (await store.mailbox.priorities([contact])).get(contact);
        expect(await map(store, contact)).toEqual([{ contact, priority: "normal", raises: false }]);
        expect(await map(store, contact, "low")).toEqual([{ contact, priority: "normal", raises: false }]);
        expect(await highest()).toBeUndefined();
        await settle("low");
        expect(await highest()).toBe("low");
        expect(await map(store, contact)).toEqual([{ contact, priority: "normal", raises: true }]);
        expect(await map(store, contact, "high")).toEqual([{ contact, priority: "high", raises: true }]);
        expect(await map(store, contact, "low")).toEqual([{ contact, priority: "high", raises: false }]);
        expect(await highest()).toBe("high");
        await settle("low");
        expect(await highest()).toBe("low");
        await settle();
        expect(await highest()).toBeUndefined();
        expect(await map(store, contact)).toEqual([{ contact, priority: "normal", raises: false }]);
        await store.mailbox.post([sampleUpdate(contact, {}, { priority: "high" })]);
        expect(await highest()).toBe("high");
        await store.erase(contact);
        expect(await highest()).toBeUndefined();
      });
    });

    it("what comes while a contact is worked on is not held back by something lower that comes after it", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await store.wake(contact, "low");
        const runs: Priority[] = [];
        let letGo: () => void = () => undefined;
        const held = new Promise<void>((resolve) => (letGo = resolve));
        const worker = store.startWorker(
          async (job) => {
            runs.push(readJobNumber(job.priority).priority);
            if (runs.length === 1) await held;
          },
          { concurrency: 1 },
        );
        try {
          await until(() => runs.length === 1, 20_000, "the first run");
          await store.wakeAll(await map(store, contact, "high"));
          await store.wakeAll(await map(store, contact, "low"));
          letGo();
          await until(() => runs.length === 2, 20_000, "the run after it");
        } finally {
          letGo();
          await worker.close();
        }
        expect(runs).toEqual(["low", "high"]);
      });
    });

    it("a contact that was put off keeps its delay, and goes first when that is over", async () => {
      await withStore({}, async ({ store }) => {
        const [contact, others] = [sampleContact(), several(2)];
        await store.wake(contact, "low");
        await taken(store, 1, async (job, token) => {
          await job.moveToDelayed(Date.now() + 1_000, token);
          throw new DelayedError();
        });
        await store.wake(contact, "high");
        expect((await store.counts()).contacts).toMatchObject({ waiting: 0, delayed: 1 });
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        for (const other of others) await store.wake(other, "normal");
        expect((await taken(store))[0]).toBe(contact);
      });
    });

    it("so many of each lower priority as are let forward go before all others, and keep their class", async () => {
      await withStore({}, async ({ store }) => {
        const [low, normal, high] = [several(3), several(3), several(3)];
        for (const contact of low) await store.wake(contact, "low");
        for (const contact of normal) await store.wake(contact);
        for (const contact of high) await store.wake(contact, "high");
        expect(await store.letForward({ normal: 1, low: 2 })).toEqual({ normal: 1, low: 2 });
        const classes: Priority[] = [];
        const order = await taken(store, undefined, async (job) => {
          classes.push(readJobNumber(job.priority).priority);
        });
        expect(order).toEqual([normal[0], low[0], low[1], ...high, normal[1], normal[2], low[2]]);
        expect(classes.slice(0, 4)).toEqual(["normal", "low", "low", "high"]);
        expect(await store.letForward({ normal: 5, low: 5 })).toEqual({ normal: 0, low: 0 });
      });
    });

    it("while higher ones never end, each lower priority has at least a tenth", async () => {
      await withStore({}, async ({ store }) => {
        let now = 0;
        const shares = createShares(
          store,
          () => (now += 1_000),
          (error) => expect.unreachable(String(error)),
        );
        const counts = { high: 0, normal: 0, low: 0 };
        await store.wakeAll(
          several(60).map((contact, index) => ({
            contact,
            priority: index % 2 === 0 ? "low" : "normal",
            raises: false,
          })),
        );
        const endless = () => store.wake(sampleContact(), "high");
        for (let waiting = 0; waiting < 5; waiting += 1) await endless();
        await taken(store, 200, async (job) => {
          const { priority, forward } = readJobNumber(job.priority);
          if (counts.high + counts.normal + counts.low < 200) counts[priority] += 1;
          shares.taken(priority, forward);
          if (priority === "high") await endless();
        });
        expect(counts.normal).toBeGreaterThanOrEqual(20);
        expect(counts.low).toBeGreaterThanOrEqual(20);
        expect(counts.high).toBeGreaterThanOrEqual(140);
      });
    });

    it("events of a higher priority are claimed first, and in a backlog others all the same", async () => {
      await withStore({}, async ({ store }) => {
        const events = (count: number, priority?: Priority) =>
          Array.from({ length: count }, () => sampleEvent(priority ? { priority } : {}));
        const [low, normal, high] = [events(30, "low"), events(30), events(200, "high")];
        await store.events.accept([...low, ...normal]);
        const few = events(3, "high");
        await store.events.accept(few);
        expect((await store.events.claim(4)).map(({ event }) => event)).toEqual([...few, normal[0]]);
        await store.events.accept(high);
        const classes = { high: 0, normal: 0, low: 0 };
        const claimed = [];
        for (let claim = 0; claim < 18; claim += 1) {
          const batch = await store.events.claim(10);
          const [first] = batch;
          if (first) classes[first.event.priority ?? "normal"] += 1;
          claimed.push(...batch);
        }
        expect(classes).toEqual({ high: 16, normal: 1, low: 1 });
        expect(claimed.slice(0, 10).map(({ event }) => event)).toEqual(high.slice(0, 10));
      });
    });

    it("an event keeps its priority when it is tried again; a replay may have another", async () => {
      await withStore({}, async ({ store }) => {
        const [lead, order] = [sampleEvent({ priority: "high" }), sampleEvent()];
        await store.events.accept([order, lead]);
        const next = async () => {
          const [claimed] = await store.events.claim(1);
          if (!claimed) throw new Error("an event was to be there");
          return claimed;
        };
        const first = await next();
        expect(first.event).toEqual(lead);
        await store.events.conclude([{ kind: "failed", claimed: first, reason: "no" }]);
        expect(await store.events.retry(lead.id)).toBe(true);
        const again = await next();
        expect(again.event).toMatchObject({ id: lead.id, priority: "high" });
        await store.events.conclude([{ kind: "completed", claimed: again, result: ignored }]);
        expect(await store.events.replay(lead.id, "low")).toBe(true);
        expect((await store.events.find(lead.id))?.event).toMatchObject({ priority: "low", replay: 1 });
        const other = await next();
        expect(other.event).toEqual(order);
        await store.events.conclude([{ kind: "released", claimed: other }]);
        expect((await next()).event.id).toBe(order.id);
        const replayed = await next();
        expect(replayed.event).toMatchObject({ id: lead.id, priority: "low" });
        await store.events.conclude([{ kind: "completed", claimed: replayed, result: ignored }]);
        expect(await store.events.replay(lead.id)).toBe(true);
        expect((await next()).event).toMatchObject({ priority: "high", replay: 2 });
      });
    });

    it("lists of what waits go through all of it, whatever the priorities", async () => {
      await withStore({}, async ({ store }) => {
        const priorities = [undefined, "low", "high", undefined, "high", "low"] as const;
        const events = priorities.map((priority) => sampleEvent(priority ? { priority } : {}));
        await store.events.accept(events);
        const met: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.events.list({ state: "waiting" }, 2, cursor);
          met.push(...page.items.map(({ id }) => id));
          cursor = page.next;
        } while (cursor !== undefined);
        expect(met).toEqual([5, 1, 3, 0, 4, 2].map((index) => events[index]?.id));
      });
    });

    it("outlives a restart, with what waits and with what is to be mapped", async () => {
      await withStore({}, async (opened) => {
        let { store } = opened;
        const [low, high] = [sampleContact(), sampleContact()];
        await store.wakeAll(await map(store, low, "low"));
        await store.wakeAll(await map(store, high, "high"));
        const [order, lead] = [sampleEvent({ priority: "low" }), sampleEvent({ priority: "high" })];
        await store.events.accept([order, lead]);
        if (opened.reopen) store = await opened.reopen();
        expect((await store.mailbox.read(high)).waiting).toMatchObject([{ priority: "high" }]);
        expect(await store.mailbox.priorities([low, high, sampleContact()])).toEqual(
          new Map([
            [low, "low"],
            [high, "high"],
          ]),
        );
        expect((await store.events.claim(10)).map(({ event }) => event)).toEqual([lead, order]);
        expect(await taken(store)).toEqual([high, low]);
      });
    });

    it("moves to another store with everything else", async () => {
      await withStore({}, async ({ store: from }) => {
        await withStore({}, async ({ store: to }) => {
          const [low, high] = [sampleContact(), sampleContact()];
          await from.wakeAll(await map(from, low, "low"));
          await from.wakeAll(await map(from, high, "high"));
          const [order, lead] = [sampleEvent({ priority: "low" }), sampleEvent({ priority: "high" })];
          await from.events.accept([order, lead]);
          for await (const record of from.archive.export()) await to.archive.import([record]);
          expect((await to.mailbox.priorities([low, high])).get(high)).toBe("high");
          expect((await to.events.claim(10)).map(({ event }) => event)).toEqual([lead, order]);
          expect(await taken(to)).toEqual([high, low]);
        });
      });
    });
  });
}

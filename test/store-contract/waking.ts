import { DelayedError, UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact } from "../helpers/store-samples.ts";
import { gatedWorker, isIdle, type Suite } from "./suite.ts";

/** What every engine promises: waking contacts. */
export function wakingContract(suite: Suite): void {
  describe("waking contacts", () => {
    const { withStore } = suite;
    it("however often a contact is woken, it runs one at a time, and once more after the last wake", async () => {
      await withStore({}, async ({ store }) => {
        const contacts = Array.from({ length: 4 }, sampleContact);
        const running = new Map<ContactRef, number>();
        const started = new Map<ContactRef, number>();
        let most = 0;
        let runs = 0;
        const worker = store.startWorker(
          async ({ data: { contact } }) => {
            const now = (running.get(contact) ?? 0) + 1;
            running.set(contact, now);
            started.set(contact, performance.now());
            most = Math.max(most, now);
            runs += 1;
            await new Promise((resolve) => setTimeout(resolve, 5));
            running.set(contact, now - 1);
          },
          { concurrency: 16 },
        );
        const lastWake = new Map<ContactRef, number>();
        try {
          await Promise.all(
            Array.from({ length: 64 }, async (_, n) => {
              const contact = contacts[n % contacts.length] ?? sampleContact();
              for (let turn = 0; turn < 3; turn += 1) {
                lastWake.set(contact, performance.now());
                await store.wake(contact);
              }
            }),
          );
          await until(
            async () => {
              const { waiting, active, delayed } = (await store.counts()).contacts;
              return waiting + active + delayed === 0;
            },
            20_000,
            "all runs to end",
          );
        } finally {
          await worker.close();
        }
        expect(most).toBe(1);
        expect(runs).toBeGreaterThanOrEqual(contacts.length);
        expect(runs).toBeLessThan(192);
        for (const contact of contacts) {
          expect(started.get(contact)).toBeGreaterThan(lastWake.get(contact) ?? Infinity);
        }
      });
    });

    it("waking while it waits changes nothing; waking while it runs gives exactly one more run", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
        expect((await store.counts()).contacts).toMatchObject({ waiting: 1, active: 0, delayed: 0 });
        const { entered, letGo, worker, runs } = gatedWorker(store);
        try {
          await entered(1);
          await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
          expect(runs()).toBe(1);
          letGo();
          await entered(2);
          letGo();
          await until(async () => isIdle(await store.counts()), 10_000, "the queue to be empty");
        } finally {
          letGo();
          await worker.close();
        }
        expect(runs()).toBe(2);
      });
    });

    it("wakes of a contact that was put off join it, and it runs once when its time has come", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        let runs = 0;
        await store.wake(contact);
        const worker = store.startWorker(
          async (job, token) => {
            runs += 1;
            if (runs > 1) {
              expect(job.data).toEqual({ contact, busy: 1 });
              return;
            }
            await job.updateData({ contact, busy: 1 });
            await job.moveToDelayed(Date.now() + 1_500, token);
            throw new DelayedError();
          },
          { concurrency: 4 },
        );
        try {
          await until(async () => (await store.counts()).contacts.delayed === 1, 10_000, "the delay");
          await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
          expect((await store.counts()).contacts).toMatchObject({ waiting: 0, active: 0, delayed: 1 });
          expect(runs).toBe(1);
          await until(async () => isIdle(await store.counts()), 15_000, "the run after the delay");
        } finally {
          await worker.close();
        }
        expect(runs).toBe(2);
      });
    });

    it("a contact whose job failed for good keeps what it parked and can be woken again", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        let runs = 0;
        await store.wake(contact);
        const worker = store.startWorker(
          async () => {
            runs += 1;
            if (runs === 1) throw new UnrecoverableError("refused");
          },
          { concurrency: 1 },
        );
        try {
          await until(async () => (await store.counts()).contacts.failed === 1, 10_000, "the failure");
          await store.wake(contact);
          await until(() => runs === 2, 10_000, "the second run");
          await until(async () => isIdle(await store.counts()), 10_000, "the end");
        } finally {
          await worker.close();
        }
        expect((await store.counts()).contacts).toMatchObject({ failed: 1, completed: 0 });
      });
    });
  });
}

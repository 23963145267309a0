import { DelayedError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleUpdate } from "../helpers/store-samples.ts";
import type { Suite } from "./suite.ts";

const hourMs = 3_600_000;

/** What every engine promises: contacts that the API does not have. */
export function missingContract(suite: Suite): void {
  describe("contacts that the API does not have", () => {
    it("are found by any of their names, as long as these are remembered", async () => {
      const { mailbox } = suite.store();
      const [contact, other] = [sampleContact(), sampleContact()];
      const name: ContactRef = `email:${contact.slice(contact.indexOf(":") + 1)}@example.com`;
      await mailbox.awaitContact(contact, [contact, name]);
      expect(await mailbox.awaiting([name]), "nothing waits yet").toEqual([]);
      await mailbox.post([sampleUpdate(contact)]);
      await mailbox.awaitContact(contact, [contact, name]);
      await mailbox.awaitContact(contact, [contact]);
      expect(await mailbox.awaiting([name])).toEqual([contact]);
      expect(await mailbox.awaiting([other, name, contact])).toEqual([contact]);
      expect(await mailbox.awaiting([other])).toEqual([]);
      expect(await mailbox.awaiting([])).toEqual([]);
      await mailbox.forgetAwaiting(contact);
      expect(await mailbox.awaiting([contact, name]), "it is there").toEqual([]);
    });

    it("that wait for one name are all found by it", async () => {
      const { mailbox } = suite.store();
      const [one, two] = [sampleContact(), sampleContact()];
      const name: ContactRef = `email:both-${one.slice(one.indexOf(":") + 1)}`;
      await mailbox.post([sampleUpdate(one), sampleUpdate(two)]);
      await mailbox.awaitContact(one, [one, name]);
      await mailbox.awaitContact(two, [name]);
      expect((await mailbox.awaiting([name])).toSorted()).toEqual([one, two].toSorted());
    });

    it("and are erased when nothing waits for them any more leave none of their names either", async () => {
      const store = suite.store();
      const [contact, other] = [sampleContact(), sampleContact()];
      const name: ContactRef = "email:delivered@example.com";
      const update = sampleUpdate(contact);
      await store.mailbox.post([update, sampleUpdate(other)]);
      await store.mailbox.awaitContact(contact, [contact, name]);
      await store.mailbox.awaitContact(other, [name]);
      await store.mailbox.settle(contact, { done: [update.id], applied: {} });
      await store.erase(contact);
      expect(await store.mailbox.awaiting([contact, name])).toEqual([other]);
    });

    it("and have set something aside, are busy or were just made are not woken, and keep what they hold", async () => {
      await suite.withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const item = { reason: "invalid", at: 1, attempts: 1, updates: [sampleUpdate(contact)] };
        const kinds = [{ parked: [item] }, { busy: 1 }, { failures: 1 }, { created: true }] as const;
        const contacts = kinds.map(sampleContact);
        const runs: ContactRef[] = [];
        const worker = store.startWorker(
          async (job, token) => {
            const at = contacts.indexOf(job.data.contact);
            runs.push(job.data.contact);
            await job.updateData({ contact: job.data.contact, missing: 3, ...kinds[at] });
            await job.moveToDelayed(Date.now() + hourMs, token);
            throw new DelayedError();
          },
          { concurrency: 4 },
        );
        try {
          for (const one of contacts) await store.wake(one);
          await until(
            async () => (await store.counts()).contacts.delayed === 4,
            10_000,
            "all of them to wait",
          );
          await store.wakeMissing(contacts);
          expect((await store.counts()).contacts.delayed).toBe(4);
          expect(runs).toHaveLength(4);
        } finally {
          await worker.close();
        }
      });
    });

    it("and are erased by the name that they had first leave nothing at the one that they wait by", async () => {
      await suite.withStore({}, async ({ store }) => {
        const [first, second] = [sampleContact(), sampleContact()];
        const update = sampleUpdate(first);
        const other = sampleUpdate(second);
        await store.mailbox.post([update]);
        await store.mailbox.post([{ ...update, id: `${update.id}>${first}`, contact: second }, other]);
        await store.mailbox.settle(first, { done: [update.id], applied: {} });
        await store.mailbox.awaitContact(second, [second, first]);
        await store.erase(first);
        expect((await store.mailbox.read(second)).waiting).toEqual([other]);
      });
    });

    it("and are erased leave none of their names behind", async () => {
      const store = suite.store();
      const contact = sampleContact();
      const name: ContactRef = "email:gone@example.com";
      await store.mailbox.post([sampleUpdate(contact, { email: "gone@example.com" })]);
      await store.mailbox.awaitContact(contact, [contact, name]);
      await store.erase(contact);
      expect(await store.mailbox.awaiting([contact, name])).toEqual([]);
    });

    it("are tried at once when they are woken; whoever waits for another reason goes on waiting", async () => {
      await suite.withStore({}, async ({ store }) => {
        const [missing, busy] = [sampleContact(), sampleContact()];
        const runs: ContactRef[] = [];
        const worker = store.startWorker(
          async (job, token) => {
            const { contact } = job.data;
            runs.push(contact);
            if (runs.filter((one) => one === contact).length > 1) return;
            await job.updateData(contact === missing ? { contact, missing: 7 } : { contact, busy: 1 });
            await job.moveToDelayed(Date.now() + hourMs, token);
            throw new DelayedError();
          },
          { concurrency: 2 },
        );
        try {
          await store.wake(missing);
          await store.wake(busy);
          // A run that is under way is waited for.
          await until(() => runs.length > 0, 10_000, "a run to begin");
          await store.wakeMissing([missing, busy, sampleContact()]);
          await until(
            () => runs.filter((one) => one === missing).length === 2,
            10_000,
            "the missing one to be tried",
          );
          expect(runs.filter((one) => one === busy)).toHaveLength(1);
          await until(
            async () => (await store.counts()).contacts.delayed === 1,
            10_000,
            "only the busy one to wait",
          );
        } finally {
          await worker.close();
        }
      });
    });
  });
}

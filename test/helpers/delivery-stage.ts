import type { ContactPatch } from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import { makeStamp } from "../../src/contact/stamp.ts";
import { deliverContact } from "../../src/delivery/deliver-contact.ts";
import type { ContactDelivery, Delivery, DeliveryPolicy } from "../../src/delivery/delivery.ts";
import type { SenderAnswer } from "../../src/delivery/send.ts";
import type { Mailbox, Parked } from "../../src/store/store.ts";
import { createMemoryMailbox } from "./memory-mailbox.ts";

export const contact = "email:ada@example.com";
export const ok: SenderAnswer = { kind: "ok", status: 200, contactId: 1 };
export const policy: DeliveryPolicy = {
  maxAgeMs: 3_600_000,
  busy: { firstMs: 30_000, maxMs: 300_000 },
  retry: { firstMs: 1_000, maxMs: 300_000 },
  requireFirstName: false,
};

interface DeliveryStage {
  now: number;
  readonly mailbox: Mailbox;
  sent: ContactPatch[];
  kept: Parked[];
  woken: ContactRef[];
  /** What the contact is known to be named by since. */
  renamed: ContactRef | undefined;
  answers: (patch: ContactPatch) => SenderAnswer;
  update(id: string, occurredAt: number, patch: ContactPatch): ContactUpdate;
  delivery(overrides?: Partial<DeliveryPolicy>): ContactDelivery;
  run(overrides?: Partial<DeliveryPolicy>): Promise<Delivery>;
}

/** Deliveries of one contact over a mailbox in memory; what the API answers is the test's to say. */
export function createDeliveryStage(): DeliveryStage {
  const clock = (): number => stage.now;
  const stage: DeliveryStage = {
    now: 1_000_000,
    mailbox: createMemoryMailbox(clock),
    sent: [],
    kept: [],
    woken: [],
    renamed: undefined,
    answers: () => ok,
    update(id, occurredAt, patch) {
      const stamp = makeStamp({ occurredAt, receivedAt: stage.now, id, replay: 0 });
      return { id, eventId: id, contact, patch, stamp, receivedAt: stage.now };
    },
    delivery(overrides = {}) {
      return {
        mailbox: stage.mailbox,
        send: async (_contact, _signal, compose) => {
          const patch = await compose();
          if (patch === undefined) return { kind: "nothing-to-send" };
          stage.sent.push(patch);
          return stage.answers(patch);
        },
        policy: { ...policy, ...overrides },
        clock,
        random: () => 0,
        observer: { updatesPerRequest: () => undefined, acceptedToDelivered: () => undefined },
        keep: async (parked) => void stage.kept.push(...parked),
        renamedTo: async () => stage.renamed,
        wake: async (wakes) => void stage.woken.push(...wakes.map((wake) => wake.contact)),
        signal: new AbortController().signal,
      };
    },
    run: (overrides) => deliverContact(contact, { busy: 0, failures: 0 }, stage.delivery(overrides)),
  };
  return stage;
}

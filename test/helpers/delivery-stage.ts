import type { ContactPatch } from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import { makeStamp } from "../../src/contact/stamp.ts";
import { deliverContact } from "../../src/delivery/deliver-contact.ts";
import type { Attempts, ContactDelivery, Delivery, DeliveryPolicy } from "../../src/delivery/delivery.ts";
import type { Sender, SenderAnswer } from "../../src/delivery/send.ts";
import type { Mailbox, Parked } from "../../src/store/store.ts";
import { createMemoryMailbox } from "./memory-mailbox.ts";

export const contact = "email:ada@example.com";
export const ok: SenderAnswer = { kind: "ok", status: 200, contactId: 1 };
export const policy: DeliveryPolicy = {
  maxAgeMs: 3_600_000,
  busy: { firstMs: 30_000, maxMs: 300_000 },
  retry: { firstMs: 1_000, maxMs: 300_000 },
  requireFirstName: false,
  missing: "park",
  holdMs: 15_000,
};

interface DeliveryStage {
  now: number;
  readonly mailbox: Mailbox;
  sent: ContactPatch[];
  /** What creations carried. */
  created: ContactPatch[];
  /** By which identifier each request went, those of creations too. */
  paths: ContactRef[];
  kept: Parked[];
  woken: ContactRef[];
  wokenMissing: ContactRef[];
  /** Every update that was made here: what its event was mapped to. */
  updates: ContactUpdate[];
  /** What the contact is known to be named by since. */
  renamed: ContactRef | undefined;
  answers: (patch: ContactPatch, path: ContactRef) => SenderAnswer;
  creations: (patch: ContactPatch, path: ContactRef) => SenderAnswer;
  update(id: string, occurredAt: number, patch: ContactPatch): ContactUpdate;
  delivery(overrides?: Partial<DeliveryPolicy>): ContactDelivery;
  run(overrides?: Partial<DeliveryPolicy>, attempts?: Attempts): Promise<Delivery>;
}

/** Deliveries of one contact over a mailbox in memory; what the API answers is the test's to say. */
export function createDeliveryStage(): DeliveryStage {
  const clock = (): number => stage.now;
  const sender =
    (answerTo: (patch: ContactPatch, path: ContactRef) => SenderAnswer): Sender =>
    async (path, _signal, compose, made) => {
      const patch = await compose();
      if (patch === undefined) return { kind: "nothing-to-send" };
      stage.paths.push(path);
      const answer = answerTo(patch, path);
      if (answer.kind !== "set-aside") made?.({ at: stage.now, durationMs: 5, result: answer });
      return answer;
    };
  const stage: DeliveryStage = {
    now: 1_000_000,
    mailbox: createMemoryMailbox(clock),
    sent: [],
    created: [],
    paths: [],
    kept: [],
    woken: [],
    wokenMissing: [],
    updates: [],
    renamed: undefined,
    answers: () => ok,
    creations: () => ok,
    update(id, occurredAt, patch) {
      const stamp = makeStamp({ occurredAt, receivedAt: stage.now, id, replay: 0 });
      const update = { id, eventId: id, contact, patch, stamp, receivedAt: stage.now } as const;
      stage.updates.push(update);
      return update;
    },
    delivery(overrides = {}) {
      return {
        mailbox: stage.mailbox,
        send: sender((patch, path) => {
          stage.sent.push(patch);
          return stage.answers(patch, path);
        }),
        create: sender((patch, path) => {
          stage.created.push(patch);
          return stage.creations(patch, path);
        }),
        creating: async () => undefined,
        policy: { ...policy, ...overrides },
        clock,
        random: () => 0,
        observer: { updatesPerRequest: () => undefined, acceptedToDelivered: () => undefined },
        keep: async (parked) => {
          stage.kept.push(...parked);
          return parked.map((_, index) => `dlv_1.${index}`);
        },
        wakeMissing: async (names) => void stage.wokenMissing.push(...names),
        updatesOf: async (eventId) => stage.updates.filter((update) => update.eventId === eventId),
        renamedTo: async () => stage.renamed,
        wake: async (wakes) => void stage.woken.push(...wakes.map((wake) => wake.contact)),
        signal: new AbortController().signal,
      };
    },
    run: (overrides, attempts = { busy: 0, failures: 0 }) =>
      deliverContact(contact, attempts, stage.delivery(overrides)),
  };
  return stage;
}

import type { ApiResult } from "../../src/aelyst/result.ts";
import {
  customField,
  patchEntries,
  type ContactPatch,
  type FieldValue,
} from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import { makeStamp } from "../../src/contact/stamp.ts";
import { createCircuit } from "../../src/delivery/circuit.ts";
import { deliverContact } from "../../src/delivery/deliver-contact.ts";
import type { Attempts, DeliveryPolicy } from "../../src/delivery/delivery.ts";
import { createContactPace } from "../../src/delivery/contact-pace.ts";
import { createGate, type Sleep } from "../../src/delivery/pace.ts";
import { createSuspects } from "../../src/delivery/suspects.ts";
import { createSender, type Sender, type SenderOptions } from "../../src/delivery/send.ts";
import { createPacer, startingPace } from "../../src/store/pace.ts";
import type { Mailbox, Parked } from "../../src/store/store.ts";
import { createMemoryMailbox } from "../helpers/memory-mailbox.ts";
import { createContactBook, type ContactBook } from "./contact-book.ts";
import { createVirtualTime, seededRandom } from "./virtual-time.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly contacts: number;
  readonly events: number;
  readonly crashes: number;
  /** Share of requests that do not get a plain 200. */
  readonly trouble: number;
  /** Values the API refuses, whatever else is in the request. */
  readonly refused?: (field: string, value: FieldValue) => boolean;
  /** People with a phone and an e-mail each: events name them by either, and by none that the API gives. */
  readonly people?: {
    /** Whether an event carries the other name too. */
    readonly carried: boolean;
    /** Who is at the API from the start; the others are created. */
    readonly known: (person: number) => boolean;
    /** What happens to the contacts at the API, after so many milliseconds. */
    readonly changes?: readonly { readonly afterMs: number; change(book: ContactBook): void }[];
  };
}

export interface World {
  /** Contact -> field -> value at the API at the end. */
  readonly actual: Record<string, Record<string, FieldValue>>;
  /** The same by the plain rule that the newest event of a field wins. */
  readonly expected: Record<string, Record<string, FieldValue>>;
  readonly parked: readonly Parked[];
  readonly requests: readonly { at: number; contact: string; status: string }[];
  /** Contacts that ever had two requests in flight. */
  readonly overlapping: readonly string[];
  readonly stillWaiting: number;
  readonly book: ContactBook;
  readonly updates: readonly { readonly update: ContactUpdate; readonly arrivesAt: number }[];
  readonly startedAt: number;
}

export const namesOfPerson = (person: number) =>
  [`phone:+6012345678${person}`, `email:p${person}@example.com`] as const;

const startAt = 1_700_000_000_000;
const spanMs = 60_000;
const ceiling = 20;
const contactRate = 5;
const fields = ["firstName", "lastName", "language", customField("Plan"), customField("Score")] as const;

const policy: DeliveryPolicy = {
  maxAgeMs: 365 * 86_400_000,
  busy: { firstMs: 2_000, maxMs: 10_000 },
  retry: { firstMs: 500, maxMs: 10_000 },
  requireFirstName: false,
  missing: "park",
  holdMs: 300,
};

/** The process has died: nothing it still awaits comes back. */
class Crashed extends Error {}

/** One history of events, crashes and API trouble, run to its end in virtual time. */
export async function runWorld(options: WorldOptions): Promise<World> {
  const random = seededRandom(options.seed);
  const time = createVirtualTime(startAt);
  const durable = createMemoryMailbox(time.now);
  const book = createContactBook(options.people === undefined);
  for (let person = 1; options.people && person <= options.contacts; person += 1) {
    if (options.people.known(person)) book.add(namesOfPerson(person));
  }
  const api = simulateApi();
  const parked: Parked[] = [];
  let pace = startingPace;
  let epoch = 0;
  let stopAbort = new AbortController();

  /** Each durable step may be the last one before the crash: before it, or after it but before its answer. */
  function mortal<Args extends unknown[], Result>(step: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      const born = epoch;
      await time.sleep(random() * 3);
      if (epoch !== born) throw new Crashed();
      const result = await step(...args);
      await time.sleep(random() * 3);
      if (epoch !== born) throw new Crashed();
      return result;
    };
  }

  const mailbox: Mailbox = {
    post: mortal(durable.post),
    read: mortal(durable.read),
    settle: mortal(durable.settle),
    remember: durable.remember,
    awaitContact: mortal(durable.awaitContact),
    awaiting: durable.awaiting,
    forgetAwaiting: mortal(durable.forgetAwaiting),
    hold: mortal(durable.hold),
    release: mortal(durable.release),
    eventIds: durable.eventIds,
    overdue: mortal(durable.overdue),
    priorities: mortal(durable.priorities),
    erase: mortal(durable.erase),
  };

  let [send, create] = startSenders();
  function startSenders(): [Sender, Sender] {
    const pacer = createPacer(ceiling, async (change) => {
      const changed = change(pace, time.now());
      pace = changed.pace;
      return changed.result;
    });
    const born = epoch;
    const sleep: Sleep = async (delayMs, signal) => {
      await time.sleep(delayMs);
      if (epoch !== born) throw new Crashed();
      return !signal.aborted;
    };
    const gate = createGate(pacer, ceiling, { shared: false, clock: time.now, sleep });
    const sending: SenderOptions = {
      update: async (contact, patch) => {
        const result = await api.request(contact, () => api.decide(contact, patch, book.put));
        if (epoch !== born) throw new Crashed();
        return result;
      },
      gate,
      pacer,
      circuit: createCircuit(),
      suspects: createSuspects(time.now),
      contactPace: createContactPace(contactRate, time.now),
      sleep,
      retry: policy.retry,
      authProbeMs: 5_000,
      clock: time.now,
      random,
      observer: { request: () => undefined, destination: () => undefined },
    };
    const creating: SenderOptions = {
      ...sending,
      update: async (contact, patch) => {
        const result = await api.request(contact, () => api.decide(contact, patch, book.create));
        if (epoch !== born) throw new Crashed();
        return result;
      },
    };
    return [createSender(sending), createSender(creating)];
  }

  // The contacts queue: at most one waiting and one running wake-up per contact.
  const queue = new Map<ContactRef, { waitUntil: number | undefined; active: boolean; attempts: Attempts }>();
  function wake(contact: ContactRef): void {
    const job = queue.get(contact);
    if (!job)
      queue.set(contact, { waitUntil: time.now(), active: false, attempts: { busy: 0, failures: 0 } });
    else if (job.waitUntil === undefined) job.waitUntil = time.now();
  }
  async function work(contact: ContactRef): Promise<void> {
    const job = queue.get(contact);
    if (!job) return;
    job.waitUntil = undefined;
    job.active = true;
    let pending: readonly Parked[] = [];
    try {
      const result = await deliverContact(contact, job.attempts, {
        mailbox,
        send,
        create,
        creating: mortal(async (wrote) => {
          job.attempts = { ...job.attempts, wrote };
        }),
        policy: options.people ? { ...policy, missing: "create", maxAgeMs: 600_000 } : policy,
        clock: time.now,
        random,
        observer: { updatesPerRequest: () => undefined, acceptedToDelivered: () => undefined },
        wakeMissing: async (names) => {
          for (const other of await durable.awaiting(names)) wake(other);
        },
        updatesOf: async (eventId) =>
          updates.flatMap(({ update }) => (update.eventId === eventId ? [update] : [])),
        renamedTo: async () => undefined,
        wake: async (wakes) => {
          for (const other of wakes) wake(other.contact);
        },
        keep: async (items) => {
          pending = items;
          return items.map((_, index) => `dlv_1.${index}`);
        },
        signal: stopAbort.signal,
      });
      job.active = false;
      if (result.kind === "wait") {
        job.attempts = result.attempts;
        job.waitUntil ??= time.now() + result.delayMs;
      } else if (result.kind === "interrupted") job.waitUntil ??= time.now();
      else job.attempts = { busy: 0, failures: 0 };
      if (result.kind === "parked") parked.push(...pending);
      if (result.kind === "parked" && result.remaining) wake(contact);
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
      // A run that had parked and was cut off posts everything back when it is run again.
      await durable.post(pending.flatMap((item) => item.updates));
      job.active = false;
      job.waitUntil = time.now();
    }
    if (job.waitUntil === undefined) queue.delete(contact);
  }

  let remainingEvents = options.events;
  async function runWorkers(): Promise<void> {
    for (;;) {
      for (const [contact, job] of queue) {
        if (!job.active && job.waitUntil !== undefined && job.waitUntil <= time.now())
          void work(contact).catch(fail);
      }
      if (failure !== undefined) throw failure;
      if (remainingEvents === 0 && queue.size === 0) return;
      await time.sleep(5);
    }
  }
  let failure: Error | undefined;
  function fail(error: unknown): void {
    failure = error instanceof Error ? error : new Error(String(error));
  }

  function simulateApi() {
    const requests: { at: number; contact: string; status: string }[] = [];
    const inFlight = new Map<string, number>();
    const overlapping: string[] = [];
    let unauthorizedUntil = 0;
    let limitedUntil = 0;

    function decide(contact: string, patch: ContactPatch, write: ContactBook["put"]): ApiResult {
      const now = time.now();
      if (now < unauthorizedUntil) return { kind: "unauthorized", status: 401, message: "UN_AUTHORIZED" };
      if (now < limitedUntil) return { kind: "limited", status: 429, retryAfterMs: limitedUntil - now };
      const bad = patchEntries(patch).some(([field, value]) => options.refused?.(field, value) === true);
      const lot = random() / (options.trouble || Number.MIN_VALUE);
      const lost = { kind: "unavailable", status: undefined, retryAfterMs: undefined } as const;
      if (lot < 0.2) return { kind: "busy", status: 449, retryAfterMs: undefined };
      if (lot < 0.4) {
        return {
          kind: "unavailable",
          reason: "status",
          status: 500,
          message: "500",
          retryAfterMs: undefined,
        };
      }
      if (lot < 0.55) {
        limitedUntil = now + random() * 3_000;
        return {
          kind: "limited",
          status: 429,
          retryAfterMs: random() < 0.5 ? limitedUntil - now : undefined,
        };
      }
      if (lot < 0.65) {
        unauthorizedUntil = now + random() * 20_000;
        return { kind: "unauthorized", status: 401, message: "UN_AUTHORIZED" };
      }
      if (bad) return { kind: "invalid", status: 400, message: "Validation error." };
      // The answer is lost on its way back, or the request never arrives.
      if (lot < 0.8) return { ...lost, reason: "network", message: "reset before" };
      const written = write(contact, patch);
      if (lot < 1) return { ...lost, reason: "network", message: "reset after" };
      switch (written.kind) {
        case "ok":
          return { kind: "ok", status: 200, contactId: written.contactId };
        case "not-found":
          return { kind: "not-found", status: 404, message: "Contact not found!" };
        case "taken":
          return { kind: "taken", status: 400, message: "already connected", contactId: written.contactId };
        case "nameless":
          return { kind: "invalid", status: 400, message: "Validation error." };
      }
    }

    return {
      requests,
      overlapping,
      decide,
      async request(contact: string, answer: () => ApiResult): Promise<ApiResult> {
        const count = (inFlight.get(contact) ?? 0) + 1;
        inFlight.set(contact, count);
        if (count > 1) overlapping.push(contact);
        const sentAt = time.now();
        await time.sleep(random() * 50);
        const result = answer();
        requests.push({ at: sentAt, contact, status: String(result.status ?? result.kind) });
        inFlight.set(contact, count - 1);
        await time.sleep(random() * 50);
        return result;
      },
    };
  }

  const updates = makeEvents(options, random);
  async function deliverEvents(): Promise<void> {
    for (const { update, arrivesAt } of updates) {
      await time.sleep(arrivesAt - time.now());
      // Its job completes only after both, so a crash between them runs it again.
      for (let posted = false; !posted;) {
        try {
          await mailbox.post([update]);
          wake(update.contact);
          posted = true;
        } catch (error) {
          if (!(error instanceof Crashed)) throw error;
        }
      }
      remainingEvents -= 1;
    }
  }
  async function crashNowAndThen(): Promise<void> {
    for (let crash = 0; crash < options.crashes; crash += 1) {
      await time.sleep((random() * 2 * spanMs) / Math.max(1, options.crashes));
      epoch += 1;
      stopAbort = new AbortController();
      [send, create] = startSenders();
    }
  }
  async function changeContacts(): Promise<void> {
    for (const { afterMs, change } of options.people?.changes ?? []) {
      await time.sleep(startAt + afterMs - time.now());
      change(book);
    }
  }

  const all = Promise.all([deliverEvents(), runWorkers(), crashNowAndThen(), changeContacts()]);
  await Promise.race([time.run(startAt + 86_400_000), all.catch(() => undefined)]);
  if (failure !== undefined) throw failure;
  let stillWaiting = 0;
  const expected: World["expected"] = {};
  for (const { update } of updates) expected[update.contact] ??= {};
  for (const contact of Object.keys(expected)) {
    stillWaiting += (await durable.read(contact as ContactRef)).waiting.length;
  }
  for (const { update } of [...updates].sort((a, b) => (a.update.stamp < b.update.stamp ? -1 : 1))) {
    Object.assign(expected[update.contact] ?? {}, update.patch);
  }
  return {
    actual: Object.fromEntries(
      book.all().map((contact) => [`id:${contact.id}`, Object.fromEntries(contact.fields)]),
    ),
    expected,
    parked,
    requests: api.requests,
    overlapping: api.overlapping,
    stillWaiting,
    book,
    updates,
    startedAt: startAt,
  };
}

/** Events of few distinct seconds, some arriving late, some twice, in bursts and in any order. */
function makeEvents(options: WorldOptions, random: () => number) {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const events = Array.from({ length: options.events }, (_, index) => {
    const person = 1 + Math.floor(random() * options.contacts);
    const names = namesOfPerson(person);
    const contact: ContactRef = options.people ? pick(names) : `id:${person}`;
    const arrivesAt = startAt + Math.floor(random() * spanMs);
    const occurredAt = Math.floor((arrivesAt - random() * random() * spanMs) / 1_000) * 1_000;
    const id = `evt_${String(Math.floor(random() * 1e9)).padStart(9, "0")}_${index}`;
    const patch: Record<string, FieldValue> = {};
    for (const field of fields) {
      if (random() < 0.4) patch[field] = field !== "firstName" && random() < 0.1 ? null : `${field} ${index}`;
    }
    if (Object.keys(patch).length === 0) patch[pick(fields)] = `only ${index}`;
    if (options.people?.carried) {
      for (const name of names) patch[name.slice(0, name.indexOf(":"))] = name.slice(name.indexOf(":") + 1);
    }
    const stamp = makeStamp({ occurredAt, receivedAt: arrivesAt, id, replay: 0 });
    const update: ContactUpdate = { id, eventId: id, contact, patch, stamp, receivedAt: arrivesAt };
    return { update, arrivesAt };
  });
  const repeated = events.slice(0, Math.floor(events.length / 5)).map(({ update, arrivesAt }) => ({
    update,
    arrivesAt: arrivesAt + Math.floor(random() * spanMs),
  }));
  const all = [...events, ...repeated].sort((a, b) => a.arrivesAt - b.arrivesAt);
  return all.slice(0, options.events);
}

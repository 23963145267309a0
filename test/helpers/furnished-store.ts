import { DelayedError, UnrecoverableError } from "bullmq";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { RelayEvent } from "../../src/contact/event.ts";
import type { ArchiveRecord } from "../../src/store/archive-port.ts";
import type { EventResult } from "../../src/store/event-log.ts";
import type { Parked, Store } from "../../src/store/store.ts";
import { storable } from "../../src/store/storable.ts";
import { startEventWorker } from "../store-contract/suite.ts";
import { until } from "./relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt, sampleNote } from "./store-samples.ts";

const hostile = "a\0b\ud800 'quoted' ]] 👩‍👩‍👧";

export interface Furnishing {
  readonly completed: readonly RelayEvent[];
  readonly failed: RelayEvent;
  readonly replayed: RelayEvent;
  readonly delayed: RelayEvent;
  /** Oldest first. */
  readonly waiting: readonly RelayEvent[];
  /** Something was applied and something waits. */
  readonly both: ContactRef;
  /** Waits with a delay and counters of its own. */
  readonly busy: ContactRef;
  readonly parked: ContactRef;
  readonly parkedPieces: readonly Parked[];
}

const dueInMs = 3_600_000;

/** Puts one of everything into a store that is empty, through workers as a relay would. */
export async function furnish(store: Store): Promise<Furnishing> {
  const completed = [sampleEvent(), sampleEvent({ payload: String.raw`{"firstName":"a\u0000b"}` })];
  const [failed, replayed, delayed] = [sampleEvent(), sampleEvent(), sampleEvent()];
  await store.events.accept([...completed, failed, replayed, delayed]);
  const result: EventResult = {
    outcome: "mapped",
    updates: [sampleUpdate(sampleContact(), { firstName: "Ann", "custom_fields.Total": 1.5 })],
    warnings: [],
  };
  const eventWorker = startEventWorker(store, async ({ id, replay }) => {
    if (id === failed.id) throw new UnrecoverableError(`the mapping is wrong: ${hostile}`);
    if (id === replayed.id && replay === 1) throw new UnrecoverableError("again");
    if (id === delayed.id) return { putOff: { delayMs: dueInMs, reason: "its time" } };
    return result;
  });
  const settled = async (count: number) => {
    const { waiting, active } = (await store.counts()).events;
    return waiting + active === 0 && (await store.counts()).events.failed === count;
  };
  await until(() => settled(1), 20_000, "the events to end");
  await store.events.replay(replayed.id);
  await until(() => settled(2), 20_000, "the replay to fail");
  await eventWorker.close();
  const waiting = Array.from({ length: 5 }, () => sampleEvent());
  for (const event of waiting) await store.events.accept([event]);

  await store.audit.record({ at: Date.now(), who: "operator", action: "retry", target: "dlv_1.0" });
  const [both, busy, parked] = [sampleContact(), sampleContact(), sampleContact()];
  const trace = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "vendor=1" };
  const first = sampleUpdate(both, { firstName: "Ann", email: null }, { trace });
  const second = sampleUpdate(both, { "custom_fields.Größe": "x\0y" }, { stamp: stampAt(1_800_000_000_000) });
  await store.mailbox.post([first, second, sampleUpdate(busy)]);
  await store.mailbox.settle(both, {
    done: [first.id],
    applied: { firstName: { stamp: first.stamp, eventId: first.eventId } },
    notes: [sampleNote({ fields: [{ field: "firstName", eventId: first.eventId }] })],
  });
  const updates = [sampleUpdate(parked), sampleUpdate(parked, { email: null })];
  const parkedPieces = updates.map((update, at): Parked => {
    return { reason: "refused", status: 400, message: `no ${at}`, at: 7, attempts: 3, updates: [update] };
  });
  for (const contact of [parked, busy]) await store.wake(contact);
  const contactWorker = store.startWorker(
    async (job, token) => {
      const { contact } = job.data;
      if (contact !== parked && contact !== busy) {
        const [update] = (await store.mailbox.read(contact)).waiting;
        if (!update) return;
        const { id, stamp, eventId } = update;
        const notes = [sampleNote({ fields: [{ field: "firstName", eventId }] })];
        await store.mailbox.settle(contact, {
          done: [id],
          applied: { firstName: { stamp, eventId } },
          notes,
        });
        return;
      }
      if (contact === parked) {
        await job.updateData({ contact: parked, parked: parkedPieces });
        throw new UnrecoverableError("refused");
      }
      await job.updateData({ contact, busy: 2, failures: 4 });
      await job.moveToDelayed(Date.now() + dueInMs, token);
      throw new DelayedError();
    },
    { concurrency: 1 },
  );
  await until(
    async () => {
      const { failed: set, delayed: later, waiting: left, active } = (await store.counts()).contacts;
      return set === 1 && later === 1 && left + active === 0;
    },
    20_000,
    "the contacts to be set aside",
  );
  await contactWorker.close();
  await store.wake(both);
  await store.pacer.pause(dueInMs, "unauthorized");
  return { completed, failed, replayed, delayed, waiting, both, busy, parked, parkedPieces };
}

export async function recordsOf(store: Store): Promise<ArchiveRecord[]> {
  const records: ArchiveRecord[] = [];
  for await (const record of store.archive.export()) records.push(record);
  return records;
}

/** The same for every engine: order only where it matters, text as every engine can keep it, a pause without its end. */
export function comparable(records: readonly ArchiveRecord[]): Record<string, unknown> {
  const inTurn = records.flatMap((record) =>
    record.kind === "event" && record.state === "waiting" ? [record.event.id] : [],
  );
  const entries = records.map((record): [string, unknown] => {
    switch (record.kind) {
      case "pace":
        return ["pace", { reason: record.pause?.reason, forMs: record.pause?.forMs }];
      case "audit":
        return [`audit ${record.entry.id}`, record];
      case "group":
        return [`group ${record.key}`, record];
      case "window":
        return [`window ${record.id}`, record];
      case "parking":
        return [`parking ${record.id}`, storable(record)];
      case "event":
        return [`event ${record.event.id}`, storable(record)];
      case "mailbox": {
        const { waiting, applied, eventIds } = record;
        return [
          `mailbox ${record.contact}`,
          {
            ...record,
            applied: { ...applied },
            waiting: waiting.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
            eventIds: eventIds.toSorted(),
          },
        ];
      }
    }
  });
  return { inTurn, ...Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

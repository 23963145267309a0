// Puts the past into a store: events that are done, events and deliveries that are parked, contacts that were delivered.
import { createHash } from "node:crypto";
import { monotonicFactory } from "ulid";
import { openStore } from "./fill.mjs";
import { orderBody } from "./orders.mjs";

const batch = 250;
const types = ["orders/create", "orders/updated", "customers/update"];
const troubles = [
  "no such field: custom_fields.Plan",
  "the expression of firstName failed",
  "unreadable-identifier: billing_address.phone is no phone number of GB",
];

function stampOf({ occurredAt, receivedAt, id }) {
  const time = String(occurredAt).padStart(15, "0");
  return `${time}-${String(receivedAt).padStart(15, "0")}-${id}-000000`;
}

/** Events of the last day, one after the other; the last of them are parked. */
function* eventsOf({ events, parkedEvents, now }) {
  const nextId = monotonicFactory();
  const dayMs = 86_400_000;
  for (let number = 0; number < events; number += 1) {
    const at = Math.floor(now - dayMs + (number / events) * (dayMs - 60_000));
    const payload = orderBody(number, { now: at });
    const event = {
      id: `evt_${nextId(at)}`,
      source: "shopify",
      provider: "shopify",
      identity: createHash("sha256").update(payload).digest("base64url"),
      type: types[number % types.length],
      attributes: {},
      occurredAt: at,
      receivedAt: at,
      replay: 0,
      payload,
    };
    const record = { kind: "event", event, attempts: 1, acceptedAt: at, finishedAt: at + 50, claimed: true };
    if (number >= events - parkedEvents) {
      yield { ...record, state: "failed", failure: troubles[number % troubles.length] };
      continue;
    }
    const contact = `email:person${number}@example.com`;
    const patch = { firstName: "Ada", lastName: `N${number}`, email: `person${number}@example.com` };
    const update = {
      id: `${event.id}/0/${contact}`,
      eventId: event.id,
      contact,
      patch,
      stamp: stampOf(event),
      receivedAt: at,
    };
    yield { ...record, state: "completed", result: { outcome: "mapped", updates: [update], warnings: [] } };
  }
}

function mailboxOf({ event, result }) {
  const [{ contact, patch, stamp }] = result.updates;
  const fields = Object.keys(patch).map((field) => ({ field, eventId: event.id }));
  return {
    kind: "mailbox",
    contact,
    waiting: [],
    applied: Object.fromEntries(fields.map(({ field, eventId }) => [field, { stamp, eventId }])),
    history: [{ at: event.receivedAt + 60, outcome: "applied", durationMs: 30, status: 200, fields }],
    eventIds: [event.id],
    expiresAt: Date.now() + 86_400_000,
  };
}

function parkingOf({ event, result }, number) {
  const { updates } = result;
  const at = event.receivedAt + 100;
  const message = `"plan-${number}" is not an option of Plan`;
  const item = { reason: "invalid", status: 422, message, at, attempts: 1, updates, fields: ["lastName"] };
  return {
    kind: "parking",
    id: String(number + 1),
    data: { contact: updates[0].contact, parked: [item] },
    failure: "parked",
    attempts: 1,
    acceptedAt: at,
    finishedAt: at,
  };
}

/** What was counted in each minute of the last day, as a relay with one source counts it. */
function* minutesOf({ events, now }) {
  const minutes = 24 * 60;
  const many = Math.round(events / minutes);
  const last = Math.floor(now / 60_000);
  for (let minute = last - minutes + 1; minute <= last; minute += 1) {
    const counts = {
      "event accepted shopify": many,
      "event duplicate shopify": 1,
      "mapping mapped shopify": many,
      "request 200 ": many,
      "request 429 ": 1,
      "delivered  ": many,
      "delay  ": many * 300,
      "within 3 ": Math.ceil(many / 2),
      "within 4 ": Math.floor(many / 3),
      "within 7 ": 2,
    };
    for (const [name, count] of Object.entries(counts)) yield { minute, name, count };
  }
}

/** Answers what the pages are asked for: an event, a contact and a source of it. */
export async function fillPast(target, directory, { events, parked, mailboxes = 2_000 }) {
  const store = await openStore(target, directory);
  const parkedEvents = Math.floor(parked / 2);
  const delivered = [];
  let page = [];
  const flush = async () => {
    if (page.length > 0) await store.archive.import(page);
    page = [];
  };
  for (const record of eventsOf({ events, parkedEvents, now: Date.now() })) {
    page.push(record);
    if (record.state === "completed" && delivered.length < mailboxes) delivered.push(record);
    if (page.length === batch) await flush();
  }
  await flush();
  for (let from = 0; from < delivered.length; from += batch) {
    await store.archive.import(delivered.slice(from, from + batch).map(mailboxOf));
  }
  const set = delivered.slice(0, parked - parkedEvents).map(parkingOf);
  for (let from = 0; from < set.length; from += batch) {
    await store.archive.import(set.slice(from, from + batch));
  }
  const counted = [...minutesOf({ events, now: Date.now() })];
  for (let from = 0; from < counted.length; from += 1_000) {
    await store.numbers.add(counted.slice(from, from + 1_000));
  }
  const [item] = (await store.failures.list(1)).items;
  await store.close(60_000);
  const some = delivered.at(-1);
  return { event: some.event.id, contact: some.result.updates[0].contact, parked: item.id };
}

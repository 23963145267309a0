import { createHash, randomBytes } from "node:crypto";
import type { ContactPatch } from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate, RelayEvent } from "../../src/contact/event.ts";
import { makeStamp, type Stamp } from "../../src/contact/stamp.ts";
import type { DeliveryNote, StoreOptions } from "../../src/store/store.ts";

let count = 0;

export function unique(): string {
  count += 1;
  return `${count}${randomBytes(4).toString("hex")}`;
}

export function sampleOptions(overrides: Partial<StoreOptions> = {}): StoreOptions {
  return {
    prefix: `t${unique()}`,
    ceiling: 50,
    retentionMs: 60_000,
    retentionEvents: 1_000,
    onError: () => undefined,
    ...overrides,
  };
}

export function sampleEvent(overrides: Partial<RelayEvent> = {}): RelayEvent {
  const id = `evt_${unique()}`;
  return {
    id,
    source: "shop",
    provider: "shopify",
    identity: createHash("sha256").update(id).digest("hex"),
    type: "orders/create",
    attributes: {},
    occurredAt: 1_700_000_000_000,
    receivedAt: 1_700_000_000_500,
    replay: 0,
    payload: `{"email":"ann@example.com"}`,
    ...overrides,
  };
}

export function sampleContact(): ContactRef {
  return `email:${unique()}@example.com`;
}

export function stampAt(occurredAt: number, id = "evt_a"): Stamp {
  return makeStamp({ occurredAt, receivedAt: occurredAt, id, replay: 0 });
}

export function sampleUpdate(
  contact: ContactRef,
  patch: ContactPatch = { firstName: "Ann" },
  overrides: Partial<ContactUpdate> = {},
): ContactUpdate {
  const eventId = `evt_${unique()}`;
  return {
    id: `${eventId}/0/${contact}`,
    eventId,
    contact,
    patch,
    stamp: stampAt(1_700_000_000_000, eventId),
    receivedAt: 1_700_000_000_500,
    ...overrides,
  };
}

/** A line of history for a request of just now. */
export function sampleNote(overrides: Partial<DeliveryNote> = {}): DeliveryNote {
  const fields = [{ field: "firstName", eventId: "evt_a" }];
  return { at: Date.now(), outcome: "applied", durationMs: 12, status: 200, fields, ...overrides };
}

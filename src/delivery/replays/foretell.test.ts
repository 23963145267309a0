import { describe, expect, it } from "vitest";
import { createMemoryMailbox } from "../../../test/helpers/memory-mailbox.ts";
import { sampleEvent } from "../../../test/helpers/store-samples.ts";
import type { ContactPatch } from "../../contact/contact-patch.ts";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { makeStamp } from "../../contact/stamp.ts";
import type { Mapped, Source } from "../../sources/source.ts";
import { summaryOf, type EventRecord } from "../../store/event-log.ts";
import { foretellReplay, type ForetellStore } from "./foretell.ts";

const ann: ContactRef = "email:ann@example.com";
const report = { fields: [], unusedAnswers: [] };

function updates(patch: ContactPatch, contact = ann): Mapped {
  return { kind: "update", contact, patch, warnings: [], report };
}

/** An event that gave this before. */
function recordOf(before: ContactPatch | undefined, overrides: Partial<RelayEvent> = {}): EventRecord {
  const event = sampleEvent(overrides);
  const { id } = event;
  const update = {
    id,
    eventId: id,
    contact: ann,
    patch: before ?? {},
    stamp: makeStamp(event),
    receivedAt: 1,
  };
  return {
    event,
    acceptedAt: event.receivedAt,
    state: "completed",
    attempts: 1,
    result: before
      ? { outcome: "mapped", updates: [update], warnings: [] }
      : { outcome: "ignored", reason: "no-fields", warnings: [] },
  };
}

function setUp(
  records: readonly EventRecord[],
  map: (event: RelayEvent) => Mapped,
  more: Partial<Source> = {},
) {
  const mailbox = createMemoryMailbox(() => 1);
  const fits = (record: EventRecord, state?: string) => state === undefined || record.state === state;
  const store: ForetellStore = {
    events: {
      list(filter, limit, cursor) {
        const from = Number(cursor ?? 0);
        const found = records.filter((record) => fits(record, filter.state));
        const items = found.slice(from, from + limit).map(summaryOf);
        const next = from + limit < found.length ? String(from + limit) : undefined;
        return Promise.resolve({ items, next });
      },
      count: ({ state }) => Promise.resolve(records.filter((record) => fits(record, state)).length),
      find: (id) => Promise.resolve(records.find(({ event }) => event.id === id)),
    },
    mailbox,
  };
  const source = {
    provider: { name: "shopify" },
    map: (event: RelayEvent) => Promise.resolve(map(event)),
    ...more,
  } as Partial<Source> as Source;
  const foretell = (sample = 1_000, filter = {}) =>
    foretellReplay(store, new Map([["shop", source]]), { to: 9, ...filter }, sample);
  return { mailbox, foretell };
}

describe("a dry run", () => {
  it("counts by field what would be another value, and what is as before", async () => {
    const records = [
      recordOf({ firstName: "Ann", lastName: "Lee" }),
      recordOf({ firstName: "Ann", "custom_fields.Plan": "pro" }),
      recordOf(undefined),
    ];
    const { foretell } = setUp(records, () => updates({ firstName: "Ann", "custom_fields.Plan": "pro" }));
    const foretold = await foretell();
    expect(foretold).toMatchObject({ matching: 3, lookedAt: 3, otherContact: 0 });
    expect(foretold.events).toMatchObject({ change: 2, unchanged: 1, newer: 0, ignored: 0 });
    expect(foretold.fields).toEqual({
      "custom_fields.Plan": { change: 2, newer: 0, leftOut: 0 },
      firstName: { change: 1, newer: 0, leftOut: 0 },
      lastName: { change: 0, newer: 0, leftOut: 1 },
    });
    expect(foretold.examples.unchanged).toEqual([records[1]?.event.id]);
    expect(JSON.stringify(foretold)).not.toMatch(/Ann|Lee|pro|example\.com/);
  });

  it("what newer events have set or are about to set would lose; what older ones set would not", async () => {
    const record = recordOf({}, { occurredAt: 1_000 });
    const patch = { firstName: "A", lastName: "B", language: "en", "custom_fields.Plan": "pro" } as const;
    const { mailbox, foretell } = setUp([record], () => updates(patch));
    const at = (occurredAt: number) => makeStamp({ occurredAt, receivedAt: 1, id: "evt_x", replay: 0 });
    const origin = (occurredAt: number) => ({ stamp: at(occurredAt), eventId: "evt_x" });
    await mailbox.settle(ann, {
      done: [],
      applied: {
        firstName: origin(2_000),
        lastName: origin(500),
        // What its own earlier run has set.
        language: { stamp: makeStamp(record.event), eventId: record.event.id },
      },
    });
    const waits = { id: "evt_w", eventId: "evt_w", contact: ann, receivedAt: 1 };
    await mailbox.post([{ ...waits, patch: { "custom_fields.Plan": "free" }, stamp: at(3_000) }]);
    const { events, fields } = await foretell();
    expect(events).toMatchObject({ change: 1, newer: 0 });
    expect(fields).toEqual({
      "custom_fields.Plan": { change: 0, newer: 1, leftOut: 0 },
      firstName: { change: 0, newer: 1, leftOut: 0 },
      language: { change: 1, newer: 0, leftOut: 0 },
      lastName: { change: 1, newer: 0, leftOut: 0 },
    });
  });

  it("an event whose every change would lose is no change", async () => {
    const { mailbox, foretell } = setUp([recordOf({}, { occurredAt: 1_000 })], () =>
      updates({ firstName: "A" }),
    );
    const stamp = makeStamp({ occurredAt: 2_000, receivedAt: 1, id: "evt_x", replay: 0 });
    await mailbox.settle(ann, { done: [], applied: { firstName: { stamp, eventId: "evt_x" } } });
    expect((await foretell()).events).toMatchObject({ change: 0, newer: 1 });
  });

  it("tells apart what would be ignored, parked, erased, left alone, or go to another contact", async () => {
    const outcomes: Record<string, Mapped> = {
      ignored: { kind: "ignored", reason: "no-identifier", warnings: [], report },
      unreadable: { kind: "unreadable", message: "no", warnings: [], report },
      unmappable: { kind: "failed", message: "no" },
      erase: { kind: "erase", contacts: [ann], unreadable: [] },
      other: updates({ firstName: "A" }, "email:bob@example.com"),
    };
    const typed = Object.keys(outcomes).map((type) => recordOf({ firstName: "A" }, { type }));
    const records = [
      ...typed,
      recordOf({}, { withdrawn: "erased" }),
      recordOf({}, { source: "no more there" }),
      { ...recordOf(undefined), state: "active" as const },
    ];
    const { foretell } = setUp(records, ({ type }) => outcomes[type] ?? updates({}));
    const foretold = await foretell();
    expect(foretold.events).toEqual({
      change: 1,
      unchanged: 0,
      newer: 0,
      ignored: 1,
      unreadable: 1,
      unmappable: 2,
      erase: 1,
      fetched: 0,
      "not-finished": 1,
      gone: 1,
    });
    expect(foretold).toMatchObject({ otherContact: 1, lookedAt: 8 });
  });

  it("asks nobody what a thin event says", async () => {
    let asked = 0;
    const provider = {
      name: "thin",
      async complete(_: unknown, lookup: { get(url: string): Promise<unknown> }) {
        await lookup.get("https://example.com");
        asked += 1;
        return { kind: "later", message: "no", delayMs: 1 };
      },
    } as unknown as Source["provider"];
    const { foretell } = setUp([recordOf({})], () => updates({}), {
      provider,
      completion: { accessToken: "t", apiUrl: undefined },
    });
    expect((await foretell()).events).toMatchObject({ fetched: 1, change: 0 });
    expect(asked).toBe(1);
  });

  it("looks at as many as it may of those in the state asked for, over many pages, and names a few of each", async () => {
    const records = Array.from({ length: 1_000 }, (_, index) => ({
      ...recordOf({}),
      state: index % 2 === 0 ? ("failed" as const) : ("completed" as const),
    }));
    const { foretell } = setUp(records, () => updates({ firstName: "A" }));
    const foretold = await foretell(300, { state: "failed" });
    expect(foretold).toMatchObject({ matching: 500, lookedAt: 300, events: { change: 300 } });
    expect(foretold.examples.change).toHaveLength(5);
    expect((await foretell(10_000, { state: "failed" })).lookedAt).toBe(500);
  });
});

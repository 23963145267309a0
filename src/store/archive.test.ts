import { describe, expect, it } from "vitest";
import { sampleEvent, sampleNote, sampleUpdate, stampAt } from "../../test/helpers/store-samples.ts";
import { covers } from "./archive.ts";
import { bySize } from "./pages.ts";
import { archivedPace, mergedPace } from "./pace.ts";
import type { ArchivedEvent, ArchivedMailbox, ArchiveRecord } from "./archive-port.ts";

const now = 1_000_000;
const contact = "email:ann@example.com";
const update = sampleUpdate(contact, { firstName: "Ann" });
const origin = { stamp: update.stamp, eventId: update.eventId };
const note = sampleNote({ at: 1 });
const mailbox: ArchivedMailbox = {
  kind: "mailbox",
  contact,
  waiting: [update],
  applied: { email: origin },
  history: [note],
  eventIds: ["evt_a"],
  expiresAt: now + 100,
  wake: {},
};
const event: ArchivedEvent = {
  kind: "event",
  event: sampleEvent(),
  state: "waiting",
  attempts: 0,
  acceptedAt: 1,
  claimed: true,
};
const window = { kind: "window", id: "shop.a", eventId: "evt_a", expiresAt: now + 100 } as const;
const pace = { kind: "pace", pause: { until: now + 60_000, reason: "failing", forMs: 60_000 } } as const;
const parking = {
  kind: "parking",
  id: "m1",
  data: { contact },
  failure: "refused",
  attempts: 1,
  acceptedAt: 1,
  finishedAt: 2,
} as const;

describe("reading back after a move", () => {
  it.each<ArchiveRecord>([mailbox, event, window, pace, parking])("finds what is there: $kind", (record) => {
    expect(covers(record, record, now)).toBe(true);
    expect(covers(undefined, record, now)).toBe(false);
  });

  const older = { stamp: stampAt(1), eventId: "evt_b" };
  const finished = { ...event, state: "completed", finishedAt: 2 } as const;
  it.each<[string, ArchiveRecord, ArchiveRecord]>([
    ["an update that waited", { ...mailbox, waiting: [] }, mailbox],
    ["an applied field", { ...mailbox, applied: {} }, mailbox],
    ["an applied field's newest stamp", { ...mailbox, applied: { email: older } }, mailbox],
    ["an event's id", { ...mailbox, eventIds: [] }, mailbox],
    ["a line of history", { ...mailbox, history: [] }, mailbox],
    ["how long stamps are kept", { ...mailbox, expiresAt: now + 99 }, mailbox],
    ["the wake-up", withoutWake(mailbox), mailbox],
    ["that an event is finished", event, finished],
    ["a later replay", event, { ...event, event: { ...event.event, replay: 1 } }],
    ["the payload", { ...event, event: { ...event.event, payload: "{}" } }, event],
    ["that an event was erased", event, { ...event, event: { ...event.event, withdrawn: "erased" } }],
    ["a window's whole length", { ...window, expiresAt: now + 99 }, window],
    ["a pause", { kind: "pace" }, pace],
    ["a pause's end", { ...pace, pause: { ...pace.pause, until: now + 30_000 } }, pace],
  ])("notices that this is missing: %s", (_what, held, record) => {
    expect(covers(held, record, now)).toBe(false);
  });

  it.each<[string, ArchiveRecord, ArchiveRecord]>([
    [
      "an update that was applied since",
      { ...mailbox, waiting: [], applied: { email: origin, firstName: origin } },
      mailbox,
    ],
    [
      "a newer stamp",
      { ...mailbox, applied: { email: { ...older, stamp: stampAt(1_900_000_000_000) } } },
      mailbox,
    ],
    ["an event that is finished since", finished, event],
    [
      "an event that was dropped since",
      { ...event, event: { ...event.event, withdrawn: "dropped" } },
      { ...event, event: { ...event.event, replay: 1 } },
    ],
    [
      "another event's window of the same identity",
      { ...window, eventId: "evt_b", expiresAt: now + 1 },
      window,
    ],
    ["a longer pause", { ...pace, pause: { ...pace.pause, until: now + 90_000 } }, pace],
  ])("takes what is newer there for as good: %s", (_what, held, record) => {
    expect(covers(held, record, now)).toBe(true);
  });
});

function withoutWake(mailbox: ArchivedMailbox): ArchivedMailbox {
  const { wake: _, ...rest } = mailbox;
  return rest;
}

describe("the pace of another clock", () => {
  const pause = { until: 5_000, reason: "unauthorized", forMs: 1_000 } as const;
  it("keeps how long a pause still lasts, and a longer one stays", () => {
    const archived = archivedPace({ dueAt: 0, pause }, 2_000, 102_000);
    expect(archived).toEqual({ kind: "pace", pause: { ...pause, until: 105_000 } });
    if (!archived) throw new Error("nothing archived");
    const merged = mergedPace({ dueAt: 9 }, archived, 52_000, 102_000);
    expect(merged.pause).toEqual({ ...pause, until: 55_000 });
    const longer = { dueAt: 9, pause: { ...pause, until: 60_000 } };
    expect(mergedPace(longer, archived, 52_000, 102_000)).toBe(longer);
  });

  it("tells nothing of a limited pause that is over, but of a circuit that still probes", () => {
    expect(archivedPace({ dueAt: 0, pause: { ...pause, reason: "limited" } }, 6_000, 6_000)).toBeUndefined();
    expect(archivedPace({ dueAt: 0, pause }, 6_000, 6_000)?.pause).toEqual(pause);
  });
});

it("pages are cut by size, and one that is too large by itself is a page", () => {
  expect(bySize(["a", "b", "c", "d"], [2, 2, 9, 1], 4)).toEqual([["a", "b"], ["c"], ["d"]]);
  expect(bySize([], [], 4)).toEqual([]);
});

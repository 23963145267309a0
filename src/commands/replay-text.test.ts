import { expect, it } from "vitest";
import type { ForetoldAnswer, ReplayAnswer } from "../http/schemas/replays.ts";
import { foretoldText, progressText } from "./replay-text.ts";

const foretold: ForetoldAnswer = {
  status: "dry-run",
  filter: { source: "form", from: "2026-01-30T00:00:00.000Z", to: "2026-01-31T00:00:00.000Z" },
  share: 0.2,
  matching: 5_000,
  lookedAt: 1_000,
  events: {
    change: 10,
    unchanged: 985,
    newer: 4,
    ignored: 0,
    unreadable: 1,
    unmappable: 0,
    erase: 0,
    fetched: 0,
    "not-finished": 0,
    gone: 0,
  },
  otherContact: 2,
  fields: {
    "custom_fields.Plan": { change: 10, newer: 4, leftOut: 0 },
    lastName: { change: 0, newer: 0, leftOut: 3 },
  },
  examples: { change: ["evt_1", "evt_2"] },
  rate: 2,
  estimateSeconds: 2_500,
};

it("a dry run is told in lines that a person reads", () => {
  expect(foretoldText(foretold))
    .toBe(`5000 events match: source form, from 2026-01-30T00:00:00.000Z, until 2026-01-31T00:00:00.000Z
looked at the newest 1000 of 5000
      10 would set a value that the event did not give before (such as evt_1)
     985 would give what they gave before
       4 would change only what newer events have set
       1 would be parked: what names their contact cannot be read
       2 of these would go to another contact than before
fields, by how many events:
  custom_fields.Plan: 10 would change, 4 lose to newer events
  lastName: 3 no more give it, what they gave stays
at 0.2 of the rate, 2 events a second: about 42 min
`);
});

it("a dry run without a match, or while nothing is sent, says so", () => {
  const none = { ...foretold, matching: 0, lookedAt: 0, fields: {}, otherContact: 0, estimateSeconds: 0 };
  const events = { ...foretold.events, change: 0, unchanged: 0, newer: 0, unreadable: 0 };
  expect(foretoldText({ ...none, events, filter: { to: "T" } })).toBe("0 events match: until T\n");
  expect(foretoldText({ ...foretold, rate: 0, estimateSeconds: null })).toContain(
    "nothing is sent at present",
  );
});

it("a replay is one line", () => {
  const replay: ReplayAnswer = {
    id: "rpl_1",
    state: "running",
    filter: { state: "failed", to: "T" },
    share: 0.2,
    by: "operator",
    createdAt: "C",
    of: 100,
    replayed: 40,
    skipped: { gone: 2 },
    failed: 1,
    rate: 2,
    estimateSeconds: 29,
  };
  expect(progressText(replay)).toBe(
    "rpl_1  C  running  40 of 100, 2 skipped (gone), 1 parked, 2/s, done in about 29 s  state failed, until T",
  );
  expect(progressText({ ...replay, rate: 0, estimateSeconds: null })).toContain("0/s, paused");
  expect(progressText({ ...replay, state: "failed", message: "no", skipped: {}, failed: 0 })).toBe(
    "rpl_1  C  failed: no  40 of 100  state failed, until T",
  );
});

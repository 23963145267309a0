import { expect, it } from "vitest";
import { keptNote, readHistory, readNote } from "./history.ts";

it("a line that was kept before more was told of a request is still read", () => {
  const former = (line: object) =>
    readNote(JSON.stringify({ at: 5, fields: ["email"], eventIds: ["evt_a"], ...line }));
  expect(former({ outcome: "delivered", status: 200 })).toEqual({
    at: 5,
    outcome: "applied",
    status: 200,
    fields: [{ field: "email", eventId: "evt_a" }],
  });
  expect(former({ outcome: "parked: invalid", status: 400 })).toMatchObject({
    outcome: "parked",
    parked: "invalid",
  });
  expect(former({ outcome: "not found, tried by the next identifier" })).toMatchObject({
    outcome: "not-found",
  });
  expect(former({ outcome: "delivered", eventIds: ["evt_a", "evt_b"] }).fields).toEqual([{ field: "email" }]);
});

it("lines are read by time, without those that are too old", () => {
  const line = (at: number) => keptNote({ at, outcome: "applied", fields: [] });
  expect(readHistory([line(3), line(1), line(2)], 1).map(({ at }) => at)).toEqual([2, 3]);
});

it("a field that is named like something of every object is a field", () => {
  const fields = [{ field: "constructor", eventId: "__proto__" }];
  expect(readNote(keptNote({ at: 1, outcome: "applied", fields })).fields).toEqual(fields);
});

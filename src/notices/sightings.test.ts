import { describe, expect, it } from "vitest";
import type { PacerState, QueueCounts } from "../store/store.ts";
import { busSightings, spoolSightings, workspaceSightings } from "./sightings.ts";

const none: QueueCounts = { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 9 };
const pace: PacerState = { rate: 10, ceiling: 10, pausedForMs: 0 };
const closed = () => false;

function of(
  state: Partial<PacerState>,
  events: Partial<QueueCounts> = {},
  contacts: Partial<QueueCounts> = {},
  isOpen = closed,
  parked = 0,
) {
  const queues = { events: { ...none, ...events }, contacts: { ...none, ...contacts } };
  const figures = { destination: undefined, pace: { ...pace, ...state }, queues, parked };
  return workspaceSightings(figures, 60, isOpen);
}

it("what is parked and cannot be counted now is not told anew, and is not over either", () => {
  const figures = {
    destination: undefined,
    pace,
    queues: { events: none, contacts: none },
    parked: undefined,
  };
  expect(workspaceSightings(figures, 60, closed)).toEqual([]);
  expect(workspaceSightings(figures, 60, ({ kind }) => kind === "parked")).toEqual([
    { kind: "parked", level: 1 },
  ]);
});

describe("of a workspace", () => {
  it("nothing needs a person while it works, waits for a 429 to end, or retries", () => {
    expect(of({})).toEqual([]);
    expect(of({ reason: "limited", pausedForMs: 5_000, rate: 1 }, { delayed: 50 }, { delayed: 50 })).toEqual(
      [],
    );
  });

  it("a refused token and an API that fails are seen, and by themselves however much waits", () => {
    expect(of({ reason: "unauthorized" }, { waiting: 1e6 })).toEqual([{ kind: "token-refused", level: 1 }]);
    expect(of({ reason: "failing" }, { waiting: 1e6 })).toEqual([{ kind: "api-failing", level: 1 }]);
  });

  it("of what is parked only that counts which nobody has acknowledged or muted", () => {
    expect(of({}, { failed: 2 }, { failed: 3 }, closed, 4)).toEqual([{ kind: "parked", level: 4 }]);
    expect(of({}, { failed: 2 }, { failed: 3 })).toEqual([]);
  });

  it("it is behind above the limit, and stays so until half of it", () => {
    const isOpen = () => true;
    expect(of({}, { waiting: 20_000 }, { waiting: 16_000 })).toEqual([]);
    expect(of({}, { waiting: 20_000 }, { waiting: 16_001 })).toEqual([{ kind: "behind", level: 61 }]);
    expect(of({}, {}, { waiting: 18_001 }, isOpen)).toEqual([{ kind: "behind", level: 31 }]);
    expect(of({}, {}, { waiting: 18_000 }, isOpen)).toEqual([]);
    expect(of({ rate: 1 }, {}, { waiting: 3_601 })).toEqual([{ kind: "behind", level: 61 }]);
  });

  it("it is not over because the API has begun to fail", () => {
    const behind = { kind: "behind", level: 1_667 };
    expect(of({ reason: "failing" }, { waiting: 1e6 }, {}, () => true)).toContainEqual(behind);
    expect(of({ reason: "unauthorized" }, { waiting: 1e6 }, {}, () => true)).toContainEqual(behind);
  });

  it("its destination is named where there are several", () => {
    const queues = { events: { ...none, failed: 1 }, contacts: none };
    const seen = workspaceSightings({ destination: "kl", pace, queues, parked: 1 }, 60, closed);
    expect(seen).toEqual([{ kind: "parked", subject: "kl", level: 1 }]);
  });
});

it("of buses the ones that do not answer are seen, by their source", () => {
  const buses = { a: { state: "up" }, b: { state: "away" }, c: { state: "waiting" } } as const;
  expect(busSightings(buses)).toEqual([{ kind: "bus-away", subject: "b", level: 1 }]);
});

it("of a spool it is seen that something lies in it, and that it is more than half full", () => {
  expect(spoolSightings({ events: 0, bytes: 0 }, 100, "host")).toEqual([]);
  expect(spoolSightings({ events: 1, bytes: 50 }, 100, "host").map(({ kind }) => kind)).toEqual([
    "spool-filling",
  ]);
  expect(spoolSightings({ events: 2, bytes: 51 }, 100, "host").map(({ kind }) => kind)).toEqual([
    "spool-half-full",
    "spool-filling",
  ]);
  expect(spoolSightings({ events: 0, bytes: 0 }, 0, "host")).toEqual([]);
});

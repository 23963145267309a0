import { describe, expect, it } from "vitest";
import type { Numbers } from "./answers.ts";
import {
  dayFigures,
  rateFigures,
  recentQuery,
  sourceFigures,
  sparkPath,
  workFigures,
  type Work,
} from "./figures.ts";

const now = Date.parse("2026-03-02T11:00:00.000Z");
const queue = { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0, oldestAt: null };
const work: Work = {
  destination: "",
  queues: { events: queue, contacts: queue },
  upstream: { state: "ok", since: null, until: null, rate: 9.5, ceiling: 10 },
};
const seconds = { count: 2, sum: 1, median: 0.412, p95: 3.2 };
const events = {
  accepted: 50,
  duplicate: 0,
  ignored: 0,
  unverified: 3,
  malformed: 0,
  unavailable: 0,
  mapped: 40,
};
const total = {
  ...events,
  delivered: 1_200,
  parked: 0,
  requests: { "200": 999, "5xx": 1 },
  secondsToDelivery: seconds,
};
const numbers: Numbers = {
  from: "2026-03-02T10:55:00.000Z",
  to: "2026-03-02T11:01:00.000Z",
  stepMinutes: 1,
  total,
  series: [],
  sources: {},
};

describe("what the overview tells", () => {
  it("is what waits, how old the oldest is, and when it is done, as `status` says it", () => {
    const queues = {
      events: { ...queue, waiting: 5, active: 1, delayed: 2, oldestAt: "2026-03-02T10:57:00.000Z" },
      contacts: { ...queue, waiting: 57_000, delayed: 4, failed: 3 },
    };
    expect(workFigures({ ...work, queues }, now)).toMatchObject({
      waiting: "6",
      waitingAge: "oldest 3 min",
      delayed: "2 delayed",
      contacts: "57\u202f004",
      contactsAge: "none",
      parked: "3",
      done: "in about 101 min at most",
      pace: "9.5 of 10 a second",
    });
  });

  it.each([
    ["ok", {}, "now: nothing waits"],
    ["failing", { waiting: 1 }, "nobody knows while the API takes no requests"],
    ["ok", { delayed: 1 }, "when the time of what is delayed has come"],
  ])("where the API is %s and %j waits, it is done %s", (state, waits, told) => {
    const queues = { events: queue, contacts: { ...queue, ...waits } };
    const upstream = { ...work.upstream, state: state as Work["upstream"]["state"] };
    expect(workFigures({ ...work, queues, upstream }, now)["done"]).toBe(told);
  });

  it("is how much comes and goes, over the time that the numbers cover", () => {
    expect(rateFigures(numbers, now)).toEqual({
      accepted: "10 a minute",
      mapped: "8 a minute",
      delivered: "4 a second",
      parkedRate: "0 a minute",
      sent: "3.3 a second",
      median: "0.41 s",
      p95: "3.2 s",
    });
    expect(recentQuery(now)).toEqual({ from: "2026-03-02T10:55:00.000Z", step: "1" });
    expect(new Set(Object.values(rateFigures(undefined, now)))).toEqual(new Set(["—"]));
  });

  it("is the share of each answer, exact counts beside it, and nothing of answers that there were none of", () => {
    const figures = dayFigures(numbers);
    expect(figures).toMatchObject({
      "answers 200": "999",
      "share 200": "99.9 %",
      "share 5xx": "0.1 %",
      "answers 429": "",
      "share 429": "",
      medianDay: "0.41 s",
    });
  });

  it("is of a source how much came, when the last one, and what was refused", () => {
    const own = {
      accepted: [1],
      total: events,
      refusedSignatures: 3,
      lastEventAt: "2026-03-02T10:59:00.000Z",
    };
    expect(sourceFigures(own, now)).toEqual({ total: "50", last: "1 min ago", refused: "3" });
    expect(sourceFigures({ ...own, lastEventAt: null }, now)["last"]).toBe("none kept");
    expect(sourceFigures(undefined, now)["total"]).toBe("—");
  });

  it("a sparkline has a point for every hour, the fullest at the top", () => {
    const perTenMinutes = Array<number>(144).fill(0);
    perTenMinutes[0] = 5;
    perTenMinutes[143] = 10;
    const points = sparkPath(perTenMinutes).slice(1).split("L");
    expect(points).toHaveLength(24);
    expect([points[0], points[1], points[23]]).toEqual(["0 10", "4 19", "96 1"]);
    expect(sparkPath([])).toBe("");
  });
});

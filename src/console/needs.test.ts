import { describe, expect, it } from "vitest";
import type { StatusOfSome } from "./answers.ts";
import { needsOf, silentSources } from "./needs.ts";

const queue = { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0, oldestAt: null };
const upstream = { state: "ok", since: null, until: null, rate: 10, ceiling: 10 } as const;
const well: StatusOfSome = {
  version: "1",
  role: "all",
  store: { engine: "redis", ok: true },
  queues: { events: queue, contacts: queue },
  upstream,
  spool: { events: 0, bytes: 0 },
  replicas: { items: [], differ: [] },
};
type Notice = NonNullable<StatusOfSome["notices"]>[number];
const notice = (kind: string, subject?: string): Notice => ({
  id: "ntc_1",
  kind,
  state: "open",
  text: `${kind} of ${subject ?? "all"}`,
  since: "2026-03-02T10:42:00.000Z",
  runbook: `docs/operations.md#about-${kind}`,
  ...(subject === undefined ? {} : { subject }),
});

describe("what needs a person", () => {
  it("is nothing where all is well, and what is parked has a list of its own", () => {
    expect(needsOf(well)).toEqual([]);
    expect(needsOf({ ...well, notices: [notice("parked")] })).toEqual([]);
  });

  it("is every open notice, with since when and the heading of the runbook", () => {
    expect(needsOf({ ...well, notices: [notice("source-silent", "shop")] })).toEqual([
      {
        text: "source-silent of shop",
        since: "2026-03-02T10:42:00.000Z",
        heading: "about-source-silent",
      },
    ]);
    expect(silentSources({ ...well, notices: [notice("source-silent", "shop")] })).toEqual(new Set(["shop"]));
  });

  it.each<[string, Partial<StatusOfSome>, string]>([
    ["a refused token", { upstream: { ...upstream, state: "unauthorized" } }, "the-api-answers-401-or-403"],
    ["an API that fails", { upstream: { ...upstream, state: "failing" } }, "the-api-is-down"],
    [
      "a bus that is away",
      { bus: { crm: { state: "away", place: "stream crm", lag: null, pending: null } } },
      "a-bus-is-away-or-far-behind",
    ],
    [
      "a store that refuses",
      { store: { engine: "redis", ok: true, refuses: "full" } },
      "redis-is-out-of-memory",
    ],
    ["a spool with something in it", { spool: { events: 1, bytes: 9 } }, "when-the-store-is-away"],
  ])("is %s at once, before it has held for long enough to be told", (_, more, heading) => {
    expect(needsOf({ ...well, ...more })).toMatchObject([{ heading }]);
  });

  it("is said once of what is a notice as well, and for each workspace by itself", () => {
    const refusing = {
      queues: { events: queue, contacts: queue },
      upstream: { ...upstream, state: "unauthorized" as const },
    };
    const { queues: _q, upstream: _u, ...rest } = well;
    const both = { ...rest, destinations: { acme: refusing, other: refusing } };
    const needs = needsOf({ ...both, notices: [notice("token-refused", "acme")] });
    expect(needs.map(({ text }) => text)).toEqual([
      "token-refused of acme",
      expect.stringContaining("refuses the token of other") as string,
    ]);
  });
});

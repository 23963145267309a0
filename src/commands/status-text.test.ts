import { expect, it } from "vitest";
import { needsPerson, statusText } from "./status-text.ts";

const queue = { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 12 };
const well = {
  version: "1.2.3",
  role: "all",
  store: { engine: "redis", ok: true },
  queues: { events: { ...queue, waiting: 3 }, contacts: { ...queue, delayed: 2 } },
  upstream: { state: "ok", until: null, rate: 9.5, ceiling: 10 },
  spool: { events: 0, bytes: 0 },
};
const text = (answer: unknown) => statusText(answer, "http://127.0.0.1:3000", false);

it("tells on one screen how a relay is", () => {
  expect(text(well)).toBe(
    [
      "relay         http://127.0.0.1:3000, version 1.2.3, role all",
      "store         redis, answers",
      "API           takes requests, 9.5 of 10 requests a second",
      "events        3 wait to be mapped, 0 now, 0 later",
      "contacts      0 wait for their turn, 0 now, 2 later",
      "done          within a minute",
      "",
    ].join("\n"),
  );
  expect(needsPerson(well)).toBe(false);
});

const bus = (state: string, message?: string) => ({
  crm: { state, place: "stream crm", lag: 7, pending: 1, ...(message === undefined ? {} : { message }) },
});

it.each([
  [{ bus: bus("away", "connection refused") }, "bus           crm: away: connection refused, 7 to come"],
  [
    { upstream: { ...well.upstream, state: "unauthorized", until: "2026-03-01T00:00:00Z" } },
    "refuses the token",
  ],
  [{ upstream: { ...well.upstream, state: "failing" } }, "fails for many contacts"],
  [
    { store: { engine: "redis", ok: true, refuses: "its memory is full" } },
    "refuses new events: its memory is full",
  ],
  [{ queues: { ...well.queues, contacts: { ...queue, failed: 4 } } }, "4 parked: contact-relay failures"],
])("%j needs a person, and says so", (more, told) => {
  const answer = { ...well, ...more };
  expect(needsPerson(answer)).toBe(true);
  expect(text(answer)).toContain(told);
});

it("tells each process on the store, and what they have come to differ in", () => {
  const one = {
    id: "rep_a",
    self: true,
    role: "intake",
    version: "1.2.3",
    configuration: "0123456789ab",
    label: "relay-0/1",
    since: "2026-01-31T08:00:00.000Z",
    configuredAt: "2026-01-31T08:00:00.000Z",
    seenAt: "2026-01-31T09:00:00.000Z",
  };
  const items = [one, { ...one, self: false, role: "worker", version: "1.2.4", label: "relay-1/7" }];
  const alike = text({ ...well, replicas: { items, differ: [] } });
  expect(alike).toContain(
    "\nprocess       relay-1/7: worker, version 1.2.4, configuration 0123456789ab, since 2026-01-31T08:00:00.000Z, seen 2026-01-31T09:00:00.000Z\n",
  );
  expect(alike).not.toContain("differ");
  expect(text({ ...well, replicas: { items, differ: ["version"] } })).toMatch(
    /\ndiffer {8}The processes on this store run different versions\./,
  );
});

it("says when all of it is done, and what was told as a notice", () => {
  const queues = { ...well.queues, contacts: { ...queue, waiting: 57_000 } };
  expect(text({ ...well, queues })).toContain("\ndone          in about 101 min at most\n");
  const upstream = { ...well.upstream, state: "failing" };
  expect(text({ ...well, queues, upstream })).not.toContain("done");
  const notices = [{ kind: "source-silent", text: "The source shop has been silent for 9 h." }];
  expect(needsPerson({ ...well, notices })).toBe(true);
  expect(text({ ...well, notices })).toContain("\nnotice        The source shop has been silent for 9 h.\n");
});

it("says since when an API takes nothing", () => {
  const since = "2026-03-01T10:42:00Z";
  const upstream = { ...well.upstream, state: "unauthorized", since, until: "2026-03-01T11:00:00Z" };
  expect(text({ ...well, upstream })).toContain(
    "nothing is lost meanwhile, since 2026-03-01T10:42:00Z, until 2026-03-01T11:00:00Z, 9.5 of 10",
  );
});

it("a relay that says more than is known here is understood all the same", () => {
  expect(needsPerson({ ...well, more: { of: "it" } })).toBe(false);
  expect(text({ ...well, more: 1 })).toBe(text(well));
});

it("a bus that is up and an API that asks for a pause need nobody", () => {
  const answer = { ...well, bus: bus("up"), upstream: { ...well.upstream, state: "limited" } };
  expect(needsPerson(answer)).toBe(false);
  expect(text(answer)).toContain("crm: up, 7 to come, 1 not acknowledged; stream crm");
});

it("each workspace has its own lines, and a store that is away has none", () => {
  const { queues, upstream, ...rest } = well;
  const all = { ...rest, destinations: { default: { queues, upstream }, acme: { queues, upstream } } };
  expect(text(all)).toContain("destination acme\nAPI");
  const away = {
    version: "1",
    role: "all",
    store: { engine: "redis", ok: false, message: "connection refused" },
    queues: null,
    upstream: { state: "unknown" },
  };
  expect(needsPerson(away)).toBe(true);
  expect(text(away)).toContain("redis, does not answer: connection refused");
});

it("an answer that cannot be read is not taken for a good one", () => {
  expect(needsPerson({})).toBe(true);
  expect(text({})).toContain("of another version");
});

import { expect, it } from "vitest";
import { documented } from "../../test/helpers/documented.ts";
import type { Store } from "../store/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { eventsRoutes } from "./events.ts";
import { failuresRoutes } from "./failures.ts";

/** Asks for a page of nothing; answers how many items the store was asked for. */
async function limitAsked(list: "events" | "failures", query: string) {
  let asked: number | undefined;
  const empty = (limit: number) => {
    asked = limit;
    return Promise.resolve({ items: [], next: undefined });
  };
  const failures = {
    list: (limit: number) => empty(limit),
    isCursor: (text: string) => Promise.resolve(text === "known"),
  } satisfies Partial<Store["failures"]> as unknown as Store["failures"];
  const events = { list: (_filter: unknown, limit: number) => empty(limit) } satisfies Partial<
    Store["events"]
  >;
  const store = { events } as unknown as Store;
  const audited = () => Promise.resolve();
  const routes =
    list === "events"
      ? eventsRoutes({ store, sources: new Map(), bodyLimitBytes: 1_000, clock: () => 0 }, audited)
      : failuresRoutes(failures, createLogger({ level: "silent" }), audited);
  const path = `/admin/${list}`;
  const answer = await documented("GET", path, await routes.request(`${path}${query}`));
  return { status: answer.status, body: await answer.json(), asked };
}

it.each([
  ["", 50],
  ["?limit=", 50],
  ["?limit=x", 50],
  ["?limit=0", 50],
  ["?limit=-3", 1],
  ["?limit=7.9", 7],
  ["?limit=1e2", 100],
  ["?limit=501", 500],
])("a page of events takes any limit: %j is %d", async (query, limit) => {
  expect(await limitAsked("events", query)).toMatchObject({ status: 200, asked: limit });
});

it.each([
  ["", 50],
  ["?limit=1", 1],
  ["?limit=007", 7],
  ["?limit=999999999", 500],
  ["?limit=2&cursor=known&more=1", 2],
])("a page of the parked takes a whole number: %j is %d", async (query, limit) => {
  expect(await limitAsked("failures", query)).toMatchObject({ status: 200, asked: limit });
});

it.each(["", "0", "000", "-1", "1.5", "1e3", "x", "9999999999"])(
  "a page of the parked refuses the limit %j in the same words",
  async (limit) => {
    expect(await limitAsked("failures", `?limit=${limit}`)).toEqual({
      status: 400,
      body: {
        error: {
          code: "malformed",
          message: "limit must be a whole number from 1; at most 500 are given.",
        },
      },
      asked: undefined,
    });
  },
);

it("a page of the parked refuses a cursor that is none, the empty one too", async () => {
  for (const cursor of ["", "x"]) {
    expect(await limitAsked("failures", `?cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { error: { message: "cursor must be the `next` of the page before." } },
    });
  }
});

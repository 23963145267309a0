import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { documented } from "../../test/helpers/documented.ts";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "../sources/load.ts";
import { numberName, type MinuteCount } from "../store/numbers.ts";
import { answerNumbers, type NumbersOptions } from "./numbers.ts";
import type { NumbersAnswer } from "./schemas/numbers.ts";

const now = Date.parse("2026-03-02T08:10:30Z");
const minute = Math.floor(now / 60_000);

function storeOf(counts: readonly MinuteCount[]): NumbersOptions["stores"][number] {
  return {
    numbers: {
      add: () => Promise.reject(new Error("nothing is added here")),
      read: (from: number, to: number) =>
        Promise.resolve(counts.filter((count) => count.minute >= from && count.minute < to)),
    },
    events: {
      newestOf: () => Promise.resolve(new Map([["form", Date.parse("2026-03-02T08:09:00Z")]])),
    },
  };
}

async function ask(query: string, ...stores: NumbersOptions["stores"]) {
  const yaml = "sources:\n  form: { provider: form, key: k }\n  quiet: { provider: form, key: k }\n";
  const loaded = sourcesFromYaml(yaml, "sources.yaml", {}, providers);
  if (!loaded.ok) throw new Error(loaded.problems.join());
  const sources = new Map(loaded.sources.map((source) => [source.name, source]));
  const app = new Hono();
  app.get("/admin/numbers", answerNumbers({ stores, sources, clock: () => now }));
  const answer = await documented("GET", "/admin/numbers", await app.request(`/admin/numbers${query}`));
  return { status: answer.status, body: (await answer.json()) as NumbersAnswer };
}

const counts: MinuteCount[] = [
  { minute, name: numberName("event", "accepted", "form"), count: 5 },
  { minute: minute - 7, name: numberName("event", "accepted", "form"), count: 2 },
  { minute: minute - 7, name: numberName("event", "unverified", "form"), count: 3 },
  { minute: minute - 7, name: numberName("event", "too-large", "form"), count: 1 },
  { minute: minute - 7, name: numberName("event", "ignored", "form"), count: 1 },
  { minute: minute - 7, name: numberName("mapping", "ignored", "form"), count: 1 },
  { minute: minute - 7, name: numberName("mapping", "mapped", "removed"), count: 6 },
  { minute: minute - 7, name: numberName("request", "401/403"), count: 4 },
  { minute: minute - 7, name: numberName("delivered"), count: 2 },
  { minute: minute - 7, name: numberName("delay"), count: 150 },
  { minute: minute - 7, name: numberName("within", "2"), count: 2 },
];

describe("numbers", () => {
  it("are the last day in entries of five minutes, those without anything too", async () => {
    const { status, body } = await ask("", storeOf(counts));
    expect(status).toBe(200);
    expect(body.series).toHaveLength(289);
    expect(body.series.at(-1)).toMatchObject({ at: "2026-03-02T08:10:00.000Z", accepted: 5, delivered: 0 });
    expect(body.series.at(-3)).toEqual({
      at: "2026-03-02T08:00:00.000Z",
      accepted: 2,
      duplicate: 0,
      ignored: 2,
      unverified: 3,
      malformed: 1,
      unavailable: 0,
      mapped: 6,
      delivered: 2,
      parked: 0,
      requests: { "401/403": 4 },
      secondsToDelivery: { count: 2, sum: 0.15, median: 0.075, p95: 0.098 },
    });
    expect(body.total).toMatchObject({ accepted: 7, unverified: 3, mapped: 6 });
  });

  it("each configured source has its own, whether anything came or not; others are within the total alone", async () => {
    const { body } = await ask("?step=60", storeOf(counts));
    expect(Object.keys(body.sources)).toEqual(["form", "quiet"]);
    expect(body.sources["form"]?.accepted.at(-1)).toBe(7);
    expect(body.sources["form"]).toMatchObject({
      refusedSignatures: 3,
      lastEventAt: "2026-03-02T08:09:00.000Z",
      total: { accepted: 7, mapped: 0 },
    });
    expect(body.sources["quiet"]).toMatchObject({ lastEventAt: null, total: { accepted: 0 } });
  });

  it("of several workspaces are added up", async () => {
    const { body } = await ask("", storeOf(counts), storeOf(counts));
    expect(body.total).toMatchObject({ accepted: 14, secondsToDelivery: { count: 4, median: 0.075 } });
  });

  it("a window may be asked for, from and to being whole minutes", async () => {
    const { body } = await ask("?from=2026-03-02T08:03:20Z&to=2026-03-02T08:04:00Z&step=1", storeOf(counts));
    expect(body).toMatchObject({ from: "2026-03-02T08:03:00.000Z", to: "2026-03-02T08:04:00.000Z" });
    expect(body.series).toHaveLength(1);
    expect(body.total.accepted).toBe(2);
    const old = await ask("?from=2020-01-01T00:00:00Z", storeOf(counts));
    expect(old.body.series.length).toBeLessThanOrEqual((48 * 60) / 5 + 2);
  });

  it.each([
    "?step=0",
    "?step=61",
    "?step=x",
    "?from=yesterday",
    "?from=2026-03-02T09:00:00Z",
    "?to=2020-01-01",
  ])("what cannot be asked is refused: %s", async (query) => {
    expect((await ask(query, storeOf(counts))).status).toBe(400);
  });
});

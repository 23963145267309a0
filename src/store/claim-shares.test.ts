import { expect, it } from "vitest";
import { createSharedClaim } from "./claim-shares.ts";
import { claimBytesMax, turnsApart, type Claimed } from "./event-log.ts";

const top = Number.MIN_SAFE_INTEGER;

function claimed(bytes: number): Claimed {
  const event = {
    id: "evt_a",
    source: "shop",
    provider: "shopify",
    identity: "i",
    type: "t",
    attributes: {},
    occurredAt: 0,
    receivedAt: 0,
    replay: 0,
    payload: "x".repeat(bytes),
  };
  return { event, attempts: 1, lease: "lease" };
}

/** Claims from a log that answers so many events of this size. */
function setUp(answer: (limit: number, from: number) => number, bytes = 10) {
  const asked: number[] = [];
  const claim = createSharedClaim(async (limit, from) => {
    asked.push(from);
    return Array.from({ length: answer(limit, from) }, () => claimed(bytes));
  });
  return { asked, claim };
}

it("in a backlog every ninth claim begins further down, at each lower priority by turns", async () => {
  const { asked, claim } = setUp((limit) => limit);
  for (let count = 0; count < 18; count += 1) await claim(5);
  const eight = Array.from({ length: 8 }, () => top);
  expect(asked).toEqual([...eight, turnsApart, ...eight, 0]);
});

it("without a backlog no claim asks for more than before", async () => {
  const { asked, claim } = setUp((limit) => limit - 1);
  for (let count = 0; count < 100; count += 1) await claim(5);
  expect(asked).toEqual(Array.from({ length: 100 }, () => top));
  expect(await claim(0)).toEqual([]);
  expect(asked.length).toBe(100);
});

it("where nothing lower waits the claim is made as ever", async () => {
  const { asked, claim } = setUp((limit, from) => (from === top ? limit : 0));
  for (let count = 0; count < 9; count += 1) expect((await claim(5)).length).toBe(5);
  expect(asked.slice(8)).toEqual([turnsApart, top]);
});

it("large events, of which few fit into a claim, are a backlog too", async () => {
  const { asked, claim } = setUp(() => 1, claimBytesMax / 4 + 1);
  for (let count = 0; count < 9; count += 1) await claim(5);
  expect(asked[8]).toBe(turnsApart);
});

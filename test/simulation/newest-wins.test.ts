import { expect, it } from "vitest";
import { isLong } from "../helpers/length.ts";
import { runWorld, type WorldOptions } from "./world.ts";

/** `SIMULATION_SEED` replays one history; `SIMULATION_HISTORIES` runs more of them. */
const onlySeed = process.env["SIMULATION_SEED"];
const histories = Number(process.env["SIMULATION_HISTORIES"] ?? (isLong ? 2_000 : 300));
const seeds =
  onlySeed === undefined ? Array.from({ length: histories }, (_, index) => index + 1) : [Number(onlySeed)];

function shapeOf(seed: number): WorldOptions {
  return {
    seed,
    contacts: 1 + (seed % 3),
    events: 4 + (seed % 17),
    crashes: seed % 4,
    trouble: [0, 0.2, 0.5, 0.8][seed % 4] ?? 0,
  };
}

it(
  "after any mix of duplicates, re-ordering, bursts, crashes and API errors every field holds its newest value",
  { timeout: 900_000 },
  async () => {
    for (const seed of seeds) {
      const world = await runWorld(shapeOf(seed));
      const told = `SIMULATION_SEED=${seed} replays this history`;
      expect(world.actual, told).toEqual(world.expected);
      expect(world.stillWaiting, told).toBe(0);
      expect(world.parked, told).toEqual([]);
      expect(world.overlapping, `one request in flight per contact; ${told}`).toEqual([]);
    }
  },
);

it("no contact is sent more than its own rate in any second", { timeout: 600_000 }, async () => {
  for (const seed of seeds.slice(0, isLong ? 300 : 60)) {
    const refused = (field: string, value: unknown) => field !== "firstName" && String(value).endsWith("3");
    const world = await runWorld({ ...shapeOf(seed), crashes: 0, refused });
    for (const { at, contact } of world.requests) {
      const within = world.requests.filter(
        (other) => other.contact === contact && other.at >= at && other.at < at + 1_000,
      );
      expect(within.length, `SIMULATION_SEED=${seed} replays this history`).toBeLessThanOrEqual(5);
    }
  }
});

it("a refused value is parked and takes no other field with it", { timeout: 600_000 }, async () => {
  const refused = (field: string, value: unknown) => field === "language" && String(value).endsWith("3");
  for (const seed of seeds.slice(0, isLong ? 300 : 60)) {
    const world = await runWorld({ ...shapeOf(seed), crashes: seed % 2, refused });
    const told = `SIMULATION_SEED=${seed} replays this history`;
    for (const [contact, fields] of Object.entries(world.expected)) {
      const { language: expectedLanguage, ...others } = fields;
      const { language, ...actual } = world.actual[contact] ?? {};
      expect(actual, told).toEqual(others);
      if (!refused("language", expectedLanguage)) expect(language, told).toEqual(expectedLanguage);
    }
    const parkedFields = world.parked.flatMap((item) => item.fields ?? []);
    expect(
      parkedFields.every((field) => field === "language"),
      told,
    ).toBe(true);
    expect(world.stillWaiting, told).toBe(0);
  }
});

import { randomInt } from "node:crypto";
import { isLong } from "./length.ts";

/** `FUZZ_RUNS` requests per property and provider in place of the few that the whole suite has time for. */
export function fuzzRuns(usual: number): number {
  const runs = Number(process.env["FUZZ_RUNS"] ?? (isLong ? 4 * usual : usual));
  if (!Number.isSafeInteger(runs) || runs < 1) throw new Error("FUZZ_RUNS must be a whole number from 1 on");
  return runs;
}

function seedOf(text: string | undefined): number {
  const seed = text === undefined || text === "" ? randomInt(2 ** 31) : Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error("FUZZ_SEED must be a whole number");
  return seed;
}

/** The same for every property of a run; `FUZZ_SEED` plays a run again. */
export const fuzzSeed = seedOf(process.env["FUZZ_SEED"]);

/** Long runs need long tests. */
export const fuzzTimeoutMs = 60_000 + 100 * fuzzRuns(1);

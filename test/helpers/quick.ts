import { expect } from "vitest";

/** Far above what anything here takes, far below what grows with the square of a megabyte. */
const cpuMsMax = 5_000;

/** Milliseconds of processor time that `act` takes: what other processes do meanwhile is no part of it. */
export function cpuMsOf(act: () => unknown): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Fails what does not end in time with a hostile input of any length. */
export function expectQuick(act: () => unknown): void {
  expect(cpuMsOf(act)).toBeLessThan(cpuMsMax);
}

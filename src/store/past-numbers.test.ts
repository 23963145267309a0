import { describe, expect, it } from "vitest";
import type { MinuteCount, Numbers } from "./numbers.ts";
import { withPastKept } from "./past-numbers.ts";

const hour = 60;
const day = 24 * hour;

/** A store that tells what it was asked for, at half past an hour. */
function stage() {
  const startMinute = 1_000_000 * hour + 30;
  const state = { nowMs: startMinute * 60_000, counts: [] as MinuteCount[], asked: [] as [number, number][] };
  const store: Numbers = {
    add(counts) {
      state.counts.push(...counts);
      return Promise.resolve();
    },
    read(from, to) {
      state.asked.push([from, to]);
      return Promise.resolve(state.counts.filter(({ minute }) => minute >= from && minute < to));
    },
  };
  for (let minute = startMinute - day; minute <= startMinute; minute += 7) {
    state.counts.push({ minute, name: "n", count: minute % 11 });
  }
  const numbers = withPastKept(store, () => state.nowMs);
  const minute = () => Math.floor(state.nowMs / 60_000);
  /** As the store itself would answer. */
  const expected = (from: number, to: number) =>
    state.counts.filter((one) => one.minute >= from && one.minute < to);
  async function readDay() {
    const [from, to] = [minute() + 1 - day, minute() + 1];
    const byMinute = (a: MinuteCount, b: MinuteCount) => a.minute - b.minute || a.count - b.count;
    expect([...(await numbers.read(from, to))].sort(byMinute)).toEqual(expected(from, to).sort(byMinute));
    return state.asked.at(-1);
  }
  return { state, numbers, readDay, minute };
}

describe("the numbers of a day", () => {
  it("are the same however often they are asked for, and only the last hours are read again", async () => {
    const { state, readDay, minute } = stage();
    await readDay();
    expect(state.asked).toHaveLength(1);
    for (let round = 0; round < 5; round += 1) {
      state.nowMs += 60_000;
      state.counts.push({ minute: minute(), name: "n", count: round });
      const [from = 0, to = 0] = (await readDay()) ?? [];
      expect(to - from).toBeLessThan(2 * hour);
    }
  });

  it("are read anew after ten minutes, so that what another process adds late is seen", async () => {
    const { state, readDay, minute } = stage();
    await readDay();
    state.counts.push({ minute: minute() - 10 * hour, name: "late", count: 1 });
    state.nowMs += 11 * 60_000;
    const [from = 0, to = 0] = (await readDay()) ?? [];
    expect(to - from).toBeGreaterThan(20 * hour);
  });

  it("what this process adds to an hour that is over is there at once", async () => {
    const { numbers, readDay, minute } = stage();
    await readDay();
    await numbers.add([{ minute: minute() - 10 * hour, name: "late", count: 1 }]);
    await readDay();
  });

  it("an hour that has just ended is not taken for settled", async () => {
    const { state, readDay, minute } = stage();
    state.nowMs += 35 * 60_000;
    await readDay();
    state.counts.push({ minute: minute() - 10, name: "late", count: 1 });
    await readDay();
  });

  it("are kept only as far as there is room", async () => {
    const { state, readDay, minute } = stage();
    for (let at = minute() - 20 * hour; at < minute() - 10 * hour; at += 1) {
      for (let name = 0; name < 500; name += 1) state.counts.push({ minute: at, name: `n${name}`, count: 1 });
    }
    await readDay();
    const [from = 0] = (await readDay()) ?? [];
    expect(from).toBeGreaterThan(minute() - 15 * hour);
    expect(from).toBeLessThan(minute() - 12 * hour);
  });

  it("parts of hours are no whole ones", async () => {
    const { state, numbers, readDay, minute } = stage();
    await numbers.read(minute() - 5 * hour - 13, minute() - 3 * hour - 7);
    await readDay();
    expect(await numbers.read(minute(), minute())).toEqual([]);
    expect(state.asked.length).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from "vitest";
import { readTime } from "./times.ts";

const now = new Date(2026, 0, 31, 15, 30, 12).getTime();

describe("a time as a person gives it", () => {
  it.each([
    ["now", now],
    ["today", new Date(2026, 0, 31).getTime()],
    ["Yesterday", new Date(2026, 0, 30).getTime()],
    ["24h", now - 86_400_000],
    ["30m", now - 1_800_000],
    ["7d", now - 7 * 86_400_000],
    ["2w", now - 14 * 86_400_000],
    ["2026-01-30", new Date(2026, 0, 30).getTime()],
    ["2026-01-30T08:00:00Z", Date.UTC(2026, 0, 30, 8)],
    [" 2026-01-30T08:00+08:00 ", Date.UTC(2026, 0, 30, 0)],
  ])("%s", (text, at) => {
    expect(readTime(text, now)).toBe(at);
  });

  it.each(["", "soon", "24", "h", "-1h", "1y", "2026-13-01", "2026-01-31T25:00:00Z", "31.01.2026", "1.5h"])(
    "%s is none",
    (text) => {
      expect(readTime(text, now)).toBeUndefined();
    },
  );

  it("yesterday begins at midnight on the days on which clocks change, too", () => {
    for (let day = 0; day < 366; day += 1) {
      const noon = new Date(2026, 0, 1 + day, 12);
      const yesterday = new Date(readTime("yesterday", noon.getTime()) ?? 0);
      expect([yesterday.getHours(), yesterday.getDate()]).toEqual([0, new Date(2026, 0, day).getDate()]);
    }
  });
});

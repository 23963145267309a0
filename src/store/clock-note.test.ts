import { describe, expect, it } from "vitest";
import { clockNote } from "./clock-note.ts";

const at = (serverMs: number, tookMs = 100) =>
  clockNote({ server: "Redis", serverMs, askedAt: 1_000_000, answeredAt: 1_000_000 + tookMs });

describe("clocks", () => {
  it("more than five seconds apart are a warning that says by how much and which way", () => {
    expect(at(1_000_000 + 8_100)).toEqual([
      { level: "warning", message: expect.stringContaining("Redis's clock is 8 s ahead of") as string },
    ]);
    expect(at(1_000_000 - 6_500)).toEqual([
      { level: "warning", message: expect.stringContaining("6.5 s behind") as string },
    ]);
  });

  it("no further apart, or asked over a slow line, are no warning", () => {
    expect(at(1_000_000 + 5_000)).toEqual([]);
    expect(at(1_000_000 - 5_000)).toEqual([]);
    expect(at(1_000_000 + 19_000, 20_000)).toEqual([]);
  });
});

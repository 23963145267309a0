import { describe, expect, it } from "vitest";
import { progressLine, startProgress } from "./progress.ts";

/** A terminal that shows what stands on its one line. */
function fakeTerminal(columns = 80) {
  const state = { columns, now: 0, line: "", written: [] as string[] };
  return {
    state,
    io: {
      terminal: { columns: () => state.columns },
      color: false,
      err(text: string) {
        state.written.push(text);
        state.line = text.split("\u001b[2K").at(-1) ?? "";
      },
    },
    clock: () => state.now,
  };
}

describe("progress on a terminal", () => {
  it("is one line with a bar, the share, exact counts and what else there is to say", () => {
    const { io, state, clock } = fakeTerminal();
    const progress = startProgress(io, false, clock);
    progress.show(300, 1_200, "8/s, done in about 113 s");
    expect(state.line).toBe("█████░░░░░░░░░░░░░░░  25 %  300 of 1200  8/s, done in about 113 s");
    expect(state.written).toEqual([`\r\u001b[2K${state.line}`]);
  });

  it("is taken away at the end, and only where there was one", () => {
    const { io, state, clock } = fakeTerminal();
    const progress = startProgress(io, false, clock);
    progress.end();
    expect(state.written).toEqual([]);
    progress.show(1, 2, "");
    progress.end();
    progress.end();
    expect(state.written).toHaveLength(2);
    expect(state.line).toBe("");
  });

  it("is written at most ten times a second, however fast the work is", () => {
    const { io, state, clock } = fakeTerminal();
    const progress = startProgress(io, false, clock);
    for (state.now = 0; state.now < 1_000; state.now += 1) progress.show(state.now, 1_000, "");
    expect(state.written).toHaveLength(10);
  });

  it.each([200, 80, 50, 30, 24, 10, 1, 0])("never reaches the edge of %i columns", (columns) => {
    const { io, state, clock } = fakeTerminal(columns);
    const progress = startProgress(io, false, clock);
    progress.show(
      123_456,
      987_654,
      "a text that is longer than most terminals are wide, and then some more of it",
    );
    expect(state.line.length).toBeLessThanOrEqual(Math.max(0, columns - 1));
  });

  it("goes by the width that the terminal has now", () => {
    const { io, state, clock } = fakeTerminal(100);
    const progress = startProgress(io, false, clock);
    progress.show(1, 2, "words");
    expect(state.line).toContain("█");
    Object.assign(state, { columns: 12, now: 1_000 });
    progress.show(1, 2, "words");
    expect(state.line).toBe("50 %  1 of ");
  });

  it("is nothing where no terminal is, nor beside JSON", () => {
    const { io, state, clock } = fakeTerminal();
    startProgress(io, true, clock).show(1, 2, "");
    startProgress({ color: true, err: io.err }, false, clock).show(1, 2, "");
    expect(state.written).toEqual([]);
  });

  it("has a colour only where colours are wanted, and it takes no room", () => {
    const step = { done: 1, of: 2, text: "words" };
    expect(progressLine(step, 80, false)).not.toContain("\u001b");
    const coloured = progressLine(step, 80, true);
    expect(coloured).toContain("\u001b[32m██████████\u001b[0m░");
    expect(coloured.replace("\u001b[32m", "").replace("\u001b[0m", "")).toBe(progressLine(step, 80, false));
  });

  it.each([
    [{ done: 7, of: undefined, text: "records" }, "7  records"],
    [{ done: 0, of: 0, text: "" }, "████████████████████  100 %  0 of 0"],
    [{ done: 5, of: 4, text: "" }, "████████████████████  100 %  5 of 4"],
    [{ done: 999, of: 1_000, text: "" }, "███████████████████░  99 %  999 of 1000"],
  ])("%j reads %s", (step, line) => expect(progressLine(step, 80, false)).toBe(line));
});

import { describe, expect, it } from "vitest";
import { readReplayQuestion } from "./replay-question.ts";

const now = Date.parse("2026-01-31T12:00:00Z");
const read = (question: unknown) => readReplayQuestion(question, now);

describe("what somebody wants replayed", () => {
  it("an end that is left out is the time of the request, and the rest has its defaults", () => {
    expect(read({ filter: { source: "form" } })).toEqual({
      ok: true,
      asked: { filter: { source: "form", to: now }, share: 0.2, dryRun: false, sample: 1_000 },
    });
  });

  it("times are ISO or milliseconds, as a text or as a number", () => {
    const from = now - 3_600_000;
    for (const given of ["2026-01-31T11:00:00Z", String(from), from]) {
      expect(read({ filter: { from: given } })).toMatchObject({ asked: { filter: { from, to: now } } });
    }
    expect(read({ filter: { to: now } })).toMatchObject({ ok: true, asked: { filter: { to: now } } });
  });

  it.each([
    [{ filter: { to: now + 1 } }, "`to` is in the future"],
    [{ filter: { from: now } }, "`from` must be before `to`"],
    [{ filter: { from: now - 5, to: now - 5 } }, "`from` must be before `to`"],
    [{ filter: { from: "yesterday" } }, "`from` and `to` are times"],
    [{ filter: { from: -1 } }, "`from` and `to` are times"],
    [{ filter: {} }, "The filter names nothing"],
    [{ filter: { limit: 5 } }, "`filter` knows source"],
    [{ filter: { type: 7 } }, "`type` is a text"],
    [{ filter: { state: "delayed" } }, "`state` is completed or failed"],
    [{ filter: { source: "form" }, share: -0.1 }, "`share` is a number above 0"],
    [{ filter: { source: "form" }, share: Number.NaN }, "`share` is a number above 0"],
    [{ filter: { source: "form" }, dryRun: "yes" }, "`dryRun` is true or false"],
    [{ filter: "form" }, "`filter` is missing or is not what it should be"],
    [{ filter: { contact: 5 } }, "`filter.contact` is missing or is not what it should be"],
    [null, "Send JSON"],
    [[], "Send JSON"],
  ])("%j is refused: %s", (question, message) => {
    expect(read(question)).toEqual({ ok: false, message: expect.stringContaining(message) as string });
  });
});

import { describe, expect, it } from "vitest";
import { acceptedAt, counted, duration, exact, rateText, secondsText, upstreamSentence } from "./words.ts";

describe("words of the console", () => {
  it("numbers are exact", () => {
    expect(exact(1_234_567)).toBe("1\u202f234\u202f567");
    expect(counted(1, "event")).toBe("1 event");
    expect(counted(4_120, "contact waits", "contacts wait")).toBe("4\u202f120 contacts wait");
  });

  it.each([
    [12, "12 ms"],
    [1_500, "1 s"],
    [61_000, "1 min 1 s"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ])("%i ms are %s", (ms, text) => expect(duration(ms)).toBe(text));

  it("an event's id tells when it was accepted", () => {
    expect(new Date(acceptedAt("evt_01KG8Z3V0QX5M7N2B4C6D8E9FA") ?? 0).getUTCFullYear()).toBe(2026);
    expect(acceptedAt("evt_none")).toBeUndefined();
  });

  const none = { waiting: 0, active: 0, delayed: 0 };
  const waits = { events: { ...none, waiting: 4_120 }, contacts: none };

  it("a refused token is a sentence with since when, what to do, what comes next, and that nothing is lost", () => {
    const now = Date.parse("2026-03-02T11:00:00Z");
    const upstream = {
      state: "unauthorized",
      since: "2026-03-02T10:42:00.000Z",
      until: "2026-03-02T11:00:12.000Z",
    };
    expect(upstreamSentence(upstream, waits, now)).toBe(
      "The API has refused our token since 10:42 UTC; next probe in 12 s. Set a token that it accepts. " +
        "Nothing is lost: 4\u202f120 events wait.",
    );
    const tomorrow = now + 86_400_000;
    expect(upstreamSentence(upstream, waits, tomorrow)).toContain(
      "since 2026-03-02 10:42 UTC; next probe now.",
    );
  });

  it.each([
    ["limited", "asked for a pause since 10:42 UTC (429); requests go on in 12 s"],
    ["failing", "failed for many contacts since 10:42 UTC; next probe in 12 s."],
    ["unknown", "the store does not tell"],
    ["ok", "takes what it is sent"],
  ])("an API that is %s is a sentence, too", (state, told) => {
    const upstream = { state, since: "2026-03-02T10:42:00.000Z", until: "2026-03-02T11:00:12.000Z" };
    expect(upstreamSentence(upstream, waits, Date.parse("2026-03-02T11:00:00Z"))).toContain(told);
  });

  it("what waits is told in full, and nothing where nothing does", () => {
    const told = (events: number, contacts: number) =>
      upstreamSentence(
        { state: "failing" },
        { events: { ...none, delayed: events }, contacts: { ...none, active: contacts } },
        0,
      );
    expect(told(1, 0)).toContain("Nothing is lost: 1 event waits.");
    expect(told(1, 1)).toContain("Nothing is lost: 1 event and 1 contact wait.");
    expect(told(0, 2)).toContain("Nothing is lost: 2 contacts wait.");
    expect(told(0, 0)).toContain("Nothing waits.");
  });

  it.each([
    [0, 60_000, "0 a minute"],
    [1, 300_000, "0.2 a minute"],
    [119, 60_000, "119 a minute"],
    [600, 60_000, "10 a second"],
    [5, 0, "0 a minute"],
  ])("%i in %i ms are %s", (count, ms, text) => expect(rateText(count, ms)).toBe(text));

  it.each([
    [null, "—"],
    [0.0123, "0.012 s"],
    [2.34, "2.3 s"],
    [41.6, "42 s"],
    [125, "2 min 5 s"],
  ])("%d seconds are %s", (seconds, text) => expect(secondsText(seconds)).toBe(text));
});

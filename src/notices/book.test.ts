import { describe, expect, it } from "vitest";
import {
  advance,
  emptyBook,
  giveUp,
  keepTargets,
  messagesMax,
  nextMessage,
  readBook,
  wasSent,
  type Book,
} from "./book.ts";
import { noticeKinds, openText, overText, rules, type Sighting } from "./kinds.ts";

const minute = 60_000;
const hour = 60 * minute;
const refused: Sighting = { kind: "token-refused", level: 1 };
const parked = (level: number): Sighting => ({ kind: "parked", level });

/** A book in virtual time, with one target that takes everything at once. */
function stage(target = "t") {
  const state = { book: emptyBook(0), now: 0 };
  const told: string[] = [];
  let ids = 0;
  const newId = () => `ntc_${(ids += 1)}`;
  function tell(): void {
    for (;;) {
      const message = nextMessage(state.book, target, state.now);
      if (!message) return;
      wasSent(state.book, target, message, state.now);
      told.push(`${message.state} ${message.kind} ${message.id}`);
    }
  }
  return {
    state,
    told,
    newId,
    tell,
    /** Lets time pass in looks of 15 s, at each of which this is seen. */
    see(sightings: readonly Sighting[], forMs: number, telling = true): void {
      for (const end = state.now + forMs; state.now < end;) {
        state.now += 15_000;
        advance(state.book, sightings, state.now, newId);
        if (telling) tell();
      }
    },
    /** As another process, or the next start, finds it. */
    reread(): void {
      state.book = readBook(JSON.stringify(state.book), state.now);
    },
  };
}

describe("once when a person is needed, once when it is over", () => {
  it("nothing is told before it has held, and then once for as long as it lasts", () => {
    const { see, told } = stage();
    see([refused], 30_000);
    expect(told).toEqual([]);
    see([refused], 10 * hour);
    expect(told).toEqual(["open token-refused ntc_1"]);
    see([], 10 * hour);
    expect(told).toEqual(["open token-refused ntc_1", "over token-refused ntc_1"]);
  });

  it("a restart tells nothing anew", () => {
    const { see, told, reread } = stage();
    see([refused, parked(3)], hour);
    reread();
    see([refused, parked(3)], hour);
    reread();
    see([parked(3)], hour);
    expect(told).toEqual(["open token-refused ntc_1", "open parked ntc_2", "over token-refused ntc_1"]);
  });

  it("what flickers is one incident, and what flickers before it holds is none", () => {
    const { see, told } = stage();
    for (let i = 0; i < 50; i += 1) {
      see([refused], 15_000);
      see([], 15_000);
    }
    expect(told).toEqual([]);
    see([refused], hour);
    for (let i = 0; i < 50; i += 1) {
      see([], 45_000);
      see([refused], 15_000);
    }
    expect(told).toEqual(["open token-refused ntc_1"]);
  });

  it("more of the same is told again only after hours without any more", () => {
    const { see, told } = stage();
    see([parked(2)], hour);
    for (let level = 3; level < 200; level += 1) see([parked(level)], 5 * minute);
    expect(told).toEqual(["open parked ntc_1"]);
    see([parked(200)], 7 * hour);
    see([parked(150)], hour);
    expect(told).toHaveLength(1);
    see([parked(151)], hour);
    expect(told).toEqual(["open parked ntc_1", "open parked ntc_2"]);
    see([], hour);
    expect(told.at(-1)).toBe("over parked ntc_2");
  });

  it("who was never told that it began is not told that it is over", () => {
    const { see, told } = stage();
    see([refused], hour, false);
    see([], hour, false);
    see([], hour);
    expect(told).toEqual([]);
  });

  it("what has passed and come again is told in order, also when the receiver was away meanwhile", () => {
    const { see, told } = stage();
    see([refused], hour);
    see([], hour, false);
    see([refused], hour, false);
    see([refused], hour);
    expect(told).toEqual([
      "open token-refused ntc_1",
      "over token-refused ntc_1",
      "open token-refused ntc_2",
    ]);
  });

  it("the same of two destinations are two incidents", () => {
    const { see, told } = stage();
    see([{ ...refused, subject: "kl" }], hour);
    see([{ ...refused, subject: "sg" }], hour);
    expect(told).toEqual([
      "open token-refused ntc_1",
      "open token-refused ntc_2",
      "over token-refused ntc_1",
    ]);
  });
});

describe("bounds", () => {
  const silent = (count: number): Sighting[] =>
    Array.from({ length: count }, (_, index) => ({
      kind: "source-silent",
      subject: `source-${index}`,
      level: 5,
    }));

  it("a flood is told in part, the most urgent first, and the rest by and by", () => {
    const { see, told } = stage();
    see([...silent(300), refused], 6 * minute);
    expect(told[0]).toContain("token-refused");
    expect(told.length).toBeLessThanOrEqual(messagesMax + 2);
    see([...silent(300), refused], hour);
    expect(told.length).toBeGreaterThan(messagesMax);
    expect(told.length).toBeLessThanOrEqual(2 * messagesMax + 3);
    const before = told.length;
    see([refused], 24 * hour);
    expect(told.length - before, "only what was told is over").toBeLessThanOrEqual(before - 1);
  });

  it("a message that cannot be handed over is given up after a day, and so is its end", () => {
    const { see, state, told } = stage();
    see([refused], 23 * hour, false);
    expect(giveUp(state.book, "t", state.now)).toEqual([]);
    see([refused], 2 * hour, false);
    expect(giveUp(state.book, "t", state.now)).toMatchObject([{ kind: "token-refused", state: "open" }]);
    see([], hour);
    expect(told).toEqual([]);
    expect(state.book).toMatchObject({ entries: {}, overs: [] });
  });

  it("years of incidents at a receiver that is away leave the book small", () => {
    const { see, state } = stage();
    for (let i = 0; i < 300; i += 1) {
      see([refused, parked(i + 1)], 5 * minute, false);
      see([], 5 * minute, false);
    }
    expect(JSON.stringify(state.book).length).toBeLessThan(1_000);
  });

  it("an address that is not configured any more is forgotten, and a new one is told what is open", () => {
    const { see, state } = stage("old");
    see([refused], hour);
    keepTargets(state.book, ["new"], state.now);
    expect(JSON.stringify(state.book)).not.toContain('"old"');
    expect(nextMessage(state.book, "new", state.now)).toMatchObject({ id: "ntc_1", state: "open" });
  });

  it("what has been open for days is told once to an address that is new", () => {
    const { see, state } = stage("old");
    keepTargets(state.book, ["old"], state.now);
    see([refused], 3 * 24 * hour);
    keepTargets(state.book, ["old", "new"], state.now);
    expect(giveUp(state.book, "new", state.now)).toEqual([]);
    expect(nextMessage(state.book, "new", state.now)).toMatchObject({ id: "ntc_1", state: "open" });
    // Nobody took it for a day.
    expect(giveUp(state.book, "new", state.now + 25 * hour)).toMatchObject([{ id: "ntc_1" }]);
    expect(nextMessage(state.book, "old", state.now)).toBeUndefined();
  });

  it.each([undefined, "", "{", "null", "[]", '{"version":2}'])(
    "a book that reads %j is begun anew",
    (text) => {
      expect(readBook(text, 5)).toEqual<Book>(emptyBook(5));
    },
  );
});

it.each(noticeKinds)("%s is told in one sentence with the next step, and so is its end", (kind) => {
  for (const subject of [undefined, "shop"]) {
    const sighting = { kind, level: 3, ...(subject === undefined ? {} : { subject }) };
    expect(openText(sighting)).toMatch(/^[A-Z0-9][^\n]{20,200}[a-z)]\.$/);
    expect(overText(sighting)).toMatch(/^Over: [^\n]{10,200}\.$/);
    expect(openText(sighting)).not.toContain("undefined");
  }
  expect(rules[kind].holdMs).toBeLessThanOrEqual(10 * minute);
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RelayEvent } from "../../contact/event.ts";
import { encodeRecord, readPieces } from "./record.ts";

/** Text of every kind, with line breaks, NULs and halves of surrogate pairs. */
const text = fc.string({ unit: "binary", maxLength: 40 });
const events: fc.Arbitrary<RelayEvent[]> = fc.array(
  fc.record({
    id: fc.string({ maxLength: 30 }),
    source: text,
    provider: text,
    identity: text,
    type: text,
    attributes: fc.dictionary(fc.string({ maxLength: 5 }), text, { noNullPrototype: true }),
    occurredAt: fc.nat(),
    receivedAt: fc.nat(),
    replay: fc.nat(3),
    payload: text,
  }),
  { maxLength: 8 },
);

const logOf = (all: readonly RelayEvent[]) => Buffer.concat(all.map(encodeRecord));
const piecesOf = (log: Buffer) => [...readPieces(log)];
const eventsIn = (log: Buffer) =>
  piecesOf(log).flatMap((piece) => (piece.kind === "event" ? [piece.event] : []));
const bytesOf = (log: Buffer) =>
  piecesOf(log).reduce(
    (sum, piece) =>
      sum +
      (piece.kind === "event"
        ? piece.record.length
        : piece.kind === "damaged"
          ? piece.bytes.length
          : piece.bytes),
    0,
  );

/** The text form in which the log keeps an event: half a surrogate pair and -0 do not survive JSON unchanged. */
const asKept = (all: readonly RelayEvent[]) => JSON.parse(JSON.stringify(all)) as RelayEvent[];

it("whatever is written is read back, in order", () => {
  fc.assert(
    fc.property(events, (all) => {
      expect(eventsIn(logOf(all))).toEqual(asKept(all));
      expect(piecesOf(logOf(all)).every(({ kind }) => kind === "event")).toBe(true);
    }),
  );
});

it("a log cut off at any byte loses only the record that was cut, and says so quietly", () => {
  fc.assert(
    fc.property(events, (all) => {
      const records = all.map(encodeRecord);
      const log = Buffer.concat(records);
      const ends = records.map((_record, index) => Buffer.concat(records.slice(0, index + 1)).length);
      for (let length = 0; length <= log.length; length += 1) {
        const cut = log.subarray(0, length);
        // The line break at its end is all that may be missing of a whole record.
        const whole = ends.filter((end) => end - 1 <= length).length;
        const isTorn = length > (ends[whole - 1] ?? 0);
        const pieces = piecesOf(cut);
        expect(eventsIn(cut)).toEqual(asKept(all.slice(0, whole)));
        expect(pieces.filter(({ kind }) => kind === "damaged")).toEqual([]);
        expect(pieces.some(({ kind }) => kind === "torn")).toBe(isTorn);
        expect(bytesOf(cut)).toBe(length);
      }
    }),
    { numRuns: 15 },
  );
});

it("a tail that the disk filled with zeros counts as cut off", () => {
  fc.assert(
    fc.property(events, fc.nat(), fc.integer({ min: 1, max: 5_000 }), (all, at, zeros) => {
      const whole = logOf(all);
      const last = encodeRecord({ ...template, payload: "last" });
      const cut = Buffer.concat([whole, last.subarray(0, at % (last.length - 1)), Buffer.alloc(zeros)]);
      expect(eventsIn(cut)).toEqual(asKept(all));
      expect(piecesOf(cut).at(-1)?.kind).toBe("torn");
      expect(piecesOf(cut).filter(({ kind }) => kind === "damaged")).toEqual([]);
    }),
  );
});

it("damage costs the records it touches and no other, and nothing that was not written is ever read", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(events, flips, (all, changes) => {
      const records = all.map(encodeRecord);
      const log = Buffer.concat(records);
      if (log.length === 0) return;
      const damaged = Buffer.from(log);
      for (const [at, change] of changes) {
        const place = at % log.length;
        damaged.writeUInt8((damaged[place] ?? 0) ^ change, place);
      }
      let start = 0;
      const lineBreaks: number[] = [];
      const intact = records.map((record) => {
        const end = start + record.length;
        const same = damaged.subarray(start, end - 1).equals(log.subarray(start, end - 1));
        lineBreaks.push(end - 1);
        start = end;
        return same;
      });
      const kept = asKept(all);
      const survivors = eventsIn(damaged);
      // Behind a damaged record a damaged line break hides the next one: two kinds of damage side by side.
      const hidden = intact.map(
        (_same, index) =>
          index > 0 &&
          !intact[index - 1] &&
          damaged[lineBreaks[index - 1] ?? 0] !== log[lineBreaks[index - 1] ?? 0],
      );
      const certain = kept.filter(
        (_event, index) => intact[index] && !hidden.slice(0, index + 1).some(Boolean),
      );
      const written = kept.map((event) => JSON.stringify(event));
      for (const event of survivors) expect(written).toContain(JSON.stringify(event));
      for (const event of certain) expect(survivors).toContainEqual(event);
      expect(bytesOf(damaged)).toBe(log.length);
    }),
    { numRuns: 300 },
  );
});

describe("a damaged record in the middle", () => {
  it.each([
    ["its length", 4],
    ["its checksum", 10],
    ["its event", 60],
    ["its first byte", 0],
  ])("in %s is told apart from the end of the log", (_where, at) => {
    const [first, second, third] = ["a", "b", "c"].map((payload) => ({ ...template, id: payload, payload }));
    if (!first || !second || !third) throw new Error("three events");
    const bad = encodeRecord(second);
    bad.writeUInt8((bad[at] ?? 0) ^ 1, at);
    const pieces = piecesOf(Buffer.concat([encodeRecord(first), bad, encodeRecord(third)]));
    expect(pieces.map(({ kind }) => kind)).toEqual(["event", "damaged", "event"]);
    expect(eventsIn(Buffer.concat([encodeRecord(first), bad, encodeRecord(third)]))).toEqual([first, third]);
  });

  it("cannot set free a record that a sender hid in its text", () => {
    const forged = encodeRecord({ ...template, id: "evt_forged" }).toString();
    const carrier = encodeRecord({ ...template, payload: `\n${forged}\n` });
    carrier.writeUInt8(0, 3);
    expect(piecesOf(carrier).map(({ kind }) => kind)).toEqual(["damaged"]);
  });
});

const template: RelayEvent = {
  id: "evt_1",
  source: "form",
  provider: "form",
  identity: "abc",
  type: "submission",
  attributes: {},
  occurredAt: 1,
  receivedAt: 2,
  replay: 0,
  payload: "{}",
};

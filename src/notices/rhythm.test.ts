import { describe, expect, it } from "vitest";
import { emptyBook, type Book } from "./book.ts";
import { lookAtSources } from "./silence.ts";

const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;
/** A Monday, 0 h UTC. */
const monday = Date.UTC(2026, 0, 5);

/** Watches one source in virtual time, looking every ten minutes (a process does every minute). */
async function watch(options: {
  readonly sends: (at: number) => boolean;
  readonly forMs: number;
  readonly book?: Book;
  readonly from?: number;
  readonly stepMs?: number;
}): Promise<{ readonly book: Book; readonly silentAt: number[] }> {
  const { sends, forMs, from = monday, stepMs = 10 * 60_000 } = options;
  let book = options.book ?? emptyBook(from);
  let newest: number | undefined;
  const silentAt: number[] = [];
  for (let now = from; now < from + forMs; now += stepMs) {
    if (sends(now)) newest = now;
    const found = await lookAtSources(
      book,
      {
        names: () => ["shop"],
        newest: () => Promise.resolve(new Map(newest === undefined ? [] : [["shop", newest]])),
      },
      now,
    );
    if (found.length > 0) silentAt.push(now - from);
    // As the next look reads it.
    book = JSON.parse(JSON.stringify(book)) as Book;
  }
  return { book, silentAt };
}

const hourOfDay = (at: number) => (at % day) / hour;
const dayOfWeek = (at: number) => Math.floor(((at - monday) % week) / day);
const always = () => true;
const inOffice = (at: number) => dayOfWeek(at) < 5 && hourOfDay(at) >= 9 && hourOfDay(at) < 18;

describe("a source that has gone quiet against its own habit", () => {
  it("is told of within hours when it usually sends all the time", async () => {
    const end = 4 * week;
    const { silentAt } = await watch({ sends: (at) => at - monday < end, forMs: end + day });
    expect(silentAt[0]).toBeGreaterThanOrEqual(end + 4 * hour - hour);
    expect(silentAt[0]).toBeLessThanOrEqual(end + 5 * hour);
  });

  it("is not told of on its first days, whatever it does", async () => {
    const { silentAt } = await watch({ sends: (at) => at - monday < 2 * day, forMs: 2 * week });
    expect(silentAt).toEqual([]);
  });

  it("may sleep at night and over the weekend, and is told of on the morning that it stays away", async () => {
    const end = 5 * week;
    const usual = await watch({ sends: inOffice, forMs: end });
    expect(usual.silentAt).toEqual([]);
    const { silentAt } = await watch({ sends: (at) => inOffice(at) && at - monday < end, forMs: end + day });
    expect(silentAt[0]).toBeGreaterThanOrEqual(end + 9 * hour);
    expect(silentAt[0]).toBeLessThanOrEqual(end + 14 * hour);
  });

  it("is over with its next event", async () => {
    const end = 4 * week;
    const pause = day;
    const { silentAt } = await watch({
      sends: (at) => at - monday < end || at - monday >= end + pause,
      forMs: end + 2 * day,
    });
    expect(silentAt.at(-1)).toBeLessThan(end + pause);
  });

  it("that sends now and then is measured by its longest pause", async () => {
    // Once in two to three days, at any hour: no hour is usual.
    let next = 0;
    let seed = 7;
    const end = 8 * week;
    const sends = (at: number) => {
      if (at - monday < next || at - monday >= end) return false;
      seed = (seed * 16_807) % 2_147_483_647;
      next = at - monday + 40 * hour + (seed % (30 * hour));
      return true;
    };
    const { silentAt } = await watch({ sends, forMs: end + 3 * week });
    expect(silentAt[0]).toBeGreaterThan(end + 2 * day);
    expect(silentAt[0]).toBeLessThan(end + 7 * day);
  });

  it("is not blamed for the time in which nobody watched", async () => {
    const learned = await watch({ sends: always, forMs: 4 * week });
    const from = monday + 4 * week + 2 * day;
    const back = await watch({ sends: () => false, forMs: 3 * hour, book: learned.book, from });
    expect(back.silentAt).toEqual([]);
    const later = await watch({ sends: () => false, forMs: 6 * hour, book: learned.book, from });
    expect(later.silentAt[0]).toBeGreaterThanOrEqual(4 * hour);
  });

  it("is forgotten when it is not configured any more", async () => {
    const { book } = await watch({ sends: always, forMs: day });
    expect(Object.keys(book.rhythms)).toEqual(["shop"]);
    await lookAtSources(book, { names: () => [], newest: () => Promise.resolve(new Map()) }, monday + day);
    expect(book.rhythms).toEqual({});
  });
});

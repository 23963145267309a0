import { isOpen, type Book } from "./book.ts";
import type { Sighting } from "./kinds.ts";
import { isSilent, learn, newRhythm } from "./rhythm.ts";

export interface LookAtSource {
  names(): readonly string[];
  /** When the newest event of each was stored; those of which none is kept are absent. */
  newest(sources: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

const hourMs = 3_600_000;
/** A longer break of watching than this, and nothing is concluded from the time before its end. */
const breakMs = 15 * 60_000;
/** Written this often while nothing else changes. */
const writeEveryMs = 5 * 60_000;
/** Sources beyond this are not watched for silence. */
const sourcesMax = 500;

/** Learns from what the sources have sent, and answers those that are silent against their habit. */
export async function lookAtSources(book: Book, sources: LookAtSource, now: number): Promise<Sighting[]> {
  const { watched } = book;
  if (now - watched.to > breakMs) watched.from = now;
  if (now - watched.to > writeEveryMs || watched.from === now) watched.to = now;
  const names = sources.names().slice(0, sourcesMax);
  for (const name of Object.keys(book.rhythms)) if (!names.includes(name)) delete book.rhythms[name];
  const silent: Sighting[] = [];
  const found = await sources.newest(names);
  for (const name of names) {
    const newest = found.get(name);
    const known = book.rhythms[name];
    const rhythm = known ?? (newest === undefined ? undefined : newRhythm(newest));
    if (!rhythm) continue;
    book.rhythms[name] = rhythm;
    const before = rhythm.last;
    learn(rhythm, newest ?? before, now);
    // What was told is over when something comes, and not because nobody has watched for a while.
    const isStill = rhythm.last === before && isOpen(book, { kind: "source-silent", subject: name });
    if (isStill || isSilent(rhythm, watched.from, now)) {
      const level = Math.floor((now - rhythm.last) / hourMs);
      silent.push({ kind: "source-silent", subject: name, level });
    }
  }
  return silent;
}

import { noticeKinds, rules, type NoticeKind, type Sighting } from "./kinds.ts";
import type { Rhythm } from "./rhythm.ts";

/** One thing that needs a person, from its first sight until it is over. */
export interface Entry {
  readonly kind: NoticeKind;
  readonly subject?: string;
  level: number;
  /** Since when it is seen without a break. */
  since: number;
  seenAt: number;
  /** When its level last rose. */
  roseAt: number;
  /** Once it holds: its name, and when it got it. */
  id?: string;
  openedAt?: number;
  /** Who was told of which incident; "" where it was given up. */
  told: Record<string, string>;
}

/** What is over, for those who were told that it began and not yet that it ended. */
export interface Over {
  readonly kind: NoticeKind;
  readonly subject?: string;
  readonly id: string;
  readonly since: number;
  readonly until: number;
  targets: string[];
}

/** What is known and told, in a form that is kept as JSON. */
export interface Book {
  readonly version: 1;
  entries: Record<string, Entry>;
  overs: Over[];
  /** By target: how many messages it may still get now, and as of when. */
  budgets: Record<string, { left: number; at: number }>;
  /** By target: since when something is posted to it. */
  knownSince?: Record<string, number>;
  rhythms: Record<string, Rhythm>;
  /** From when to when somebody has watched without a long break. */
  watched: { from: number; to: number };
}

/** One message to one target. */
export interface Message {
  /** Of the incident: the same when it begins and when it is over. */
  readonly id: string;
  readonly kind: NoticeKind;
  readonly subject?: string;
  readonly state: "open" | "over";
  readonly level: number;
  readonly since: number;
  readonly until?: number;
}

/** So many at once, and then so many an hour, go to one target; what waits and passes meanwhile is never told. */
export const messagesMax = 20;
const hourMs = 3_600_000;
/** A message that could not be handed over within a day is given up. */
export const giveUpMs = 24 * hourMs;

export function emptyBook(now: number): Book {
  return {
    version: 1,
    entries: {},
    overs: [],
    budgets: {},
    rhythms: {},
    watched: { from: now, to: now },
  };
}

/** What an earlier process wrote; an empty book where that cannot be read. */
export function readBook(text: string | undefined, now: number): Book {
  try {
    const found: unknown = JSON.parse(text ?? "null");
    const isBook = typeof found === "object" && found !== null && "version" in found && found.version === 1;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this version writes
    return isBook ? (found as Book) : emptyBook(now);
  } catch {
    return emptyBook(now);
  }
}

/** Takes in what is seen now: what holds is opened, what has gone is over. */
export function advance(book: Book, sightings: readonly Sighting[], now: number, newId: () => string): void {
  const seen = new Set<string>();
  for (const sighting of sightings) {
    const key = keyOf(sighting);
    seen.add(key);
    see(book, key, sighting, now, newId);
  }
  for (const [key, entry] of Object.entries(book.entries)) {
    if (seen.has(key)) continue;
    if (entry.id === undefined) delete book.entries[key];
    else if (now - entry.seenAt >= rules[entry.kind].quietMs) {
      close(book, entry, entry.id, now);
      delete book.entries[key];
    }
  }
}

function keyOf({ kind, subject }: Pick<Sighting, "kind" | "subject">): string {
  return subject === undefined ? kind : `${kind}:${subject}`;
}

/** Whether this is told of, or will be as soon as it can. */
export function isOpen(book: Book, about: Pick<Sighting, "kind" | "subject">): boolean {
  return book.entries[keyOf(about)]?.id !== undefined;
}

function see(book: Book, key: string, sighting: Sighting, now: number, newId: () => string): void {
  const { kind, subject, level } = sighting;
  const { holdMs, renewMs } = rules[kind];
  const entry = (book.entries[key] ??= {
    ...named(kind, subject),
    level,
    since: now,
    seenAt: now,
    roseAt: now,
    told: {},
  });
  const rises = level > entry.level;
  if (rises && entry.id !== undefined && renewMs !== undefined && now - entry.roseAt >= renewMs) {
    Object.assign(entry, { since: now, id: newId(), openedAt: now, told: {} });
  }
  if (rises) entry.roseAt = now;
  entry.level = level;
  entry.seenAt = now;
  if (entry.id === undefined && now - entry.since >= holdMs) {
    entry.id = newId();
    entry.openedAt = now;
  }
}

function close(book: Book, entry: Entry, id: string, now: number): void {
  const { kind, subject, since, told } = entry;
  const targets = Object.keys(told).filter((target) => told[target] !== "");
  if (targets.length === 0) return;
  book.overs.push({ ...named(kind, subject), id, since, until: now, targets });
}

/** Notes addresses that are new, and forgets those that nothing is posted to any more. */
export function keepTargets(book: Book, targets: readonly string[], now: number): void {
  const gone = (target: string) => !targets.includes(target);
  const { knownSince = {} } = book;
  book.knownSince = Object.fromEntries(targets.map((target) => [target, knownSince[target] ?? now]));
  for (const entry of Object.values(book.entries)) {
    for (const target of Object.keys(entry.told).filter(gone)) delete entry.told[target];
  }
  for (const target of Object.keys(book.budgets).filter(gone)) delete book.budgets[target];
  for (const over of book.overs) over.targets = over.targets.filter((target) => !gone(target));
  book.overs = book.overs.filter((over) => over.targets.length > 0);
}

/** What a target has not been told yet, the most urgent first: what is over, then what has begun. */
function untold(book: Book, target: string): (Message & { readonly wantedAt: number })[] {
  const overs = book.overs
    .filter(({ targets }) => targets.includes(target))
    .map(({ id, kind, subject, since, until }) => ({
      id,
      ...named(kind, subject),
      state: "over" as const,
      level: 0,
      since,
      until,
      wantedAt: until,
    }));
  const opens = openNotices(book)
    .filter(({ told }) => told[target] === undefined)
    .map(({ id, kind, subject, level, since, openedAt = since }) => ({
      id,
      ...named(kind, subject),
      state: "open" as const,
      level,
      since,
      // A new address hears once of what had been open before.
      wantedAt: Math.max(openedAt, book.knownSince?.[target] ?? 0),
    }));
  return [...overs, ...opens];
}

function named(kind: NoticeKind, subject: string | undefined) {
  return { kind, ...(subject === undefined ? {} : { subject }) };
}

/** The message that a target is to get next; undefined when there is none, or it has had too many. */
export function nextMessage(book: Book, target: string, now: number): Message | undefined {
  const [next] = untold(book, target);
  if (!next || budgetOf(book, target, now) < 1) return undefined;
  const { wantedAt: _, ...message } = next;
  return message;
}

function budgetOf(book: Book, target: string, now: number): number {
  const { left, at } = book.budgets[target] ?? { left: messagesMax, at: now };
  return Math.min(messagesMax, left + (Math.max(0, now - at) / hourMs) * messagesMax);
}

/** The target has it. */
export function wasSent(book: Book, target: string, message: Message, now: number): void {
  book.budgets[target] = { left: budgetOf(book, target, now) - 1, at: now };
  settle(book, target, message, message.id);
}

/** Messages that have waited for too long: they are not sent any more, nor that they are over. */
export function giveUp(book: Book, target: string, now: number): readonly Message[] {
  const late = untold(book, target).filter(({ wantedAt }) => now - wantedAt > giveUpMs);
  for (const message of late) settle(book, target, message, "");
  return late;
}

function settle(book: Book, target: string, message: Message, as: string): void {
  if (message.state === "over") {
    for (const over of book.overs) {
      if (over.id === message.id) over.targets = over.targets.filter((one) => one !== target);
    }
    book.overs = book.overs.filter(({ targets }) => targets.length > 0);
    return;
  }
  const entry = Object.values(book.entries).find(({ id }) => id === message.id);
  if (entry) entry.told[target] = as;
}

/** What needs a person now, the most urgent first. */
export function openNotices(book: Book): readonly (Entry & { readonly id: string })[] {
  return Object.values(book.entries)
    .flatMap((entry) => (entry.id === undefined ? [] : [{ ...entry, id: entry.id }]))
    .sort((a, b) => noticeKinds.indexOf(a.kind) - noticeKinds.indexOf(b.kind));
}

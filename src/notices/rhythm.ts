/**
 * When a source usually sends, learned from when it has sent: for each hour of the week whether it did in this week and in
 * each of the four before, and its longest pause of each of the last eight weeks.
 */
export interface Rhythm {
  /** When it was first seen with an event. */
  readonly since: number;
  /** When its newest event came. */
  last: number;
  /** 168 digits to the base of 32, Monday 0 h UTC first; in each the lowest bit is the present week. */
  hours: string;
  /** The longest pause of each week, the present one first. */
  pausesMs: number[];
  /** The week that the two begin with, counted from the epoch. */
  week: number;
}

const hourMs = 3_600_000;
const weekMs = 168 * hourMs;
/** 1970-01-01 was a Thursday. */
const mondayMs = 4 * 24 * hourMs;
const weeksOfPauses = 8;
/** An hour is usual when something came in it in three of the four weeks before. */
const usualWeeks = 3;
/** So many usual hours without anything are no accident. */
const missedHoursMin = 4;
/** And where there are hardly usual hours: twice its longest pause, once it is known for three weeks. */
const pauseFactor = 2;
const pauseMinMs = 24 * hourMs;
const knownMinMs = 3 * weekMs;

const weekOf = (at: number) => Math.floor((at - mondayMs) / weekMs);
const hourOf = (at: number) => Math.floor((((at - mondayMs) % weekMs) + weekMs) / hourMs) % 168;

export function newRhythm(at: number): Rhythm {
  const rhythm: Rhythm = { since: at, last: at, hours: "0".repeat(168), pausesMs: [0], week: weekOf(at) };
  mark(rhythm, at);
  return rhythm;
}

/** Takes in that the newest event of the source is of this time. */
export function learn(rhythm: Rhythm, newest: number, now: number): void {
  turn(rhythm, weekOf(now));
  if (newest <= rhythm.last) return;
  rhythm.pausesMs[0] = Math.max(rhythm.pausesMs[0] ?? 0, newest - rhythm.last);
  rhythm.last = newest;
  if (weekOf(newest) === rhythm.week) mark(rhythm, newest);
}

/**
 * Whether a source is silent against its habit. `watchedFrom`: nothing is known of the time before, because nobody watched.
 */
export function isSilent(rhythm: Rhythm, watchedFrom: number, now: number): boolean {
  const from = Math.max(rhythm.last, watchedFrom);
  if (usualHoursWithin(rhythm, from, now) >= missedHoursMin) return true;
  if (now - rhythm.since < knownMinMs || rhythm.pausesMs.length < usualWeeks) return false;
  return now - from > Math.max(pauseMinMs, pauseFactor * Math.max(...rhythm.pausesMs));
}

/** Whole usual hours between the two; more than a week of them is not counted. */
function usualHoursWithin(rhythm: Rhythm, from: number, now: number): number {
  const first = Math.ceil(from / hourMs);
  const behind = Math.min(Math.floor(now / hourMs), first + 168);
  let usual = 0;
  for (let hour = first; hour < behind; hour += 1) {
    const weeks = Number.parseInt(rhythm.hours[hourOf(hour * hourMs)] ?? "0", 32);
    if (bits(weeks >> 1) >= usualWeeks) usual += 1;
  }
  return usual;
}

function turn(rhythm: Rhythm, week: number): void {
  const weeks = Math.min(week - rhythm.week, weeksOfPauses);
  for (let i = 0; i < weeks; i += 1) {
    rhythm.hours = mapDigits(rhythm.hours, (digit) => (digit << 1) & 31);
    rhythm.pausesMs = [0, ...rhythm.pausesMs].slice(0, weeksOfPauses);
  }
  rhythm.week = Math.max(rhythm.week, week);
}

function mark(rhythm: Rhythm, at: number): void {
  const hour = hourOf(at);
  const digit = Number.parseInt(rhythm.hours[hour] ?? "0", 32) | 1;
  rhythm.hours = rhythm.hours.slice(0, hour) + digit.toString(32) + rhythm.hours.slice(hour + 1);
}

function mapDigits(digits: string, change: (digit: number) => number): string {
  return digits
    .split("")
    .map((digit) => change(Number.parseInt(digit, 32)).toString(32))
    .join("");
}

function bits(number: number): number {
  return [1, 2, 4, 8].filter((bit) => (number & bit) !== 0).length;
}

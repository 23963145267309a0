import { encodeTime } from "ulid";

/** Stamps of a contact are remembered this many times the retention, after its last delivery. */
export const stampRetentionFactor = 4;

/** Lines of history kept per contact, none of them longer than finished events. */
export const historyMax = 50;

/** A contact's lines of history that are too many are taken away after this many lines of a process. */
export const trimHistoryEvery = 16;

/** A run that read its event before an erasure could post its update no later than this. */
export const erasedEventsMs = 3_600_000;

/** A contact's list of its events is cleaned after this many posts of a process: seldom enough to cost nothing. */
export const forgetEventsEvery = 16;

/**
 * Ids of events that arrived before this time sort before it. Most of their records have gone long before their contact's
 * stamps, so that a contact that never rests need not name them for ever; one that was parked or replayed may be there.
 */
export function eventIdAt(time: number): string {
  return `evt_${encodeTime(Math.max(0, time))}`;
}

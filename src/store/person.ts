import type { FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Applied, FieldOrigin } from "../contact/merge.ts";
import { compareStamps } from "../contact/stamp.ts";

/** So many references of one person share what is known of them: a person has a phone, an e-mail and an id, or a few. */
export const referencesMax = 20;

/** What the API's answer to a request tells of whose the reference is. */
export interface Person {
  readonly contactId: number;
  /** Other references that the same request has shown to be this person's. */
  readonly also?: readonly ContactRef[];
  /** Stamps that are given up because the request has overwritten their values; the values wait again. */
  readonly overtaken?: readonly Overtaken[];
  /** What a creation has written, or may have written, without settling it. */
  readonly wrote?: Applied;
  /** Whether the others were kept from the API while the request was on the wire; else it may have met one of theirs. */
  readonly isHeld: boolean;
  /** How long a request may be on the wire: another reference that joins may have one there. Milliseconds. */
  readonly holdMs: number;
}

/** Another reference of the same person. */
export interface Other {
  readonly applied: Applied;
  /** Settled so lately that its request may have been on the wire at the same time. */
  readonly isRecent: boolean;
}

/** Since when a settlement counts as recent: both requests take their time, and so do clocks that differ. */
export const recentMs = (holdMs: number): number => 2 * holdMs;

/**
 * A value that may not be at the API although nothing newer is: a reference of the same person has applied it, and an older
 * one was carried out after it, or may have been.
 */
export interface Overtaken {
  readonly contact: ContactRef;
  readonly field: FieldName;
  readonly origin: FieldOrigin;
}

/** What the API holds by the requests of a settlement. */
export function writtenBy(applied: Applied, { wrote = {} }: Person): Applied {
  return { ...wrote, ...applied };
}

/** For each field the newest of several references. */
export function newestOf(all: readonly Applied[]): Applied {
  const newest: Partial<Record<FieldName, FieldOrigin>> = {};
  for (const applied of all) {
    for (const [name, origin] of Object.entries(applied)) {
      const field = name as FieldName;
      const kept = newest[field];
      if (origin && (!kept || compareStamps(kept.stamp, origin.stamp) < 0)) newest[field] = origin;
    }
  }
  return newest;
}

/**
 * What has to be sent once more and is not given up yet: of each field that was written what others have newer; and its own
 * value, where nobody's is newer, but an older one may have been carried out after it.
 */
export function overtakenBy(
  contact: ContactRef,
  written: Applied,
  others: ReadonlyMap<ContactRef, Other>,
  { overtaken: givenUp = [], isHeld }: Pick<Person, "overtaken" | "isHeld">,
): Overtaken[] {
  const known = new Set(givenUp.map(keyOf));
  const found = Object.entries(written).flatMap(([name, mine]): Overtaken[] => {
    const field = name as FieldName;
    if (!mine) return [];
    const theirs = [...others].flatMap(([ref, { applied, isRecent }]) => {
      const origin = applied[field];
      return origin ? [{ contact: ref, field, origin, isRecent }] : [];
    });
    const newer = theirs.filter(({ origin }) => compareStamps(mine.stamp, origin.stamp) < 0);
    if (newer.length > 0) return newer.map(({ contact: ref, origin }) => ({ contact: ref, field, origin }));
    const isDoubtful = theirs.some(
      ({ origin, isRecent }) => isRecent && compareStamps(origin.stamp, mine.stamp) < 0,
    );
    return isDoubtful && !isHeld ? [{ contact, field, origin: mine }] : [];
  });
  return found.filter((one) => !known.has(keyOf(one)));
}

/** What is settled as applied: not what is given up, which waits again. */
export function keptBy(contact: ContactRef, applied: Applied, { overtaken = [] }: Person): Applied {
  const own = new Set(overtaken.flatMap((one) => (one.contact === contact ? [one.field] : [])));
  return Object.fromEntries(Object.entries(applied).filter(([field]) => !own.has(field as FieldName)));
}

function keyOf({ contact, field, origin: { stamp } }: Overtaken): string {
  return JSON.stringify([contact, field, stamp]);
}

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { customField, patchEntries, type ContactPatch, type FieldName } from "./contact-patch.ts";
import type { ContactUpdate } from "./event.ts";
import { mergeUpdates, type Applied } from "./merge.ts";
import { makeStamp } from "./stamp.ts";

function update(occurredAt: number, patch: ContactPatch, id = `evt_${occurredAt}`): ContactUpdate {
  const stamp = makeStamp({ occurredAt, receivedAt: 1000, id, replay: 0 });
  return { id, eventId: id, contact: "id:1", patch, stamp, receivedAt: 1000 };
}

const fields: readonly FieldName[] = [
  "firstName",
  "email",
  customField("Plan"),
  customField("__proto__"),
  customField("constructor"),
];

const patches = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom(...fields),
      fc.constantFrom<string | number | boolean | null>("a", "b", 0, 1, false, true, null, ""),
    ),
    { selector: ([field]) => field, maxLength: fields.length },
  )
  .map((entries): ContactPatch => Object.fromEntries(entries));

const histories = fc
  .array(fc.tuple(fc.nat({ max: 5 }), patches), { maxLength: 12 })
  .map((items) => items.map(([time, patch], index) => update(time, patch, `evt_${index}`)));

/** The plainest statement of what merging means. */
function newestWins(updates: readonly ContactUpdate[]): Map<FieldName, unknown> {
  const values = new Map<FieldName, unknown>();
  for (const one of [...updates].sort((a, b) => (a.stamp < b.stamp ? -1 : 1))) {
    for (const [field, value] of patchEntries(one.patch)) values.set(field, value);
  }
  return values;
}

function valuesOf(patch: ContactPatch): Map<FieldName, unknown> {
  return new Map(patchEntries(patch));
}

describe("merging", () => {
  it("never lets a late older event overwrite a newer field", () => {
    const { patch } = mergeUpdates(
      [update(2, { firstName: "new" }), update(1, { firstName: "old", email: "a@b.co" })],
      {},
    );
    expect(patch).toEqual({ firstName: "new", email: "a@b.co" });
  });

  it("leaves out what is not newer than what was already applied", () => {
    const done = update(2, { firstName: "applied" });
    const applied: Applied = { firstName: { stamp: done.stamp, eventId: done.eventId } };
    const older = update(1, { firstName: "older", email: "a@b.co" });
    expect(mergeUpdates([older, done], applied).patch).toEqual({ email: "a@b.co" });
    expect(mergeUpdates([done], applied)).toEqual({ patch: {}, origins: {} });
  });

  it("treats null as a value: a newer null clears, an older null does not", () => {
    expect(mergeUpdates([update(1, { email: "a@b.co" }), update(2, { email: null })], {}).patch).toEqual({
      email: null,
    });
    expect(mergeUpdates([update(2, { email: "a@b.co" }), update(1, { email: null })], {}).patch).toEqual({
      email: "a@b.co",
    });
  });

  it("sends exactly the newest value of every field", () => {
    fc.assert(
      fc.property(histories, (updates) => {
        expect(valuesOf(mergeUpdates(updates, {}).patch)).toEqual(newestWins(updates));
      }),
      { numRuns: 1000 },
    );
  });

  it("names the event and stamp each value comes from", () => {
    fc.assert(
      fc.property(histories, (updates) => {
        const { patch, origins } = mergeUpdates(updates, {});
        expect(Object.keys(origins).sort()).toEqual(Object.keys(patch).sort());
        for (const [field, value] of patchEntries(patch)) {
          const origin = updates.find((one) => one.stamp === origins[field]?.stamp);
          expect(origin?.eventId).toBe(origins[field]?.eventId);
          expect(origin?.patch[field]).toBe(value);
        }
      }),
    );
  });

  it("does not depend on the order of arrival or on duplicates", () => {
    const shuffled = histories.chain((updates) =>
      fc.tuple(
        fc.constant(updates),
        fc
          .tuple(fc.shuffledSubarray(updates, { minLength: updates.length }), fc.shuffledSubarray(updates))
          .map(([all, again]) => [...all, ...again]),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([updates, disordered]) => {
        expect(mergeUpdates(disordered, {})).toEqual(mergeUpdates(updates, {}));
      }),
      { numRuns: 1000 },
    );
  });

  it("in several deliveries, in any order, ends as in one when applied stamps are carried along", () => {
    const split = histories.chain((updates) =>
      fc.tuple(
        fc.constant(updates),
        fc.shuffledSubarray(updates, { minLength: updates.length }),
        fc.nat({ max: updates.length }),
      ),
    );
    fc.assert(
      fc.property(split, ([updates, disordered, middle]) => {
        const first = mergeUpdates(disordered.slice(0, middle), {});
        const second = mergeUpdates(disordered.slice(middle), first.origins);
        const atOnce = mergeUpdates(updates, {});
        expect(valuesOf({ ...first.patch, ...second.patch })).toEqual(valuesOf(atOnce.patch));
        expect({ ...first.origins, ...second.origins }).toEqual(atOnce.origins);
      }),
      { numRuns: 1000 },
    );
  });

  it("changes neither the updates nor what was applied", () => {
    const applied: Applied = Object.freeze({});
    const frozen = [update(1, Object.freeze({ firstName: "a" })), update(2, Object.freeze({ email: null }))];
    expect(() => mergeUpdates(Object.freeze(frozen), applied)).not.toThrow();
  });
});

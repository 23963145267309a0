import { describe, expect, it } from "vitest";
import type { MappingReport } from "../contact/event.ts";
import { seededRandom } from "../sandbox/seeded-random.ts";
import { createShapeWatch } from "./shape-watch.ts";

const event = { source: "shop", type: "orders/create" };
const withPhone: MappingReport = {
  fields: [{ field: "phone", from: "customer.phone", was: "+60123456789", became: "+60123456789" }],
  unusedAnswers: [],
};
const withoutPhone: MappingReport = {
  fields: [{ field: "phone", why: "the payload has none" }],
  unusedAnswers: [],
};
const withAnswers = (...unusedAnswers: string[]): MappingReport => ({ fields: [], unusedAnswers });

function setUp() {
  const watch = createShapeWatch(() => 5);
  const times = (count: number, report: MappingReport, of = event) =>
    Array.from({ length: count }, () => watch.observe(of, report)).flat();
  return { watch, times };
}

describe("a source whose payloads have changed shape", () => {
  it("is told once that a mapped path has stopped appearing, and where it was", () => {
    const { watch, times } = setUp();
    expect(times(100, withPhone)).toEqual([]);
    expect(times(19, withoutPhone)).toEqual([]);
    const change = { ...event, kind: "field-missing", name: "phone", from: "customer.phone", at: 5 };
    expect(times(100, withoutPhone)).toEqual([change]);
    expect(watch.changes("shop")).toEqual([change]);
    expect(watch.changes("other")).toEqual([]);
  });

  it("holds no longer once the path is back", () => {
    const { watch, times } = setUp();
    times(50, withPhone);
    times(30, withoutPhone);
    times(1, withPhone);
    expect(watch.changes("shop")).toEqual([]);
    expect(times(60, withoutPhone)).toHaveLength(1);
  });

  it("is another matter for every type and every source", () => {
    const { times } = setUp();
    times(50, withPhone);
    expect(times(100, withoutPhone, { ...event, type: "orders/paid" })).toEqual([]);
    expect(times(100, withoutPhone, { ...event, source: "other" })).toEqual([]);
  });

  it("is not suspected for a field that is often empty", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seededRandom(seed);
      const { watch } = setUp();
      const found = Array.from({ length: 5_000 }, () =>
        watch.observe(event, random() < 0.3 ? withPhone : withoutPhone),
      ).flat();
      expect(found, `seed ${seed}`).toEqual([]);
    }
  });

  it("is not suspected before it is known", () => {
    const { times } = setUp();
    times(19, withPhone);
    expect(times(1_000, withoutPhone)).toEqual([]);
  });

  it("counts a value that does not fit as there: its path is what it was", () => {
    const { times } = setUp();
    times(50, withPhone);
    const unfit = { fields: [{ field: "phone", from: "customer.phone", was: "555-SHIP", why: "is not" }] };
    expect(times(100, { ...unfit, unusedAnswers: [] })).toEqual([]);
  });

  it("is told of a new answer that nothing uses, once, and of none it had from the start", () => {
    const { times } = setUp();
    expect(times(30, withAnswers("Company", "Message"))).toEqual([]);
    expect(times(5, withAnswers("Company", "T-shirt size"))).toEqual([
      { ...event, kind: "new-answer", name: "T-shirt size", at: 5 },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import type { MappingReport } from "../contact/event.ts";
import { seededRandom } from "../sandbox/seeded-random.ts";
import { createShapeWatch } from "./shape-watch.ts";

const kind = { source: "shop", type: "orders/create" };
const event = { ...kind, attributes: {} };
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
    const change = { ...kind, kind: "field-missing", name: "phone", from: "customer.phone", at: 5 };
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
    expect(times(4, withAnswers("Company", "T-shirt size"))).toEqual([]);
    expect(times(50, withAnswers("Company", "T-shirt size"))).toEqual([
      { ...kind, kind: "new-answer", name: "T-shirt size", at: 5 },
    ]);
  });

  it("is told which form has the new answer; another form's questions are not new", () => {
    const { watch, times } = setUp();
    const form = (formId: string) => ({ ...event, attributes: { formId } });
    times(100, withAnswers("Company"), form("a"));
    expect(times(100, withAnswers("Budget", "Size"), form("b"))).toEqual([]);
    const change = { ...kind, form: "a", kind: "new-answer", name: "Budget", at: 5 };
    expect(times(5, withAnswers("Company", "Budget"), form("a"))).toEqual([change]);
    expect(watch.changes("shop")).toEqual([change]);
  });

  it("is not told of a new answer for an old question that few answer", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed);
      const { watch } = setUp();
      const questions = [0.01, 0.03, 0.1, 0.2, 0.3, 0.5].map((share) => ({ share, name: `asked ${share}` }));
      const found = Array.from({ length: 1_000 }, () => {
        const given = questions.filter(({ share }) => random() < share).map(({ name }) => name);
        return watch.observe(event, withAnswers("Company", ...given));
      }).flat();
      expect(found, `seed ${seed}`).toEqual([]);
    }
  });

  it("is told of a new question soon, even if only half of the people answer it", () => {
    const random = seededRandom(7);
    const { watch, times } = setUp();
    times(60, withAnswers("Company"));
    const told = Array.from({ length: 40 }, () =>
      watch.observe(event, random() < 0.5 ? withAnswers("Company", "Size") : withAnswers("Company")),
    ).flat();
    expect(told).toMatchObject([{ kind: "new-answer", name: "Size" }]);
  });

  it("holds no longer once the new answer is not given any more", () => {
    const { watch, times } = setUp();
    times(50, withAnswers("Company"));
    times(10, withAnswers("Company", "Size"));
    expect(watch.changes("shop")).toHaveLength(1);
    expect(times(100, withAnswers("Company"))).toEqual([]);
    expect(watch.changes("shop")).toEqual([]);
  });

  it("is remembered in bounded room: the quietest form is forgotten for a new one", () => {
    const { watch, times } = setUp();
    const form = (formId: string) => ({ ...event, attributes: { formId } });
    times(50, withPhone, form("first"));
    times(100, withoutPhone, form("first"));
    times(50, withPhone, form("busy"));
    for (let count = 0; count < 10_000; count += 1) {
      watch.observe(form(`form ${count}`), withAnswers("x".repeat(100_000)));
      if (count % 100 === 0) watch.observe(form("busy"), withPhone);
    }
    expect(watch.changes("shop")).toEqual([]);
    expect(times(100, withoutPhone, form("busy"))).toHaveLength(1);
  });
});

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readFieldsPage } from "./field-pages.ts";

const garbage = fc.jsonValue({ maxDepth: 4 });
const item = fc.record(
  { id: garbage, name: garbage, slug: garbage, title: garbage, dataType: garbage, allowedValues: garbage },
  { requiredKeys: [] },
);
const items = fc.array(fc.oneof(item, garbage), { maxLength: 5 });
const next = fc.oneof(garbage, fc.webUrl({ withQueryParameters: true }), fc.string({ unit: "binary" }));
const page = fc.oneof(
  garbage,
  items,
  fc.record(
    {
      items: fc.oneof(items, garbage),
      data: fc.oneof(items, garbage),
      pagination: fc.oneof(garbage, fc.record({ next, nextCursor: next }, { requiredKeys: [] })),
      nextCursor: next,
    },
    { requiredKeys: [] },
  ),
);

it("whatever an API answers is a page or none, with names that can be written and a query that can be sent", () => {
  fc.assert(
    fc.property(page, (json) => {
      const read = readFieldsPage(json);
      if (!read) return;
      expect(read.fields.length).toBeLessThanOrEqual(read.items);
      for (const { name, options } of read.fields) {
        expect(name.trim()).not.toBe("");
        expect(options ?? ["one"]).not.toEqual([]);
      }
      if (read.others === "last") expect(read.next).toBeUndefined();
      if (!read.next) return;
      expect(read.next.size).toBeGreaterThan(0);
      expect(URL.canParse(`http://api.example.com/space/custom_field?${read.next.toString()}`)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

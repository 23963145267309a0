import * as fc from "fast-check";
import { expect, it } from "vitest";
import { validateBody } from "../sandbox/validate.ts";
import { coerceCustomValue, customFieldTypes } from "./custom-field.ts";
import { fitField } from "./field-fit.ts";
import { workspaceFields } from "./workspace-field.ts";

const options = ["free", "pro", "Pro", "5", "true"];
const fields = workspaceFields(
  customFieldTypes.map((type) => ({ name: type, type, ...(type === "list" ? { options } : {}) })),
  true,
);
const rules = {
  customFields: Object.fromEntries(customFieldTypes.map((type) => [type, { type, options }])),
  requireFirstName: false,
};

const date = fc.date({
  min: new Date("1000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59Z"),
  noInvalidDate: true,
});
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.emailAddress(),
  fc.webUrl(),
  fc.domain(),
  fc.ipV6().map((host) => `http://[${host}]/`),
  date.map((day) => day.toISOString()),
  date.map((day) => day.toISOString().slice(0, 10)),
  date.map((day) => day.toISOString().slice(11, 16)),
  fc.double().map(String),
  fc.integer().map(String),
  fc.constantFrom(
    "2026-02-30",
    "24:00",
    "FREE ",
    "PRO",
    "12.500",
    "1e5",
    "-0",
    "true",
    "+5",
    "00",
    "www.a.b/c d",
  ),
);
const value = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));

const accepts = (name: string, value: unknown) =>
  validateBody({ custom_fields: [{ name, value }] }, rules).ok;

it("what it lets through, the API's contract takes", () => {
  fc.assert(
    fc.property(fc.constantFrom(...customFieldTypes), value, (name, value) => {
      const fit = fitField(name, value, fields);
      if (fit.kind !== "unfit") expect(accepts(name, fit.value)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

it("what the API's contract takes as it is, it never keeps back, but for addresses", () => {
  const types = customFieldTypes.filter((type) => type !== "email" && type !== "url");
  fc.assert(
    fc.property(fc.constantFrom(...types), value, (name, value) => {
      if (accepts(name, value)) expect(fitField(name, value, fields)).toEqual({ kind: "fits", value });
    }),
    { numRuns: 5_000 },
  );
});

it("what mapping makes for a field of its own type fits, but for URLs that the API does not know", () => {
  const types = customFieldTypes.filter((type) => type !== "url");
  fc.assert(
    fc.property(fc.constantFrom(...types), value, (type, value) => {
      const mapped = coerceCustomValue(value, type, type === "list" ? { options } : {});
      if (mapped.ok)
        expect(fitField(type, mapped.value, fields)).toEqual({ kind: "fits", value: mapped.value });
    }),
    { numRuns: 5_000 },
  );
});

import { describe, expect, it } from "vitest";
import type { FieldValue } from "./contact-patch.ts";
import { customFieldTypes } from "./custom-field.ts";
import { fitField, fitValue } from "./field-fit.ts";
import { readFieldType, workspaceFields, type WorkspaceField } from "./workspace-field.ts";

const options = ["free", "Pro", "PRO", "Très bien"];
const field = (type: WorkspaceField["type"]): WorkspaceField => ({ name: "It", type, options });

const table: readonly [WorkspaceField["type"], FieldValue, FieldValue | undefined][] = [
  ["text", "a", "a"],
  ["text", 12, "12"],
  ["text", true, "true"],
  ["number", 12.5, 12.5],
  ["number", "12", 12],
  ["number", "-0.50", -0.5],
  ["number", "12.500", undefined],
  ["number", "1,5", undefined],
  ["number", "1,234.50", undefined],
  ["number", "007", undefined],
  ["number", "1e3", undefined],
  ["number", "99999999999999999999", undefined],
  ["number", "", undefined],
  ["number", "twelve", undefined],
  ["number", true, undefined],
  ["number", Number.NaN, undefined],
  ["checkbox", false, false],
  ["checkbox", "true", true],
  ["checkbox", "yes", undefined],
  ["checkbox", "1", undefined],
  ["checkbox", 1, undefined],
  ["date", "2026-02-28", "2026-02-28"],
  ["date", "2026-02-30", undefined],
  ["date", "2026-02-28T10:00:00Z", undefined],
  ["date", "28/02/2026", undefined],
  ["date", 1_700_000_000, undefined],
  ["time", "09:05", "09:05"],
  ["time", "9:05", undefined],
  ["time", "24:00", undefined],
  ["email", "Ada@Example.com", "Ada@Example.com"],
  ["email", "Ada <ada@example.com>", undefined],
  ["email", "nobody", undefined],
  ["email", 5, undefined],
  ["url", "www.example.com/a", "www.example.com/a"],
  ["url", "https://example.com", "https://example.com"],
  ["url", "https://user@example.com", undefined],
  ["url", "https://[::1]/", undefined],
  ["url", "nothing", undefined],
  ["list", "free", "free"],
  ["list", "Pro", "Pro"],
  ["list", "PRO", "PRO"],
  ["list", " FREE ", "free"],
  ["list", "pro", undefined],
  ["list", "très bien", "Très bien"],
  ["list", "gold", undefined],
  ["list", 5, undefined],
];

describe("a value of a field of the workspace", () => {
  it.each(table)("%s, %j: %j", (type, value, expected) => {
    const fit = fitValue(value, field(type));
    if (expected === undefined) expect(fit.kind).toBe("unfit");
    else expect(fit).toEqual({ kind: expected === value ? "fits" : "made-to-fit", value: expected });
  });

  it.each(customFieldTypes)("%s can be cleared", (type) => {
    expect(fitValue(null, field(type))).toEqual({ kind: "fits", value: null });
  });

  it("of a type that is not known, or of a list whose options are not told, fits", () => {
    expect(fitValue(5, field(undefined))).toEqual({ kind: "fits", value: 5 });
    expect(fitValue("gold", { name: "It", type: "list" })).toEqual({ kind: "fits", value: "gold" });
  });

  it("that does not fit is not repeated in the reason", () => {
    for (const type of customFieldTypes) {
      const fit = fitValue("ada@secret@example.com\n", field(type));
      if (fit.kind === "unfit") expect(fit.why).not.toContain("secret");
    }
  });

  it("the reason of a list names as many options as a person reads", () => {
    const many = Array.from({ length: 30 }, (_, n) => `option ${n}`);
    const fit = fitValue("x", { name: "It", type: "list", options: many });
    expect(fit).toMatchObject({
      why: expect.stringMatching(/option 0, option 1, .*option 11 and 18 more$/),
    });
  });
});

describe("a field", () => {
  const plan = { name: "Plan", slug: "plan_slug", title: "The plan", type: "number" } as const;
  const fields = workspaceFields([plan, { name: "plan_slug2", type: "text" }], true);

  it("that the workspace does not have takes nothing, unless not all of them could be read", () => {
    expect(fitField("plan", 1, fields)).toMatchObject({ kind: "unfit" });
    expect(fitField("constructor", null, fields)).toMatchObject({ kind: "unfit" });
    expect(fitField("plan", 1, workspaceFields([plan], false))).toEqual({ kind: "fits", value: 1 });
  });

  it("is known by its slug and title too, as some clients write it", () => {
    for (const name of ["Plan", "plan_slug", "The plan"]) {
      expect(fitField(name, 1, fields).kind).toBe("fits");
      expect(fitField(name, "x", fields).kind).toBe("unfit");
    }
    expect(fields.find("plan_slug")?.by).toBe("slug");
  });

  it("whose name is another's slug is the one of that name", () => {
    const both = workspaceFields([plan, { name: "plan_slug", type: "text" }], true);
    expect(both.find("plan_slug")).toMatchObject({ by: "name", field: { type: "text" } });
  });

  it("that is there twice with two types takes anything", () => {
    const twice = workspaceFields([plan, { name: "Plan", type: "text" }], true);
    expect(fitField("Plan", true, twice)).toEqual({ kind: "fits", value: true });
  });
});

it("a type is read in any case, and an unknown one is none", () => {
  expect(["TEXT", " Checkbox ", "url"].map(readFieldType)).toEqual(["text", "checkbox", "url"]);
  expect(["datetime", "", "string"].map(readFieldType)).toEqual([undefined, undefined, undefined]);
});

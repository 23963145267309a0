import { describe, expect, it } from "vitest";
import type { CustomFieldType } from "../contact/custom-field.ts";
import { identifierOf, readIdentifier, validateBody } from "./validate.ts";

const anyName = { customFields: undefined, requireFirstName: false };

describe("identifiers", () => {
  it.each([
    "",
    "example",
    "id:",
    "id:00",
    "id:01",
    "id:-1",
    "id:1.5",
    "id:9007199254740993",
    "ID:1",
    " id:1",
    "phone:60123456789",
    "phone:+0123456789",
    "phone:+601234",
    "phone:+6012345678901234",
    "phone:+60 123456789",
    "email:@example.com",
    "email:a@example",
    "email:a@@example.com",
    "email:a b@example.com",
    "email:a@example..com",
    `email:${"a".repeat(250)}@example.com`,
  ])("'%s' names nobody", (text) => {
    expect(identifierOf(text)).toBeUndefined();
  });

  it("those of the API's page name a contact, an e-mail in any case the same one", () => {
    expect(identifierOf("id:123")).toBe("id:123");
    expect(identifierOf("email:abdc@gmail.com")).toBe("email:abdc@gmail.com");
    expect(identifierOf("phone:+60121233112")).toBe("phone:+60121233112");
    expect(identifierOf("email:Ada@Example.COM")).toBe("email:ada@example.com");
  });

  it("one that was encoded twice, or wrongly, names nobody", () => {
    expect(readIdentifier("email:a%2540b.de")).toBeUndefined();
    expect(readIdentifier("email%3Aada%40example.com")).toBe("email:ada@example.com");
    expect(readIdentifier("phone:%2B60121233112")).toBe("phone:+60121233112");
    expect(readIdentifier("phone:%ZZ")).toBeUndefined();
  });
});

describe("core fields", () => {
  it.each([
    ["firstName", null, "", " ", 5, true, {}, []],
    ["lastName", 5, false, {}],
    ["phone", "", "0123456789", "60123456789", "+60 12-345 6789", "+6", 60123456789],
    ["email", "", "ada", "ada@example", "ada@example.com, bob@example.com"],
    ["language", "", "MS", "msa", "malay", "xx", "pt-BR"],
    ["countryCode", "", "my", "MYS", "Malaysia", "UK", "ZZ"],
    ["profilePic", "", "avatar.png", "/avatar.png", 5],
  ] as [string, ...unknown[]][])("%s has one notation only", (field, ...values) => {
    for (const value of values) {
      const validated = validateBody({ [field]: value }, anyName);
      expect(validated, JSON.stringify(value)).toEqual({ ok: false, message: "Validation error." });
    }
  });

  it("all but firstName may be null", () => {
    const cleared = {
      lastName: null,
      phone: null,
      email: null,
      language: null,
      profilePic: null,
      countryCode: null,
      custom_fields: null,
    };
    expect(validateBody(cleared, anyName)).toMatchObject({ ok: true });
  });

  it("a name is taken as it was sent, however long", () => {
    const names = { firstName: "Muhammad ", lastName: "x".repeat(5_000) };
    const validated = validateBody(names, anyName);
    expect(validated.ok && Object.fromEntries(validated.core)).toEqual(names);
  });

  it.each([undefined, null, "text", 5, [], [{}]])("%j is no body", (body) => {
    expect(validateBody(body, anyName)).toEqual({ ok: false, message: "Validation error." });
  });
});

describe("custom fields", () => {
  const options = ["free", "pro"];
  it.each([
    ["text", ["x", "", " with spaces ", "5"], [5, true, {}, ["x"]]],
    ["number", [5, -1.5, 0], ["5", "", true, Number.POSITIVE_INFINITY]],
    ["email", ["user@domain.com"], ["", "user", "user@domain", 5]],
    [
      "url",
      ["www.website.com", "https://www.website.com", "website.com", "http://website.com/a?b=c"],
      ["", "website", "ftp://website.com", "mailto:ada@example.com", "a b.com", 5],
    ],
    ["list", options, ["Free", " pro", "", 5]],
    [
      "date",
      ["2026-01-31", "2024-02-29"],
      ["2026-02-30", "2025-02-29", "2026-1-31", "2026-01-31T00:00:00Z", 5],
    ],
    ["time", ["00:00", "13:00", "23:59"], ["24:00", "1:30", "1:30 PM", "13:00:00", "13:60", 1300]],
    ["checkbox", [true, false], ["true", "false", 1, "on"]],
  ] satisfies [CustomFieldType, unknown[], unknown[]][])("%s", (type, good, bad) => {
    const rules = { customFields: { F: { type, options } }, requireFirstName: false };
    const send = (value: unknown) => validateBody({ custom_fields: [{ name: "F", value }] }, rules);
    for (const value of [...good, null])
      expect(send(value), JSON.stringify(value)).toMatchObject({ ok: true });
    for (const value of bad) {
      expect(send(value), JSON.stringify(value)).toEqual({ ok: false, message: "F: Invalid value" });
    }
  });

  it("one that does not exist, or lost its value, refuses the request", () => {
    const rules = { customFields: { F: { type: "text" } }, requireFirstName: false } as const;
    for (const field of [{ name: "G", value: "x" }, { name: "constructor", value: "x" }, { name: "F" }]) {
      expect(validateBody({ custom_fields: [field] }, rules)).toEqual({
        ok: false,
        message: `${field.name}: Invalid value`,
      });
    }
  });

  it.each([{}, "x", 5, [null], ["x"], [{}], [{ name: "" }], [{ name: 5, value: "x" }]])(
    "%j is no list of them",
    (list) => {
      expect(validateBody({ custom_fields: list }, anyName)).toEqual({
        ok: false,
        message: "Validation error.",
      });
    },
  );

  it("where none are configured any name is taken, with a value of some shape", () => {
    for (const value of ["x", 5, true, null]) {
      expect(validateBody({ custom_fields: [{ name: "F", value }] }, anyName)).toMatchObject({ ok: true });
    }
    for (const value of [{}, ["x"]]) {
      expect(validateBody({ custom_fields: [{ name: "F", value }] }, anyName)).toMatchObject({ ok: false });
    }
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contactPath, contactRef, contactTag, identifierKinds, parseContactRef } from "./contact-ref.ts";

describe("a contact's reference", () => {
  it.each([
    ["phone", "0123456789"],
    ["phone", 60_123_456_789],
    ["phone", "555-SHIP"],
    ["email", "ada"],
    ["email", "Ada <ada@example.com>, <bob@example.com>"],
    ["id", "0"],
    ["id", "012"],
    ["id", "1.5"],
    ["id", "-1"],
    ["id", "1e3"],
    ["id", "12345678901234567890"],
    ["id", 1e21],
    ["id", 1.5],
    ["id", true],
    ["id", null],
    ["id", ["12"]],
  ] as const)("is never made of a %s that is none: %j", (kind, value) => {
    expect(contactRef(kind, value)).toBeUndefined();
  });

  it("is never made of an id that a JSON number cannot hold: the API's ids are such numbers", () => {
    expect(contactRef("id", Number("9007199254740993"))).toBeUndefined();
    expect(contactRef("id", "9007199254740993")).toBeUndefined();
    expect(contactRef("id", "9007199254740991")).toBe("id:9007199254740991");
  });

  it.each([
    ["phone", "+60 12-345 6789", "phone:+60123456789"],
    ["email", " Ada@Example.com", "email:ada@example.com"],
    ["id", 123, "id:123"],
    ["id", " 123 ", "id:123"],
  ] as const)("holds the normalized %s of %j", (kind, value, expected) => {
    expect(contactRef(kind, value)).toBe(expected);
  });

  it("is made of anything without throwing, and survives being written and read again", () => {
    const values = fc.oneof(fc.anything(), fc.emailAddress(), fc.nat(), fc.constant("+60123456789"));
    fc.assert(
      fc.property(fc.constantFrom(...identifierKinds), values, (kind, value) => {
        const ref = contactRef(kind, value);
        if (ref === undefined) return;
        expect(parseContactRef(ref)).toBe(ref);
        expect(decodeURIComponent(contactPath(ref))).toBe(ref);
      }),
    );
  });
});

describe("a reference written by a person", () => {
  it.each([
    "",
    ":",
    "phone",
    "phonex",
    "phone:",
    "idx",
    "mail:ada@example.com",
    "id:ada",
    "phone:0123456789",
  ])("%j is none", (text) => {
    expect(parseContactRef(text)).toBeUndefined();
  });

  it.each([
    ["Phone: +60 12-345 6789", "phone:+60123456789"],
    ["EMAIL:Ada@Example.com", "email:ada@example.com"],
    [" id : 7", "id:7"],
  ])("%j is read", (text, expected) => {
    expect(parseContactRef(text)).toBe(expected);
  });
});

describe("a contact's path", () => {
  it.each([
    ["email:a/b@c.de", "email:a%2Fb%40c.de"],
    ["email:a%2fb@c.de", "email:a%252fb%40c.de"],
    ["phone:+60123456789", "phone:%2B60123456789"],
    ["id:123", "id:123"],
  ] as const)("of %s encodes the value exactly once", (ref, expected) => {
    expect(contactPath(ref)).toBe(expected);
  });
});

describe("a contact's tag", () => {
  it("is the same for the same contact, another for another, and shows neither", () => {
    const tag = contactTag("phone:+60123456789");
    expect(tag).toMatch(/^c_[0-9a-f]{12}$/);
    expect(contactTag("phone:+60123456789")).toBe(tag);
    expect(contactTag("phone:+60123456780")).not.toBe(tag);
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Normalized } from "./normalized.ts";
import { normalizePhone, parseRegion, type RegionCode } from "./phone.ts";

function valueOf<T>(normalized: Normalized<T>): T | undefined {
  return normalized.ok ? normalized.value : undefined;
}

function messageOf(normalized: Normalized<unknown>): string | undefined {
  return normalized.ok ? undefined : normalized.message;
}

const regions: readonly (RegionCode | undefined)[] = [
  undefined,
  "MY",
  "SG",
  "US",
  "GB",
  "DE",
  "IT",
  "BR",
  "MX",
  "AR",
  "AU",
  "JP",
  "IN",
  "RU",
];

describe("phone", () => {
  it.each<[unknown, RegionCode | undefined]>([
    ["555-SHIP", "US"],
    ["555-555-SHIP", "US"],
    ["1-800-FLOWERS", "US"],
    ["+1 (800) FLOWERS", undefined],
    ["12345", "MY"],
    ["+1", undefined],
    ["+60 12", undefined],
    ["+0123456789", undefined],
    ["012345678901234567890", "DE"],
    ["call +60123456789", undefined],
    ["+60123456789 / +60123456780", undefined],
    ["", "MY"],
    ["   ", "MY"],
    [null, "MY"],
    [true, "MY"],
    [{}, "MY"],
    [["+60123456789"], "MY"],
    [1.5, "MY"],
    [-60_123_456_789, "MY"],
    [Number.NaN, "MY"],
    [0, "MY"],
  ])("refuses %j", (value, region) => {
    expect(messageOf(normalizePhone(value, region))).toMatch(/is not a phone number(?: in [A-Z]{2})?$/);
  });

  it.each(["0123456789", "60123456789", 15_550_000_000, "012-345 6789", "(555) 555-5555"])(
    "without a region refuses %j, which has no country code",
    (value) => {
      const normalized = normalizePhone(value, undefined);
      expect(normalized.ok).toBe(false);
    },
  );

  it("says what is missing when only a region is", () => {
    expect(messageOf(normalizePhone("0123456789", undefined))).toBe(
      "'0123456789' has no country code and the source has no region",
    );
    expect(messageOf(normalizePhone("555-SHIP", undefined))).toBe("'555-SHIP' is not a phone number");
  });

  it.each([
    ["+60123456789", "+60123456789"],
    [" +60 12-345 6789 ", "+60123456789"],
    ["(+60) 12-345 6789", "+60123456789"],
    ["+(60) 12-345 6789", "+60123456789"],
    ["0060 12-345 6789", "+60123456789"],
    ["tel:+60123456789", "+60123456789"],
    ["\u202a+60 12 345 6789\u202c", "+60123456789"],
    ["＋６０１２３４５６７８９", "+60123456789"],
    ["+٦٠١٢٣٤٥٦٧٨٩", "+60123456789"],
    ["+44 (0)20 7946 0958", "+442079460958"],
    ["+1 555 123 4567 ext. 5", "+15551234567"],
    ["+60 12-345 6789 x5", "+60123456789"],
    ["+800 1234 5678", "+80012345678"],
  ])("without a region takes %j, which has a country code", (value, expected) => {
    expect(valueOf(normalizePhone(value, undefined))).toBe(expected);
  });

  it.each<[unknown, RegionCode, string]>([
    ["012-345 6789", "MY", "+60123456789"],
    [123_456_789, "MY", "+60123456789"],
    ["60123456789", "MY", "+60123456789"],
    ["+65 6123 4567", "MY", "+6561234567"],
    ["15550000000", "US", "+15550000000"],
    [15_550_000_000, "US", "+15550000000"],
    ["(555) 555-5555", "US", "+15555555555"],
    ["02 1234 5678", "IT", "+390212345678"],
    ["6591234567", "SG", "+6591234567"],
    ["919876543210", "IN", "+919876543210"],
    ["89161234567", "RU", "+79161234567"],
  ])("reads %j in %s", (value, region, expected) => {
    expect(valueOf(normalizePhone(value, region))).toBe(expected);
  });

  it("takes a number of the right length though no range of it is assigned", () => {
    expect(valueOf(normalizePhone("+1 555 000 0000", undefined))).toBe("+15550000000");
  });

  it.each<[string, RegionCode, string]>([
    ["0060123456789", "US", "+60123456789"],
    ["0060123456789", "AU", "+60123456789"],
    ["011 44 20 7946 0958", "US", "+442079460958"],
    ["0011 65 6123 4567", "AU", "+6561234567"],
    ["0055 11 91234 5678", "BR", "+5511912345678"],
  ])("reads the international prefix of %j in %s", (value, region, expected) => {
    expect(valueOf(normalizePhone(value, region))).toBe(expected);
  });

  it("never reads a number that begins with 00 as a national one", () => {
    expect(normalizePhone("0044123456", "US").ok).toBe(false);
  });

  it("accepts in every region what it made in any, so that it names the same contact", () => {
    const digits = fc.stringMatching(/^(?:\+|00|0)?[1-9][0-9]{5,14}$/);
    fc.assert(
      fc.property(digits, fc.constantFrom(...regions), fc.constantFrom(...regions), (text, from, to) => {
        const phone = valueOf(normalizePhone(text, from));
        fc.pre(phone !== undefined);
        expect(valueOf(normalizePhone(phone, to))).toBe(phone);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("region", () => {
  it.each(["", "XX", "Malaysia", "MYS", "__proto__", "constructor"])("does not know %j", (text) => {
    expect(parseRegion(text)).toBeUndefined();
  });

  it.each(["MY", "my", " My "])("reads %j", (text) => {
    expect(parseRegion(text)).toBe("MY");
  });
});

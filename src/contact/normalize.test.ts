import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coreFields } from "./contact-patch.ts";
import {
  isAbsent,
  normalizeCoreField,
  normalizeEmail,
  normalizePhone,
  normalizeText,
  normalizeUrl,
  splitFullName,
  type Normalized,
} from "./normalize.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

function valueOf<T>(normalized: Normalized<T>): T | undefined {
  return normalized.ok ? normalized.value : undefined;
}

function messageOf(normalized: Normalized<unknown>): string | undefined {
  return normalized.ok ? undefined : normalized.message;
}

const regions = [undefined, "MY", "US"] as const;

describe("e-mail", () => {
  it.each([
    "",
    "a",
    "@example.com",
    "a@",
    "a@b",
    "a@b.c",
    "a@@b.co",
    "a b@c.de",
    ".a@c.de",
    "a.@c.de",
    "a..b@c.de",
    "a@-c.de",
    "a@c-.de",
    "a@b_c.de",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@b.co,c@d.co",
    "a@b.co c@d.co",
    '"a b"@c.de',
    "\ud800@b.co",
    12,
    null,
    ["a@b.co"],
  ])("refuses %j", (value) => {
    expect(messageOf(normalizeEmail(value))).toMatch(/ is not an e-mail address$/);
  });

  it.each([
    [" Ada.Lovelace+shop@Example.COM\n", "ada.lovelace+shop@example.com"],
    ["O'Neil@example.ie", "o'neil@example.ie"],
    ["ada@MÜNCHEN.example", "ada@münchen.example"],
    ["ada@mu\u0308nchen.example", "ada@münchen.example"],
    ["ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"],
    ["a@例子.公司", "a@例子.公司"],
  ])("takes %j", (value, expected) => {
    expect(valueOf(normalizeEmail(value))).toBe(expected);
  });

  it.each([
    ["64 characters before the @", `${"a".repeat(65)}@b.co`],
    ["63 in a label of the domain", `a@${"b".repeat(64)}.co`],
    ["254 in all", `a@${"b.".repeat(126)}co`],
  ])("refuses more than %s", (_, value) => {
    expect(normalizeEmail(value).ok).toBe(false);
  });

  it("takes the addresses that people have", () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        const [local = "", domain = ""] = email.split("@");
        fc.pre(local.length <= 64 && email.length <= 254 && !/[0-9]$/.test(domain));
        expect(valueOf(normalizeEmail(email))).toBe(email.toLowerCase());
      }),
    );
  });
});

describe("text", () => {
  it.each([
    ["", "'' is empty"],
    ["\0 ", "'  ' is empty"],
    [{ a: 1 }, "an object is not a text"],
    [["a"], "a list is not a text"],
    [null, "null is not a text"],
    [undefined, "undefined is not a text"],
    [Number.NaN, "NaN is not a text"],
    [Number.POSITIVE_INFINITY, "Infinity is not a text"],
  ])("refuses %j", (value, message) => {
    expect(normalizeText(value)).toEqual({ ok: false, message });
  });

  it("refuses more than 64 KiB, counted as UTF-8", () => {
    expect(normalizeText("a".repeat(65_536)).ok).toBe(true);
    expect(normalizeText("a".repeat(65_537)).ok).toBe(false);
    expect(normalizeText("é".repeat(32_769)).ok).toBe(false);
  });

  it.each([
    [" Muhammad ", "Muhammad"],
    ["a\0b", "ab"],
    ["a\ud800b", "a\ufffdb"],
    ["two\nlines", "two\nlines"],
    [12.5, "12.5"],
    [0, "0"],
    [false, "false"],
  ])("makes %j fit for storing and sending", (value, expected) => {
    expect(valueOf(normalizeText(value))).toBe(expected);
  });
});

describe("URL", () => {
  it.each([
    "",
    "example.com",
    "//cdn.example.com/a.png",
    "/a.png",
    "ftp://example.com",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "https://",
    "https:///a.png",
    "https://nowhere",
    "https://exa\nmple.com",
    7,
    null,
  ])("refuses %j", (value) => {
    expect(messageOf(normalizeUrl(value))).toMatch(/ is not an http or https URL$/);
  });

  it.each([
    ["https://example.com", "https://example.com"],
    [" https://cdn.example.com/a.png?b=%20#c ", "https://cdn.example.com/a.png?b=%20#c"],
    ["http://example.com/my pic.png", "http://example.com/my%20pic.png"],
    ["https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"],
  ])("takes %j", (value, expected) => {
    expect(valueOf(normalizeUrl(value))).toBe(expected);
  });

  it("refuses more than 2048 characters, encoded or not", () => {
    expect(normalizeUrl(`https://example.com/${"a".repeat(2028)}`).ok).toBe(true);
    expect(normalizeUrl(`https://example.com/${"a".repeat(2029)}`).ok).toBe(false);
    expect(normalizeUrl(`https://example.com/${"ü".repeat(500)}`).ok).toBe(false);
  });
});

describe("every normalizer", () => {
  const junk = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withSparseArray: true }),
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom(Symbol("a"), () => "a"),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.emailAddress(),
    fc.integer(),
    fc.stringMatching(/^[+0-9 ()./x-]{1,20}$/),
    fc.stringMatching(/^[a-zA-Z_-]{2,8}$/),
  );

  it.each(coreFields)("of %s never throws, and leaves what it accepted as it is", (field) => {
    fc.assert(
      fc.property(junk, fc.constantFrom(...regions), (value, region) => {
        const once = normalizeCoreField(field, value, region);
        expect(once.ok ? once.value : once.message).not.toBe("");
        if (once.ok) expect(normalizeCoreField(field, once.value, region)).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(coreFields)("of %s is done with oversized junk at once", (field) => {
    const oversized = ["a", "1", "@", "a@", "a.", "(", "+", " x", "-_", "https://", "é"].flatMap((unit) => [
      unit.repeat(100_000),
      unit.repeat(1_000_000 / unit.length),
    ]);
    normalizeCoreField(field, "warm-up", "MY");
    expectQuick(() => {
      for (const value of oversized) expect(normalizeCoreField(field, value, "MY").ok).toBe(false);
    });
  });

  it("shows no more than the beginning of a value in its message", () => {
    const message = messageOf(normalizePhone("x".repeat(1000), "MY"));
    expect(message).toBe(`'${"x".repeat(40)}…' is not a phone number`);
  });
});

describe("absence", () => {
  it.each([undefined, null, "", " ", "\t\n\u00a0", []])("is %j", (value) => {
    expect(isAbsent(value)).toBe(true);
  });

  it.each([0, false, "0", [""], {}, Number.NaN])("is not %j", (value) => {
    expect(isAbsent(value)).toBe(false);
  });
});

describe("a full name", () => {
  it.each([
    ["Ada", { firstName: "Ada" }],
    [" Ada  Lovelace King ", { firstName: "Ada", lastName: "Lovelace King" }],
    ["Ada\u3000Lovelace", { firstName: "Ada", lastName: "Lovelace" }],
    ["", { firstName: "" }],
  ])("%j is split at its first space", (name, expected) => {
    expect(splitFullName(name)).toStrictEqual(expected);
  });

  it("loses no character but white space", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const { firstName, lastName = "" } = splitFullName(name);
        expect((firstName + lastName).replaceAll(/\s/g, "")).toBe(name.replaceAll(/\s/g, ""));
        expect(firstName).not.toMatch(/\s/);
      }),
    );
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coerceCustomValue, customFieldTypes, type CustomFieldType } from "./custom-field.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

function coerced(value: unknown, type: CustomFieldType, options?: readonly string[]): unknown {
  const result = coerceCustomValue(value, type, { options });
  return result.ok ? result.value : undefined;
}

function refuses(type: CustomFieldType, values: readonly unknown[], options?: readonly string[]): void {
  it.each(values.map((value) => [value]))(`refuses %j`, (value) => {
    expect(coerceCustomValue(value, type, { options })).toEqual({ ok: false, message: expect.any(String) });
  });
}

describe("number", () => {
  refuses("number", [
    "",
    "abc",
    "NaN",
    "Infinity",
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "1e400",
    "0x10",
    "$5",
    "RM 5",
    "5 %",
    "1.2.3",
    "1,2,3",
    "1,234,56",
    "1234,567",
    "1,234.567,8",
    "12 34",
    true,
    null,
    ["1"],
    {},
  ]);

  it.each(["9007199254740993", "9,007,199,254,740,993", "-9007199254740993", "1e20", 2 ** 53])(
    "refuses %j rather than rounding it",
    (value) => {
      expect(coerceCustomValue(value, "number")).toEqual({
        ok: false,
        message: expect.stringMatching(/is too large to be kept exactly$/),
      });
    },
  );

  it.each([
    [12.5, 12.5],
    ["12.5", 12.5],
    [" 12 ", 12],
    ["-3", -3],
    ["\u22123", -3],
    ["1e3", 1000],
    ["1,234.50", 1234.5],
    ["1,234,567.8", 1_234_567.8],
    ["12,34,567", 1_234_567],
    ["1 234.5", 1234.5],
    ["1\u202f234,5", 1234.5],
    ["1'234.5", 1234.5],
    ["1.234,50", 1234.5],
    ["1.234.567", 1_234_567],
    ["12,5", 12.5],
    ["0,125", 0.125],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    [-0, 0],
  ])("reads %j", (value, expected) => {
    expect(coerced(value, "number")).toBe(expected);
  });

  it("reads back every amount as English, German and Swiss people write it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
        fc.constantFrom("en", "de", "de-CH"),
        (cents, locale) => {
          const amount = cents / 100;
          const written = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(amount);
          expect(coerced(written, "number")).toBe(cents === 0 ? 0 : amount);
        },
      ),
    );
  });
});

describe("url", () => {
  refuses("url", [
    "",
    "hello",
    "hello world.com",
    "1.5",
    "127.0.0.1",
    "localhost:3000",
    "a@b.co",
    "user@website.com/path",
    "mailto:a@b.co",
    "javascript:alert(1)",
    "ftp://website.com",
    "website.",
    "website.com:port",
    5,
    null,
  ]);

  it.each([
    "www.website.com",
    "https://www.website.com",
    "website.com",
    "http://website.com",
    "website.com/path?query=a@b#part",
    "website.com:8080",
  ])("takes %j as it is", (value) => {
    expect(coerced(` ${value} `, "url")).toBe(value);
  });

  it("percent-encodes what a URL cannot hold", () => {
    expect(coerced("website.com/ü", "url")).toBe("website.com/%C3%BC");
  });
});

describe("list", () => {
  const options = ["Free", "Pro", "TRUE", "pro"];
  refuses("list", ["gold", "", ["Free", "Pro"], [], [["Free"]], {}, null], options);

  it.each([
    ["free", "Free"],
    [" FREE ", "Free"],
    ["pro", "pro"],
    ["Pro", "Pro"],
    ["PRO", "Pro"],
    [["free"], "Free"],
    [true, "TRUE"],
  ])("spells %j as the option is spelled", (value, expected) => {
    expect(coerced(value, "list", options)).toBe(expected);
  });

  it("takes any text when no options are configured", () => {
    expect(coerced(" Gold ", "list")).toBe("Gold");
  });
});

describe("checkbox", () => {
  refuses("checkbox", ["", "maybe", 2, -1, "2", null, [], [true, false], {}]);

  it.each([true, 1, "1", "on", "ON", " yes ", "true", "checked"])("%j is checked", (value) => {
    expect(coerced(value, "checkbox")).toBe(true);
  });

  it.each([false, 0, "0", "off", "No", "false", "unchecked"])("%j is not checked", (value) => {
    expect(coerced(value, "checkbox")).toBe(false);
  });
});

describe("date and time", () => {
  it("are the ones that are written", () => {
    expect(coerced("2024-12-31T23:30:00-08:00", "date")).toBe("2024-12-31");
    expect(coerced("2024-12-31T23:30:00-08:00", "time")).toBe("23:30");
  });
});

describe("text and email", () => {
  refuses("text", ["", {}, [], [{}], [["a"]], null]);
  refuses("email", ["nobody", "a@b", 5, null]);

  it.each([
    [" a ", "a"],
    [5, "5"],
    [true, "true"],
    [["a", 1, null, "", "b"], "a, 1, b"],
  ])("%j becomes text", (value, expected) => {
    expect(coerced(value, "text")).toBe(expected);
  });

  it("an e-mail is normalized like the contact's own", () => {
    expect(coerced(" Ada@Example.com", "email")).toBe("ada@example.com");
  });
});

describe("every type", () => {
  const junk = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
    fc.double(),
    fc.stringMatching(/^[0-9,. '-]{1,12}$/),
    fc.stringMatching(/^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}$/),
    fc.stringMatching(/^[0-9]{1,2}(:[0-9]{2})?( ?[AaPp][Mm])?$/),
    fc.domain(),
    fc.webUrl(),
    fc.string({ unit: "binary" }),
  );

  it.each(customFieldTypes)("%s never throws, and leaves what it accepted as it is", (type) => {
    fc.assert(
      fc.property(junk, fc.constantFrom(undefined, ["Free", "1", "true"]), (value, options) => {
        const once = coerceCustomValue(value, type, { options });
        if (once.ok) expect(coerceCustomValue(once.value, type, { options })).toEqual(once);
        else expect(once.message).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  it.each(customFieldTypes)("%s is done with oversized junk at once", (type) => {
    expectQuick(() => {
      for (const unit of ["1", "1,", " 1", "1:", "a.", "jan ", "-", "2024-12-31 "]) {
        expect(coerceCustomValue(unit.repeat(1_000_000 / unit.length), type).ok).toBe(false);
      }
    });
  });
});

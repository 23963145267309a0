import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at, elementTexts, parseJson } from "./body.ts";
import { parseJsonBytes } from "./json.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

const safe = BigInt(Number.MAX_SAFE_INTEGER);

describe("JSON", () => {
  test("what cannot be read is refused without quoting it", () => {
    const secret = "position 60123456789";
    for (const text of [
      "",
      " ",
      "{",
      `{"a":${secret}}`,
      `["${secret}",]`,
      "[1]2",
      "nul",
      '{"a" 1}',
      "\u0000",
    ]) {
      const parsed = parseJson(text);
      expect(parsed.ok, text).toBe(false);
      expect(JSON.stringify(parsed)).not.toContain("60123456789");
    }
    expect(parseJson('{"a":1,}')).toEqual({
      ok: false,
      message: "The body is not valid JSON (at character 8).",
    });
  });

  test("more than 64 levels are refused, brackets in texts do not count", () => {
    expect(parseJson(`${"[".repeat(64)}${"]".repeat(64)}`).ok).toBe(true);
    expect(parseJson(`${"[".repeat(65)}${"]".repeat(65)}`)).toMatchObject({
      message: expect.stringMatching(/nested/),
    });
    expect(parseJson(`${'{"a":['.repeat(33)}1${"]}".repeat(33)}`)).toMatchObject({
      message: expect.stringMatching(/nested/),
    });
    const text = `\\"${"[{".repeat(100)}\\\\`;
    expect(parseJson(`["${text}",[]]`)).toEqual({ ok: true, value: [`"${"[{".repeat(100)}\\`, []] });
  });

  test("an integer beyond 2^53 keeps its digits, as a text", () => {
    expect(
      parseJson(
        '{"big":706405506930370084,"low":-9007199254740992,"safe":9007199254740991,"minus":-9007199254740991,' +
          '"fraction":12345678901234567.5,"power":12345678901234567e2,"text":"706405506930370084","list":[ 12345678901234567 ]}',
      ),
    ).toEqual({
      ok: true,
      value: {
        big: "706405506930370084",
        low: "-9007199254740992",
        safe: 9007199254740991,
        minus: -9007199254740991,
        fraction: 12345678901234568,
        power: 1234567890123456800,
        text: "706405506930370084",
        list: ["12345678901234567"],
      },
    });
  });

  test("a number beyond every double is not infinity but a text", () => {
    expect(parseJson('[1e999,-1E+400,123456789012345.5e300,1e308,"1e999",1e-999]')).toEqual({
      ok: true,
      value: ["1e999", "-1E+400", "123456789012345.5e300", 1e308, "1e999", 0],
    });
    expect(parseJson("9".repeat(400))).toEqual({ ok: true, value: "9".repeat(400) });
  });

  test("a long number where JSON has none does not become readable", () => {
    expect(parseJson("{12345678901234567:1}").ok).toBe(false);
    expect(parseJson("[01234567890123456789]").ok).toBe(false);
    expect(parseJson('["1234567890123456",-]').ok).toBe(false);
  });

  test("without long numbers it is what JSON.parse makes", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const parsed = parseJson(text);
        if (/\d{16}|e\+/.test(text)) expect(parsed.ok).toBe(true);
        else expect(parsed).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  const anyText = fc
    .array(
      fc.oneof(
        fc.constantFrom(...'[]{},:"\\ \n-+.eE019xnt\u00a0'.split("")),
        fc.constantFrom(
          "9007199254740991",
          "9007199254740993",
          "-12345678901234567890",
          "1e999",
          "-1E+400",
          "1e308",
        ),
        fc.constantFrom(
          "0.5",
          `0.${"0".repeat(400)}1e400`,
          `1${"0".repeat(400)}e-200`,
          "9".repeat(309),
          '"a":',
          '"1e999"',
        ),
        fc.json({ maxDepth: 2 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(""));

  test("what JSON.parse refuses stays refused, whatever its numbers become, and what it takes is taken", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          anyText.map((text) => `[${text}]`),
        ),
        (text) => {
          const expected = plainlyQuoted(text);
          if (expected === undefined) expect(parseJson(text)).toMatchObject({ ok: false });
          else expect(parseJson(text)).toEqual({ ok: true, value: expected.value });
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test("more than one list or object for every five characters is refused, where there are many", () => {
    const empty = "{},".repeat(20_000);
    expect(parseJson(`[${empty}1]`)).toEqual({
      ok: false,
      message: "The JSON holds little else than lists and objects.",
    });
    expect(parseJson(`[${"[1,2],".repeat(20_000)}1]`).ok).toBe(true);
    expect(parseJson(`[${"[],".repeat(9_000)}1]`).ok).toBe(true);
    expect(parseJson(JSON.stringify(empty)).ok).toBe(true);
  });

  test("more than 10000 numbers such as 1e999 are refused, long integers are not counted", () => {
    expect(parseJson(`[${"1e999,".repeat(10_000)}12345678901234567]`).ok).toBe(true);
    expect(parseJson(`[${"1e999,".repeat(10_001)}1]`)).toEqual({
      ok: false,
      message: "The JSON holds too many numbers beyond all bounds.",
    });
    expect(parseJson(`[${"12345678901234567,".repeat(20_000)}1]`).ok).toBe(true);
  });

  test("an object of more than 10000 names is refused, many objects of as many names together are not", () => {
    const members = (count: number) =>
      Array.from({ length: count }, (_, index) => `"key${index}":":"`).join(",");
    expect(parseJson(`{${members(10_001)}}`)).toEqual({
      ok: false,
      message: "The JSON has an object of more than 10000 names.",
    });
    expect(parseJson(`[{${members(10_000)}},{"inner":{${members(9_000)}},${members(9_000)}}]`).ok).toBe(true);
    expect(parseJson("]]]]:::").ok).toBe(false);
  });

  test("any integer survives beside any text", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.string(), (integer, text) => {
        const quoted = JSON.stringify(text);
        const parsed = parseJson(`{${quoted}:1,"list":[${integer},${quoted},{"n":${integer}}]}`);
        if (!parsed.ok) throw new Error(parsed.message);
        const value = integer >= -safe && integer <= safe ? Number(integer) : String(integer);
        expect(at(parsed.value, "list")).toEqual([
          value === 0 ? 0 : value,
          text,
          { n: value === 0 ? 0 : value },
        ]);
      }),
    );
  });

  test("a __proto__ key stays a key", () => {
    const parsed = parseJson('{"__proto__":{"admin":true},"n":12345678901234567}');
    if (!parsed.ok) throw new Error(parsed.message);
    expect(Object.keys(parsed.value ?? {})).toEqual(["__proto__", "n"]);
    expect(at(parsed.value, "admin")).toBeUndefined();
    expect(at({}, "__proto__")).toBeUndefined();
  });

  test("the elements of an array keep their exact texts", () => {
    expect(elementTexts(' [ {"n":12345678901234567, "t":"a,]\\"["} ,[1, [2]], "x,y" ,3] ')).toEqual([
      '{"n":12345678901234567, "t":"a,]\\"["}',
      "[1, [2]]",
      '"x,y"',
      "3",
    ]);
    expect(elementTexts("[ ]")).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const texts = elementTexts(JSON.stringify(values, null, 1));
        expect(texts.map((text): unknown => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });
});

describe("a megabyte of hostile JSON", () => {
  test.each([
    ["["],
    ['{"a":'],
    ['\\"'],
    ["1234567890123456789"],
    ['"12345678901234567",'],
    ["-"],
    ['"'],
    [`[${"[".repeat(60)}${"]".repeat(60)},`],
  ])("of %s is answered at once", (text) => {
    const body = fill(text);
    expectQuick(() => parseJson(body));
    expectQuick(() => parseJson(`[${body}1]`));
    expectQuick(() => parseJson(`"${body}"`));
  });
});

test("a short body, read with one look at its bytes, is read as any other", () => {
  const piece = fc.constantFrom(
    ...Array.from('[]{}:,"\\ -.eE+015'),
    "9007199254740993",
    "1234567890123456",
    "1e999",
    '"a":',
    "é",
    "[".repeat(70),
    "]".repeat(70),
  );
  const texts = fc.oneof(
    fc.json(),
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(parseJsonBytes(Buffer.from(text), text)).toEqual(parseJson(text));
    }),
    { numRuns: 3_000 },
  );
});

test("nothing makes the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
      for (const given of [Buffer.from(bytes).toString("latin1"), text, `[${text}]`, `{"a":${text}}`]) {
        expect(typeof parseJson(given).ok).toBe("boolean");
      }
    }),
  );
});

/** The same in the plainest words, for text that JSON.parse takes; undefined for any other. */
function plainlyQuoted(text: string): { value: unknown } | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const quoted = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    if (token.startsWith('"')) return token;
    const isInteger = /^-?\d+$/.test(token);
    return (isInteger ? Number.isSafeInteger(Number(token)) : Number.isFinite(Number(token)))
      ? token
      : `"${token}"`;
  });
  return { value: JSON.parse(quoted) as unknown };
}

/** About a megabyte of it. */
function fill(text: string) {
  return text.repeat(Math.ceil(1_000_000 / text.length));
}

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFields } from "./body.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

const urlEncoded = "application/x-www-form-urlencoded";
const multipart = "multipart/form-data; boundary=b0";

function part(name: string, value: string): string[] {
  return ["--b0", `Content-Disposition: form-data; name="${name}"`, "", value];
}

function emptyParts(count: number): string[] {
  return [...Array.from({ length: count }, () => part("a", "")).flat(), "--b0--"];
}

function readParts(lines: readonly string[], lineBreak = "\r\n") {
  return parseFields(Buffer.from(lines.join(lineBreak)), multipart);
}

describe("forms", () => {
  test("what cannot be read is refused", () => {
    expect(parseFields(Buffer.from("a=%ff"), urlEncoded).ok).toBe(false);
    expect(parseFields(Buffer.from([0x61, 0xe9]), urlEncoded).ok).toBe(false);
    expect(parseFields(Buffer.from("a=1"), `${urlEncoded}; charset=iso-8859-1`).ok).toBe(false);
    expect(parseFields(Buffer.from("a=1"), "text/plain").ok).toBe(false);
    expect(parseFields(Buffer.from("a=1"), "multipart/form-data").ok).toBe(false);
    expect(readParts(["no boundary here"]).ok).toBe(false);
    expect(readParts([...part("a", "1")])).toMatchObject({
      message: expect.stringMatching(/closing boundary/),
    });
    expect(readParts(["--b0", "", "no name", "--b0--"]).ok).toBe(false);
    expect(readParts(["--b0", "Content-Disposition: form-data", "", "x", "--b0--"]).ok).toBe(false);
    expect(readParts(["--b0", "X: y", "--b0--"]).ok).toBe(false);
  });

  test("a thousand fields are read and one more is refused", () => {
    expect(parseFields(Buffer.from("a=&".repeat(1000)), urlEncoded).ok).toBe(true);
    expect(parseFields(Buffer.from("a=&".repeat(1001)), urlEncoded).ok).toBe(false);
    expect(readParts(emptyParts(1000)).ok).toBe(true);
    expect(readParts(emptyParts(1001)).ok).toBe(false);
  });

  test("URL-encoded fields: repeated names become arrays, other brackets stay", () => {
    const body =
      "name=Zo%C3%AB+D&tag=a&tag=b&interest[]=x&fields%5Bemail%5D%5Bvalue%5D=e%40x.y&empty&a=1=2&&=n&p=100%";
    expect(parseFields(Buffer.from(body), `${urlEncoded}; charset=UTF-8`)).toEqual({
      ok: true,
      fields: {
        name: "Zoë D",
        tag: ["a", "b"],
        interest: ["x"],
        "fields[email][value]": "e@x.y",
        empty: "",
        a: "1=2",
        "": "n",
        p: "100%",
      },
    });
  });

  test("URL-encoded fields are what the platform reads", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })),
        (values) => {
          const names = Object.keys(values).filter((name) => !name.endsWith("[]"));
          const expected = Object.fromEntries(names.map((name) => [name, values[name] ?? ""]));
          const parsed = parseFields(Buffer.from(new URLSearchParams(expected).toString()), urlEncoded);
          expect(parsed).toEqual({ ok: true, fields: expected });
        },
      ),
    );
  });

  test("multipart with CRLF and with LF reads the same, files are left out", () => {
    const lines = [
      "preamble",
      ...part("name", "Zoë\tX"),
      ...part("tag[]", "a"),
      ...part("message", "--b0x is text\n--b"),
      ...part("say %22hi%22", ""),
      "--b0 \t",
      'content-disposition: FORM-DATA; filename="a;b.png"; name="photo"',
      "Content-Type: image/png",
      "",
      "bytes",
      "--b0",
      "Content-Type: text/plain; charset=utf-8",
      'Content-Disposition: form-data; name="esc\\"aped"',
      "",
      "last",
      "--b0--",
      "epilogue",
    ];
    const fields = {
      name: "Zoë\tX",
      tag: ["a"],
      message: "--b0x is text\n--b",
      'say "hi"': "",
      'esc"aped': "last",
    };
    expect(readParts(lines)).toEqual({ ok: true, fields });
    expect(readParts(lines, "\n")).toEqual({ ok: true, fields });
  });

  test("a value keeps its line breaks, and no value at all is the empty text", () => {
    expect(readParts([...part("a", "1\r\n\r\n2\r\n"), ...part("b", ""), "--b0--"])).toEqual({
      ok: true,
      fields: { a: "1\r\n\r\n2\r\n", b: "" },
    });
    expect(readParts(["--b0--"])).toEqual({ ok: true, fields: {} });
  });

  test("what the platform's FormData writes is read back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string())), async (pairs) => {
        const data = new FormData();
        const expected = new Map<string, string[]>();
        for (const [written, value] of pairs) {
          const name = `n${written.replaceAll(/[\\[\]]/g, "")}`;
          data.append(name, value);
          const normalized = value.replaceAll(/\r\n|\r|\n/g, "\r\n");
          expected.set(name, [...(expected.get(name) ?? []), normalized]);
        }
        data.append("file", new Blob(["bytes"]), "file.bin");
        const response = new Response(data);
        const body = Buffer.from(await response.arrayBuffer());
        const fields = Object.fromEntries(
          [...expected].map(([name, values]) => [
            name.replaceAll(/\r\n|\r|\n/g, "\r\n"),
            values.length === 1 ? values[0] : values,
          ]),
        );
        expect(parseFields(body, response.headers.get("content-type") ?? "")).toEqual({ ok: true, fields });
      }),
    );
  });

  test("a __proto__ field is only a field", () => {
    const parsed = parseFields(Buffer.from("__proto__=x&__proto__[admin]=1&constructor=y"), urlEncoded);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(Object.keys(parsed.fields)).toEqual(["__proto__", "__proto__[admin]", "constructor"]);
    expect(Object.getPrototypeOf(parsed.fields)).toBe(Object.prototype);
  });
});

describe("a megabyte of hostile form", () => {
  test.each([["a=&"], ["&"], ["%41"], ["%"], ["+"], ["a[]=1&"], ["="]])(
    "of %s as a form is answered at once",
    (text) => {
      const body = Buffer.from(fill(text));
      expectQuick(() => parseFields(body, urlEncoded));
    },
  );

  test.each([
    ["--b0\r\n"],
    ["\n--b0X"],
    ["\n--b0 "],
    ["--b0"],
    ["\n"],
    [`--b0${" ".repeat(1000)}`],
    [`\n--b0\nContent-Disposition: form-data${';x="\\"'.repeat(1200)}\n\nv`],
    [`\n--b0\nContent-Disposition: form-data${";x".repeat(4000)}\n\nv`],
    [`\n--b0\nContent-Disposition: form-data;name=a${"\n ".repeat(3900)}\n\nv`],
  ])("of %j as multipart is answered at once", (text) => {
    const body = Buffer.from(`--b0\n${fill(text)}`);
    expectQuick(() => parseFields(body, multipart));
    expectQuick(() => parseFields(body, `multipart/form-data${";boundary= ".repeat(2000)}`));
  });
});

test("nothing makes the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
      for (const type of [urlEncoded, multipart, text]) {
        for (const body of [Buffer.from(bytes), Buffer.from(`--b0\n${text}\n--b0--`)]) {
          expect(typeof parseFields(body, type).ok).toBe("boolean");
        }
      }
    }),
  );
});

/** About a megabyte of it. */
function fill(text: string) {
  return text.repeat(Math.ceil(1_000_000 / text.length));
}

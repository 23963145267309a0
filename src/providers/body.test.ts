import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  at,
  candidatesAt,
  decodeUtf8,
  mediaType,
  percentDecode,
  readJsonObject,
  timeOf,
  unixTimeOf,
} from "./body.ts";

describe("text", () => {
  test("bytes that are not UTF-8 are refused, a byte order mark is not part of the text", () => {
    expect(decodeUtf8(Buffer.from([0x61, 0xe9]))).toBeUndefined();
    expect(decodeUtf8(Buffer.from([0xed, 0xa0, 0x80]))).toBeUndefined();
    expect(decodeUtf8(Buffer.from("\uFEFFé"))).toBe("é");
    expect(decodeUtf8(Buffer.alloc(0))).toBe("");
  });

  test("percent-decoding is done once and refuses what is not UTF-8", () => {
    expect(percentDecode("%ff")).toBeUndefined();
    expect(percentDecode("\xe9")).toBeUndefined();
    expect(percentDecode("Euro%20%E2%82%AC%20%2541 100% %zz %4")).toBe("Euro € %41 100% %zz %4");
  });

  test("the media type comes without parameters, in lower case", () => {
    expect(mediaType({})).toBe("");
    expect(mediaType({ "content-type": " Application/JSON ; charset=utf-8" })).toBe("application/json");
  });

  test("only RFC 3339 times with an offset are times", () => {
    for (const text of ["2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "now", "", 5, null]) {
      expect(timeOf(text), String(text)).toBeUndefined();
    }
    expect(timeOf("2026-01-01T24:30:00Z")).toBeUndefined();
    expect(timeOf("2018-04-05T17:31:00.123456789+02:00")).toBe(Date.UTC(2018, 3, 5, 15, 31, 0, 123));
    expect(timeOf("2018-04-05t17:31:00z")).toBe(Date.UTC(2018, 3, 5, 17, 31));
    expect(timeOf("2016-12-31T23:59:60Z")).toBe(Date.UTC(2017, 0, 1));
  });

  test("unix time is in seconds or milliseconds by its size; what no calendar holds is no time", () => {
    for (const time of [1_654_012_591_835, "1654012591835", 1_654_012_591.835]) {
      expect(unixTimeOf(time), String(time)).toBe(1_654_012_591_835);
    }
    for (const time of [1_654_012_591, "1654012591"]) expect(unixTimeOf(time)).toBe(1_654_012_591_000);
    expect([unixTimeOf(0), unixTimeOf(-1)]).toEqual([0, -1_000]);
    const none = [1e20, -1e300, Infinity, NaN, "20260105", "9".repeat(17), "", "1e12", null, true, []];
    for (const value of none) {
      expect(unixTimeOf(value), String(value)).toBeUndefined();
    }
  });

  test("an object is asked for and something else is sent", () => {
    for (const body of ["[]", "1", "null", '"x"']) expect(readJsonObject(Buffer.from(body)).ok).toBe(false);
    expect(readJsonObject(Buffer.from([0x7b, 0xff, 0x7d])).ok).toBe(false);
    expect(readJsonObject(Buffer.from('\uFEFF{"a" : 1}'))).toEqual({
      ok: true,
      text: '{"a" : 1}',
      value: { a: 1 },
    });
  });

  test("nothing makes the readers throw", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(["string", "undefined"]).toContain(typeof percentDecode(text));
        expect(["number", "undefined"]).toContain(typeof timeOf(text));
      }),
    );
  });
});

describe("paths", () => {
  test("only own members are found", () => {
    const root = { list: [{ title: "a" }], text: "abc" };
    for (const path of [
      "toString",
      "list.length",
      "list.-1",
      "list.x",
      "text.0",
      "text.length",
      "",
      "list.0.title.x",
    ]) {
      expect(at(root, path), path).toBeUndefined();
    }
    expect(at(root, "list.0.title")).toBe("a");
  });

  test("what is missing, null or blank is no candidate", () => {
    const root = { a: null, b: " ", c: { d: 0 }, e: false, f: "x" };
    expect(candidatesAt(root, ["f", "a", "b", "c.d", "e", "g"])).toEqual([
      { path: "f", value: "x" },
      { path: "c.d", value: 0 },
      { path: "e", value: false },
    ]);
  });
});

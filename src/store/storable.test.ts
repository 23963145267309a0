import { UnrecoverableError } from "bullmq";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storable, storableError } from "./storable.ts";

describe("text that PostgreSQL takes", () => {
  it("nothing it refuses is left, at any depth, in keys and in values", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = JSON.stringify(storable([value, { "\0\ud800": "\udc00" }]));
        expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
      }),
    );
  });

  it("each character it refuses becomes one replacement character", () => {
    expect(storable({ a: ["x\0y\ud800z", 1, null] })).toEqual({ a: ["x\u{FFFD}y\u{FFFD}z", 1, null] });
  });

  it("what is good already is the very same value, escapes written as text among it", () => {
    const event = {
      payload: String.raw`{"a":"\u0000\ud800"}`,
      more: ["👍", { "custom_fields.__proto__": 1 }],
    };
    expect(storable(event)).toBe(event);
  });

  it("an error keeps its class and gets a message that can be stored", () => {
    const error = storableError(new UnrecoverableError("bad \0 \ud800"));
    expect(error).toBeInstanceOf(UnrecoverableError);
    expect(error).toMatchObject({ message: "bad \u{FFFD} \u{FFFD}" });
    expect(error instanceof Error && error.stack?.includes("\0")).toBe(false);
  });
});

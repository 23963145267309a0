import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "./provider.ts";
import {
  anySecret,
  hmacSha256,
  matches,
  sameText,
  signWithKey,
  verifyKey,
  withinTolerance,
} from "./signature.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

const digest = hmacSha256("key", "text");

function request(headers: Record<string, string>, query: Record<string, string> = {}): InboundRequest {
  return { method: "POST", headers, query, target: "/", body: Buffer.from("body"), receivedAt: 0 };
}

function isProven(
  headers: Record<string, string>,
  keys: readonly string[],
  query: Record<string, string> = {},
): boolean {
  return verifyKey(request(headers, query), { keys, secrets: [] }).ok;
}

function basic(credentials: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

describe("a digest given as text", () => {
  const base64 = digest.toString("base64");
  const hex = digest.toString("hex");

  it.each([
    ["another digest", hmacSha256("key", "other").toString("base64"), "base64"],
    ["no padding", base64.slice(0, -1), "base64"],
    ["padding twice", `${base64}=`, "base64"],
    ["white space around", ` ${base64}\n`, "base64"],
    ["hex where base64 is expected", hex, "base64"],
    ["base64 where hex is expected", base64, "hex"],
    ["one byte less", hex.slice(2), "hex"],
    ["one byte more", `${hex}00`, "hex"],
    ["half a byte more", `${hex}0`, "hex"],
    ["a letter beyond f", `${hex.slice(0, -1)}g`, "hex"],
    ["nothing", "", "hex"],
    ["nothing in base64", "", "base64"],
  ] as const)("is refused: %s", (_name, given, encoding) => {
    expect(matches(digest, given, encoding)).toBe(false);
  });

  it("is refused in a second spelling of the same bytes", () => {
    const zeros = Buffer.alloc(32);
    const canonical = zeros.toString("base64");
    const second = `${canonical.slice(0, -2)}B=`;
    expect(Buffer.from(second, "base64").equals(zeros)).toBe(true);
    expect([matches(zeros, canonical, "base64"), matches(zeros, second, "base64")]).toEqual([true, false]);
  });

  it("is accepted in its own spelling, hex in either case", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const expected = Buffer.from(bytes);
        expect(matches(expected, expected.toString("base64"), "base64")).toBe(true);
        expect(matches(expected, expected.toString("hex"), "hex")).toBe(true);
        expect(matches(expected, expected.toString("hex").toUpperCase(), "hex")).toBe(true);
      }),
    );
  });

  it("never throws, and matches no text by chance", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("hex", "base64"), (given, encoding) => {
        expect(matches(digest, given, encoding)).toBe(false);
      }),
    );
  });
});

it("an HMAC over parts is the HMAC over their concatenation, of texts and bytes alike", () => {
  const expected = createHmac("sha256", "key").update("1700.bödy").digest();
  expect(hmacSha256("key", "1700", ".", Buffer.from("bödy"))).toEqual(expected);
  expect(hmacSha256(Buffer.from("key"), "1700.bödy")).toEqual(expected);
});

it("texts are the same only when they are, whatever their lengths", () => {
  expect([sameText("", "a"), sameText("a", "A"), sameText("a", "a "), sameText("\u00e9", "e\u0301")]).toEqual(
    [false, false, false, false],
  );
  expect([sameText("", ""), sameText("kéy", "kéy")]).toEqual([true, true]);
});

describe("the time of a signature", () => {
  const now = Date.UTC(2026, 0, 5);

  it.each([301_000, 300_001, -300_001, -301_000, Number.NaN, Infinity, -Infinity])(
    "%d ms away is refused",
    (distanceMs) => {
      expect(withinTolerance(now + distanceMs, now)).toBe(false);
    },
  );

  it.each([0, 300_000, -300_000])("%d ms away is accepted", (distanceMs) => {
    expect(withinTolerance(now + distanceMs, now)).toBe(true);
  });
});

describe("several secrets", () => {
  it("every one is tried even after one has matched, and an empty one never is", () => {
    const tried: string[] = [];
    const proven = anySecret(["first", "", "second", "third"], (secret) => {
      tried.push(secret);
      return secret === "first";
    });
    expect({ proven, tried }).toEqual({ proven: true, tried: ["first", "second", "third"] });
  });

  it("none proves nothing", () => {
    expect(anySecret([], () => true)).toBe(false);
    expect(anySecret([""], () => true)).toBe(false);
  });
});

describe("a shared key", () => {
  const key = "k3y-with-ünicode and spaces";

  it.each([
    ["no proof at all", {}],
    ["an empty bearer token", { authorization: "Bearer " }],
    ["an empty header", { "x-webhook-key": "" }],
    ["basic auth with an empty password", basic("user:")],
    ["basic auth without a colon", basic(key)],
    ["the key as the user's name", basic(`${key}:`)],
    ["basic auth that is not base64", { authorization: "Basic %%%" }],
    ["another scheme", { authorization: `Digest ${key}` }],
    ["the key without a scheme", { authorization: key }],
    ["another key", { "x-webhook-key": "other" }],
    ["the key in another case", { "x-webhook-key": key.toUpperCase() }],
  ])("is not proven by %s", (_name, headers) => {
    expect(isProven(headers, [key])).toBe(false);
    expect(isProven(headers, ["", key])).toBe(false);
  });

  it("is never proven against no key, or an empty one", () => {
    const all = { ...basic("u:"), "x-webhook-key": "" };
    expect(isProven(all, [""], { key: "" })).toBe(false);
    expect(isProven({ authorization: "Bearer x" }, [])).toBe(false);
  });

  it.each([
    ["a bearer token", { authorization: `Bearer ${key}` }, {}],
    ["a bearer token in another case, spaced", { authorization: `bEaReR \t ${key}  ` }, {}],
    ["its own header", { "x-webhook-key": key }, {}],
    ["the password of basic auth", basic(`user:${key}`), {}],
    ["the password beside an empty user", basic(`:${key}`), {}],
    ["the query", {}, { key }],
    ["one of several that are presented", { authorization: "Bearer x", "x-webhook-key": key }, { key: "y" }],
  ])("is proven by %s", (_name, headers, query) => {
    expect(isProven(headers, [key], query)).toBe(true);
    expect(isProven(headers, ["new", key], query)).toBe(true);
    expect(isProven(headers, ["new"], query)).toBe(false);
  });

  it("keeps a password's colons, and reads base64 without padding and for URLs", () => {
    expect(isProven(basic("u:a:b"), ["a:b"])).toBe(true);
    const password = "??>>";
    const encoded = Buffer.from(`u:${password}`).toString("base64url");
    expect(isProven({ authorization: `basic ${encoded}` }, [password])).toBe(true);
  });

  it("is looked for only in the query parameters that are named", () => {
    const given = request({}, { access_token: "k" });
    const credentials = { keys: ["k"], secrets: [] };
    expect(verifyKey(given, credentials).ok).toBe(false);
    expect(verifyKey(given, credentials, ["key", "access_token"]).ok).toBe(true);
    expect(verifyKey(request({}), credentials, ["toString", "__proto__"]).ok).toBe(false);
  });

  it("is told apart for the operator without a word of what was sent or expected", () => {
    const credentials = { keys: ["expected"], secrets: [] };
    expect(verifyKey(request({}), credentials)).toEqual({ ok: false, reason: "no key" });
    expect(verifyKey(request({ "x-webhook-key": "sent" }), credentials)).toEqual({
      ok: false,
      reason: "wrong key",
    });
  });

  it("no header makes it throw, and a megabyte of one is answered at once", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (scheme, value) => {
        expect(isProven({ authorization: `${scheme} ${value}`, "x-webhook-key": scheme }, [key])).toBe(false);
      }),
    );
    expectQuick(() => {
      for (const text of [" ", "\t", "a", "a ", "="]) {
        for (const scheme of ["", "Bearer ", "Basic "]) {
          isProven({ authorization: scheme + text.repeat(1_000_000 / text.length) }, [key]);
        }
      }
    });
  });

  it("what is signed with it is proven by it, and keeps its own headers and body", () => {
    const body = Buffer.from("x");
    const sent = signWithKey({ headers: { "content-type": "text/plain" }, body }, "k");
    expect(sent).toMatchObject({ headers: { "content-type": "text/plain" }, query: {} });
    expect(sent.body).toBe(body);
    expect(isProven({ ...sent.headers }, ["k"])).toBe(true);
  });
});

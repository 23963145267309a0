import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scrub } from "./scrub.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

describe("masked", () => {
  it.each([
    "ada@example.com",
    "ada.lovelace+news@mail.example.co.uk",
    "o'neil@example.com",
    "r&d@example.com",
    '"john doe"@example.com',
    "ada@[127.0.0.1]",
    "ada%40example.com",
    "用户@例子.公司",
    `${"a".repeat(80)}@example.com`,
  ])("the e-mail address %s, whole", (address) => {
    expect(scrub(`for ${address}`)).toBe("for [e-mail]");
    expect(scrub(`(${address}): refused`)).toBe("([e-mail]): refused");
  });

  it.each([
    "+60123456789",
    "%2B60123456789",
    "+60 12-345 6789",
    "+(60)12 3456789",
    "+49 30/1234567",
    "+1.415.555.2671",
    "+60‑12‑345 6789",
    "+2904123",
    "0060123456789",
    "012-345 6789",
    "0123-456-7890",
    "(415) 555-2671",
    "415-555-2671",
    "415 555 2671",
  ])("the phone number %s, whole", (number) => {
    expect(scrub(`call ${number}`)).toBe("call [phone]");
    expect(scrub(`(phone:${number}).`)).toBe("(phone:[phone]).");
  });

  it.each([
    ["GET /webhooks/form?key=abc123&x=1", "GET /webhooks/form?key=[masked]&x=1"],
    ["POST /hook?access_token=a'b/c@d", "POST /hook?access_token=[masked]"],
    ["AELYST_API_TOKEN=abc", "AELYST_API_TOKEN=[masked]"],
    ["redis://user:hunter2@localhost:6379", "redis://[masked]@localhost:6379"],
    ["redis://:p@ss/wd@cache:6379/0", "redis://[masked]@cache:6379/0"],
    ["postgres://relay:a/b:c@db:5432/relay", "postgres://[masked]@db:5432/relay"],
    ["https://user:pass@example.com/path", "https://[masked]@example.com/path"],
    ["Authorization: Bearer anything", "Authorization: Bearer [masked]"],
    ["authorization: Basic YTpi", "authorization: Basic [masked]"],
    ["sent Bearer abcdef123456", "sent Bearer [masked]"],
    ["whsec_c2VjcmV0 does not fit", "[masked] does not fit"],
    ["/search?to=ada@example.com&x=1", "/search?to=[e-mail]&x=1"],
    ["/admin/contacts/email%3Aada%40example.com", "/admin/contacts/[e-mail]"],
    ["at /app/node_modules/@hono/ada@example.com", "at /app/node_modules/[e-mail]"],
    ["/admin/contacts/email:ada@example.com", "/admin/contacts/email:[e-mail]"],
  ])("the secret part of %s", (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  it("an address at the place where a long text is cut", () => {
    for (let length = 9_960; length <= 10_010; length += 1) {
      expect(scrub(`${"x ".repeat(length / 2)} ada.lovelace@example.com`)).not.toContain("lovelace");
    }
  });
});

it.each([
  "evt_01J8Z3M4N5P6Q7R8S9T0V1W2X3",
  "2026-01-05T10:00:00.000Z",
  "2026-01-05T10:00:00+08:00",
  "Mon Nov 23 2026 13:21:33 GMT+0000 (Coordinated Universal Time)",
  "000001767607200000-000001767607200123-evt_01J8Z3M4N5P6Q7R8S9T0V1W2X3-000000",
  "1767607200123",
  "waited 30000 ms, then 1m30s, P1DT12H",
  "ports 3000 4010 5432",
  "connect ECONNREFUSED 127.0.0.1:6379",
  "http://127.0.0.1:3000/healthz",
  "192.168.100.200",
  "550e8400-e29b-41d4-a716-446655440000",
  "12345678-1234-1234-1234-123456789012",
  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "c_0123456789ab",
  "1.2.3",
  "id:5512345678901",
  "worker contacts",
  "the bearer token of /admin, basic authentication",
  "at serve (file:///app/node_modules/@hono/node-server/dist/index.mjs:10:3)",
])("%s is left as it is", (text) => {
  expect(scrub(text)).toBe(text);
});

it("no standard address or number survives between any two texts", () => {
  const personal = fc.oneof(fc.emailAddress(), fc.stringMatching(/^\+[1-9][0-9]{6,14}$/));
  fc.assert(
    fc.property(fc.string(), personal, fc.string(), (before, value, after) => {
      expect(scrub(`${before}${value}${after}`)).not.toContain(value);
    }),
    { numRuns: 2_000 },
  );
});

it("a hostile text of any length takes no time", () => {
  const texts = ["a.", "x://", "@", "+1", "key=", "-key", '"a', "bearer ", "0-1", "%40", "/a@"];
  expectQuick(() => {
    for (const text of texts) scrub(text.repeat(100_000));
  });
});

import { Writable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogger } from "./logger.ts";
import { scrub } from "./scrub.ts";

function logged(write: (log: ReturnType<typeof createLogger>) => void, level = "info"): string {
  let output = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      done();
    },
  });
  write(createLogger({ level, stream }));
  return output;
}

it("a line is JSON with an ISO time, a level by name and the service", () => {
  const line = JSON.parse(logged((log) => log.warn({ delayMs: 5 }, "contact is busy"))) as Record<
    string,
    unknown
  >;
  expect(line).toMatchObject({ level: "warn", service: "contact-relay", delayMs: 5, msg: "contact is busy" });
  expect(line["time"]).toMatch(/^\d{4}-\d{2}-\d{2}T.*Z$/);
});

it("the level is honoured", () => {
  expect(logged((log) => log.debug("quiet"))).toBe("");
});

const email = fc
  .tuple(fc.stringMatching(/^[a-z0-9._-]{1,20}$/), fc.stringMatching(/^[a-z0-9-]{1,20}\.[a-z]{2,6}$/))
  .map(([local, domain]) => `${local}@${domain}`);
const phone = fc.stringMatching(/^\+[1-9][0-9]{7,14}$/);
const personal = fc.oneof(email, phone);

describe("personal data never gets out", () => {
  it("wherever an e-mail or a phone number is put: message, field, error, cause", () => {
    fc.assert(
      fc.property(personal, (value) => {
        const places = [
          logged((log) => log.info(`failed for ${value}`)),
          logged((log) => log.info({ detail: value, nested: { list: [`(${value})`] } }, "x")),
          logged((log) => log.error({ err: new Error(`bad ${value}`, { cause: new Error(value) }) }, "x")),
          logged((log) => log.info({ err: { message: value } }, "%s", value)),
        ];
        for (const line of places) expect(line).not.toContain(value);
      }),
    );
  });

  it("fields that carry contact data or secrets are redacted by name, at any depth", () => {
    const hidden = "the-hidden-value";
    for (const name of [
      "token",
      "secret",
      "Authorization",
      "payload",
      "patch",
      "firstName",
      "key",
      "password",
    ]) {
      expect(
        logged((log) => log.info({ a: { b: { [name]: hidden } }, [name]: { deep: hidden } }, "x")),
      ).not.toContain(hidden);
    }
  });

  it.each([
    ["GET /webhooks/form?key=abc123&x=1", "GET /webhooks/form?key=[masked]&x=1"],
    ["POST /hook?access_token=abc", "POST /hook?access_token=[masked]"],
    ["redis://user:hunter2@localhost:6379", "redis://[masked]@localhost:6379"],
    ["Authorization: Bearer abcdef123456", "Authorization: Bearer [masked]"],
    ["call +60 12-345 6789 now", "call [phone] now"],
    ["mail%40: a%40b.co", "mail%40: [e-mail]"],
  ])("%s", (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });
});

it.each([
  "evt_01J8Z3M4N5P6Q7R8S9T0V1W2X3",
  "2026-01-05T10:00:00.000Z",
  "waited 30000 ms",
  "http://127.0.0.1:3000/healthz",
  "c_0123456789ab",
  "1.2.3",
  "worker contacts",
])("%s is left as it is", (text) => {
  expect(scrub(text)).toBe(text);
});

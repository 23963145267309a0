import { Writable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogger, type Logger } from "./logger.ts";

function logged(write: (log: Logger) => void, level = "info"): string {
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

function record(write: (log: Logger) => void): Record<string, unknown> {
  const output = logged(write);
  expect(output.endsWith("}\n")).toBe(true);
  expect(output.trimEnd()).not.toContain("\n");
  return JSON.parse(output) as Record<string, unknown>;
}

describe("personal data never gets out", () => {
  const email = fc
    .tuple(fc.stringMatching(/^[a-z0-9._'-]{1,20}$/), fc.stringMatching(/^[a-z0-9-]{1,20}\.[a-z]{2,6}$/))
    .map(([local, domain]) => `${local}@${domain}`);
  const phone = fc.stringMatching(/^\+[1-9][0-9]{6,14}$/);
  const personal = fc.oneof(email, phone, fc.emailAddress());

  const places: Record<string, (log: Logger, value: string, around: string) => void> = {
    message: (log, value, around) => log.info(`${around}${value}${around}`),
    "formatted message": (log, value) => log.info("for %s", value),
    "message formatted from an object": (log, value) => log.info("for %o and %j", { value }, { value }),
    "message formatted from the parts": (log, value) =>
      log.info("%s%s", value.slice(0, value.length / 2), value.slice(value.length / 2)),
    field: (log, value, around) => log.info({ detail: `${around}${value}${around}` }, "x"),
    "nested field": (log, value) => log.info({ nested: { list: [{ deep: [`(${value})`] }] } }, "x"),
    "too deep a field": (log, value) =>
      log.info({ a: { b: { c: { d: { e: { f: { g: { h: value } } } } } } } }, "x"),
    "name of a field": (log, value) => log.info({ [value]: 1, nested: { [value]: 1 } }, "x"),
    "map, set, bytes and own JSON": (log, value) =>
      log.info({
        map: new Map([[value, value]]),
        set: new Set([value]),
        raw: Buffer.from(value),
        own: { toJSON: () => ({ value }) },
      }),
    "error alone": (log, value) => log.error(new Error(`bad ${value}`)),
    "error without a message of ours": (log, value) => log.error({ err: new Error(`bad ${value}`) }),
    "error, its cause and its errors": (log, value) => {
      const cause = new AggregateError([new Error(value)], value);
      log.error({ err: new TypeError(`bad ${value}`, { cause }) }, "x");
    },
    "error in a field of any name": (log, value) => log.error({ failure: [new Error(value)] }, "x"),
    "properties of an error": (log, value) =>
      log.error(Object.assign(new Error("x"), { code: value, detail: value, input: { value } })),
    "child's bindings": (log, value) => log.child({ who: value, err: new Error(value) }).info("x"),
    "child's bindings, set late": (log, value) => {
      const child = log.child({});
      child.setBindings({ who: value });
      child.info("x");
    },
    "child's prefix": (log, value) => log.child({}, { msgPrefix: `${value} ` }).info("x"),
  };

  it.each(Object.keys(places))("%s", (place) => {
    fc.assert(
      fc.property(personal, fc.string(), (value, around) => {
        const line = logged((log) => places[place]?.(log, value, around));
        const texts = textsOf(JSON.parse(line));
        expect(texts.length).toBeGreaterThan(3);
        for (const text of [line, ...texts]) expect(text).not.toContain(value);
      }),
    );
  });

  it.each([
    "authorization",
    "Authorization",
    "token",
    "AELYST_API_TOKEN",
    "secret",
    "secrets",
    "key",
    "keys",
    "apiKey",
    "X-Webhook-Key",
    "password",
    "payload",
    "body",
    "rawBody",
    "patch",
    "email",
    "customer_email",
    "e-mail",
    "phone",
    "phoneNumber",
    "firstName",
    "first_name",
    "lastName",
    "profilePic",
    "custom_fields",
    "cookie",
  ])("a field named %s, at any depth, in a child too", (name) => {
    const hidden = "the-hidden-value";
    const output = logged((log) => {
      log.info({ a: { b: [{ [name]: hidden }] }, [name]: { deep: [hidden] } }, "x");
      log.child({ [name]: hidden, a: { [name]: hidden } }).info("x");
    });
    expect(output).not.toContain(hidden);
    expect(output).toContain("[redacted]");
  });
});

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

describe("a line is still of use", () => {
  it("it is JSON with an ISO time, a level by name and the service", () => {
    const line = record((log) => log.warn({ delayMs: 5 }, "contact is busy"));
    expect(line).toMatchObject({
      level: "warn",
      service: "contact-relay",
      delayMs: 5,
      msg: "contact is busy",
    });
    const time = String(line["time"]);
    expect(new Date(time).toISOString()).toBe(time);
  });

  it("the level is honoured", () => {
    expect(logged((log) => log.debug("quiet"))).toBe("");
    expect(logged((log) => log.debug("loud"), "debug")).toContain("loud");
  });

  it("what an operator looks for is left as it is", () => {
    const fields = {
      event: "evt_01J8Z3M4N5P6Q7R8S9T0V1W2X3",
      source: "shop",
      type: "orders/create",
      contacts: ["c_0123456789ab"],
      fieldsLeftOut: ["phone", "email"],
      delayMs: 30_000,
      status: 449,
      bodyBytesMax: 1_048_576,
      dispatch: "monday",
      ok: true,
      none: null,
      at: new Date(0),
      url: "http://127.0.0.1:3000",
    };
    const line = record((log) => log.info(fields, "port 3000, 1.2.3"));
    expect(line).toMatchObject({ ...fields, at: "1970-01-01T00:00:00.000Z", msg: "port 3000, 1.2.3" });
  });

  it("an error tells its type, message, code, stack, cause and errors", () => {
    const cause = new AggregateError([new RangeError("inner")], "several");
    const failed = Object.assign(new TypeError("outer", { cause }), { code: "ECONNREFUSED" });
    const { err, msg } = record((log) => log.error(failed)) as { err: { stack: string }; msg: string };
    expect(msg).toBe("outer");
    expect(err).toMatchObject({
      type: "TypeError",
      message: "outer",
      code: "ECONNREFUSED",
      cause: {
        type: "AggregateError",
        message: "several",
        errors: [{ type: "RangeError", message: "inner" }],
      },
    });
    expect(err.stack).toMatch(/^TypeError: outer\n {4}at .*logger\.test\.ts:\d+:\d+/);
    expect(record((log) => log.child({ err: failed }).info("x"))["err"]).toEqual(err);
  });

  it("it is written whatever it is given", () => {
    const looped: Record<string, unknown> = { source: "shop" };
    looped["self"] = looped;
    const failing = new Error("x");
    failing.cause = failing;
    const given = {
      looped,
      failing,
      big: 2n ** 70n,
      get thrown(): unknown {
        throw new Error("no");
      },
      own: {
        toJSON() {
          throw new Error("no");
        },
      },
    };
    expect(record((log) => log.info(given, "x"))).toMatchObject({
      looped: { source: "shop" },
      failing: { type: "Error" },
      big: "1180591620717411303424",
      thrown: "[unreadable]",
      own: "[unreadable]",
      msg: "x",
    });
  });
});

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed, ProviderMapping } from "../provider.ts";
import { paddle } from "./index.ts";

const secret = "VALID_SECRET";
const signedAt = 1_698_796_800;
const body = '{"data": ["1", "2"]}';
const good = "a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9";
const other = "28981e941fae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261";

function request(signature: string | undefined, text: string | Buffer = body): InboundRequest {
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(signature === undefined ? {} : { "paddle-signature": signature }),
    },
    query: {},
    target: "/",
    body: Buffer.from(text),
    receivedAt: signedAt * 1_000,
  };
}

function verdict(signature: string | undefined, afterSeconds = 1, secrets = [secret], text = body): boolean {
  const credentials = { secrets, keys: [] };
  return paddle.verify(request(signature, text), credentials, (signedAt + afterSeconds) * 1_000).ok;
}

function parse(event: unknown): Parsed {
  return paddle.parse(request(undefined, JSON.stringify(event)));
}

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8");
}

function mapped(payload: string): ProviderMapping {
  const parsed = paddle.parse(request(undefined, payload));
  const event = parsed.kind === "events" ? parsed.events[0] : undefined;
  if (!event) throw new Error(`${parsed.kind} instead of an event`);
  return paddle.map(event);
}

describe("signatures, with the vectors that Paddle publishes", () => {
  it.each([
    ["absent", undefined],
    ["empty", ""],
    ["of another body", `ts=${signedAt};h1=${other}`],
    ["tampered", `ts=${signedAt};h1=${good.slice(0, -1)}0`],
    ["under another time", `ts=${signedAt + 1};h1=${good}`],
    ["no time", `h1=${good}`],
    ["an empty time", `ts=;h1=${good}`],
    ["a time that is no number", `ts=now;h1=${good}`],
    ["a negative time", `ts=-${signedAt};h1=${good}`],
    ["a time with a fraction", `ts=${signedAt}.0;h1=${good}`],
    ["a time too long to be one", `ts=${"1".repeat(400)};h1=${good}`],
    ["two times", `ts=${signedAt};ts=${signedAt};h1=${good}`],
    ["no signature", `ts=${signedAt}`],
    ["an empty signature", `ts=${signedAt};h1=`],
    ["another scheme", `ts=${signedAt};h2=${good}`],
    ["text behind the signature", `ts=${signedAt};h1=${good}=x`],
    ["in base64", `ts=${signedAt};h1=${Buffer.from(good, "hex").toString("base64")}`],
    ["commas", `ts=${signedAt},h1=${good}`],
    ["only semicolons", ";;;;"],
  ])("refused: %s", (_name, signature) => {
    expect(verdict(signature)).toBe(false);
  });

  it.each([
    ["as published", `ts=${signedAt};h1=${good}`],
    ["in any order, with blanks", `h1=${good}; ts=${signedAt}`],
    ["any h1 matches: the first", `ts=${signedAt};h1=${good};h1=${other}`],
    ["any h1 matches: the last", `ts=${signedAt};h1=${other};h1=${good};h2=RANDOM_HASH`],
  ])("accepted: %s", (_name, signature) => {
    expect(verdict(signature)).toBe(true);
  });

  it("the published header of a rotation is accepted", () => {
    const header = `ts=${signedAt};h1=${other};h1=${other};h2=RANDOM_HASH`;
    expect(verdict(header, 1, [secret], '{"data": "value"}')).toBe(true);
  });

  it.each([
    [-301, false],
    [-300, true],
    [6, true],
    [300, true],
    [301, false],
  ])("%d s after it was signed: %s", (afterSeconds, valid) => {
    expect(verdict(`ts=${signedAt};h1=${good}`, afterSeconds)).toBe(valid);
  });

  it("one more byte in the body is refused", () => {
    expect(verdict(`ts=${signedAt};h1=${good}`, 1, [secret], `${body} `)).toBe(false);
  });

  it("any configured secret may match, an empty one never does", () => {
    const header = `ts=${signedAt};h1=${good}`;
    expect(verdict(header, 1, ["INVALID", secret])).toBe(true);
    expect(verdict(header, 1, ["INVALID"])).toBe(false);
    const unkeyed = createHmac("sha256", "").update(`${signedAt}:${body}`).digest("hex");
    expect(verdict(`ts=${signedAt};h1=${unkeyed}`, 1, ["", secret])).toBe(false);
  });

  it("signing makes the published signature", () => {
    const signed = paddle.sign({ headers: {}, body: Buffer.from(body) }, secret, signedAt * 1_000 + 999);
    expect(signed.headers["paddle-signature"]).toBe(`ts=${signedAt};h1=${good}`);
  });
});

describe("events", () => {
  it.each([
    ["a list", []],
    ["no type", { event_id: "evt_1" }],
    ["no id", { event_type: "customer.updated" }],
    ["an id that is no text", { event_id: 1, event_type: "customer.updated" }],
    ["an empty type", { event_id: "evt_1", event_type: "" }],
    ["an alert of Paddle Classic", { alert_id: "1", alert_name: "subscription_created" }],
  ])("%s is malformed", (_name, event) => {
    expect(parse(event).kind).toBe("malformed");
  });

  it("another content type is unsupported, bytes that are not UTF-8 are malformed", () => {
    const form = { ...request(undefined), headers: { "content-type": "application/x-www-form-urlencoded" } };
    expect(paddle.parse(form).kind).toBe("unsupported");
    expect(paddle.parse(request(undefined, Buffer.from([0x22, 0xff, 0x22]))).kind).toBe("malformed");
  });

  it("id, type and time come from the signed body, of which the text is kept", () => {
    const text = fixture("customer.created");
    expect(paddle.parse(request(undefined, text))).toEqual({
      kind: "events",
      events: [
        {
          id: "evt_01h8441jx8x1q971q9ksksqh82",
          type: "customer.created",
          occurredAt: Date.UTC(2023, 7, 18, 10, 46, 18, 792),
          attributes: { notificationId: "ntf_01h8441jz6fr97hv7zemswj8cw" },
          payload: text,
        },
      ],
    });
  });

  it("a replayed notification is the same event under another notification id", () => {
    const event = { event_id: "evt_1", event_type: "customer.updated", notification_id: "ntf_2" };
    expect(parse(event)).toMatchObject({
      events: [{ id: "evt_1", attributes: { notificationId: "ntf_2" } }],
    });
  });

  it.each([[undefined], [null], ["yesterday"], [signedAt]])("occurred_at %j is no time", (occurred_at) => {
    const event = { event_id: "evt_1", event_type: "customer.updated", occurred_at };
    expect(parse(event)).toMatchObject({ events: [{ occurredAt: undefined }] });
  });
});

describe("contact data", () => {
  function customer(data: object): ProviderMapping {
    return mapped(JSON.stringify({ event_id: "evt_1", event_type: "customer.updated", data }));
  }

  it.each(["customer.created", "customer.imported", "customer.updated"])("of the published %s", (name) => {
    const [fullName, email] =
      name === "customer.updated" ? ["Alex Wilson", "alex@example.com"] : ["Sam Miller", "sam@example.com"];
    expect(mapped(fixture(name))).toMatchObject({
      kind: "contact",
      root: { event_type: name, data: { marketing_consent: false } },
      candidates: {
        email: [{ path: "data.email", value: email }],
        fullName: [{ path: "data.name", value: fullName }],
        language: [{ path: "data.locale", value: "en" }],
      },
    });
  });

  it.each([
    "transaction.completed",
    "subscription.created",
    "payment_method.saved",
    "adjustment.created",
    "address.created",
    "business.created",
  ])("%s names nobody by itself, but the source's own mapping may", (name) => {
    expect(mapped(fixture(name))).toEqual({
      kind: "contact",
      root: JSON.parse(fixture(name)),
      candidates: {},
    });
  });

  it.each([
    ["a discount", fixture("discount.created"), "not-about-a-person"],
    [
      "a product",
      '{"event_id":"evt_1","event_type":"product.updated","data":{"name":"Hat"}}',
      "not-about-a-person",
    ],
    ["an event without data", '{"event_id":"evt_1","event_type":"customer.updated"}', "no-data"],
    ["a list for data", '{"event_id":"evt_1","event_type":"customer.updated","data":[]}', "no-data"],
  ])("%s is recorded and nothing else", (_name, payload, reason) => {
    expect(mapped(payload)).toMatchObject({ kind: "nothing", reason });
  });

  it("no name and blank values are none", () => {
    expect(customer({ email: "a@example.com", name: null, locale: "" })).toMatchObject({
      candidates: { email: [{ value: "a@example.com" }], fullName: [], language: [] },
    });
    expect(customer({ email: { address: "a@example.com" } })).toMatchObject({ candidates: { email: [] } });
  });

  it("an archived customer is still that customer", () => {
    expect(customer({ email: "a@example.com", status: "archived" })).toMatchObject({
      candidates: { email: [{ value: "a@example.com" }] },
    });
  });
});

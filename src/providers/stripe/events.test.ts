import * as fc from "fast-check";
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed } from "../provider.ts";
import { stripe } from "./index.ts";

const secret = "whsec_test_secret";
const signedAt = 1_700_000_000;

function request(body: string | Buffer, headers: Record<string, string> = {}): InboundRequest {
  return {
    method: "POST",
    headers,
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: signedAt * 1_000,
  };
}

function parse(event: unknown, headers: Record<string, string> = {}): Parsed {
  return stripe.parse(request(JSON.stringify(event), headers));
}

function verdict(header: string, body: string, secrets: readonly string[] = [secret]): boolean {
  const verification = stripe.verify(
    request(body, { "stripe-signature": header }),
    { secrets, keys: [] },
    signedAt * 1_000,
  );
  return verification.ok;
}

function libraryAccepts(header: string, body: string): boolean {
  try {
    return (
      Stripe.webhooks.signature?.verifyHeader(body, header, secret, 300, undefined, signedAt * 1_000) ?? false
    );
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

describe("a header that is not as Stripe writes it", () => {
  const body = "{}";
  const header = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: signedAt });
  const signature = header.split("v1=")[1] ?? "";

  it.each([
    ["text behind the signature", `t=${signedAt},v1=${signature}=x`],
    ["text behind the time", `t=${signedAt}=x,v1=${signature}`],
    ["a negative time", `t=-${signedAt},v1=${signature}`],
    ["a time with a fraction", `t=${signedAt}.0,v1=${signature}`],
    ["an exponent", `t=17e8,v1=${signature}`],
    ["a time too long to be one", `t=${"1".repeat(400)},v1=${signature}`],
    ["an empty time", `t=,v1=${signature}`],
    ["another time", `t=${signedAt + 1},v1=${signature}`],
    ["two different times", `t=${signedAt - 1},t=${signedAt},v1=${signature}`],
    ["no signature", `t=${signedAt}`],
    ["an empty signature", `t=${signedAt},v1=`],
    ["the signature under another name", `t=${signedAt},v2=${signature},xv1=${signature}`],
    ["semicolons", `t=${signedAt};v1=${signature}`],
    ["only commas", ",,,,"],
  ])("is refused: %s", (_name, given) => {
    expect(verdict(given, body)).toBe(false);
  });

  it("is accepted in any order, with blanks, and with schemes of the future", () => {
    expect(verdict(`v1=${signature}, t=${signedAt}`, body)).toBe(true);
    expect(verdict(`t=${signedAt},v1=${signature},v2=zz,`, body)).toBe(true);
  });

  it("a secret that is empty or in another case proves nothing", () => {
    expect(verdict(header, body, ["", secret.toUpperCase()])).toBe(false);
    expect(verdict(header, body, [])).toBe(false);
  });
});

it("what is accepted here the library accepts too, however a header is cut up and put together", () => {
  const body = '{"a":1}';
  const anyItem = fc
    .tuple(
      fc.constantFrom(body, "{}"),
      fc.constantFrom(secret, "old"),
      fc.constantFrom(signedAt, signedAt - 300, signedAt - 301),
    )
    .chain(([payload, key, timestamp]) => {
      const whole = Stripe.webhooks.generateTestHeaderString({ payload, secret: key, timestamp });
      const parts = [...whole.split(","), whole.replace("v1", "v0"), whole.slice(0, -1)];
      return fc.constantFrom(whole, ...parts, "t=", "v1=abc", "v0=abc", "", "=");
    });
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(anyItem, { minLength: 1, maxLength: 4 }), (items) => {
      const header = items.join(",");
      if (!verdict(header, body)) return;
      accepted++;
      expect(libraryAccepts(header, body)).toBe(true);
    }),
    { numRuns: 2_000, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(20);
});

describe("the body", () => {
  const event = { id: "evt_1", type: "customer.updated" };

  it.each([
    ["application/xml", "unsupported"],
    ["application/x-www-form-urlencoded", "unsupported"],
    ["application/json; charset=utf-8", "events"],
  ])("as %s: %s", (type, kind) => {
    expect(parse(event, { "content-type": type }).kind).toBe(kind);
  });

  it("without a content type is read as JSON; bytes that are not UTF-8 are malformed", () => {
    expect(parse(event).kind).toBe("events");
    expect(stripe.parse(request(Buffer.from([0x22, 0xff, 0x22]))).kind).toBe("malformed");
  });

  it.each([
    ["an empty id", { ...event, id: "" }],
    ["an empty type", { ...event, type: "" }],
    ["a resource", { id: "cus_1", object: "customer", email: "a@example.com" }],
    ["the wrapping of another bus", { id: "1", "detail-type": "customer.updated", detail: event }],
  ])("is malformed with %s", (_name, body) => {
    expect(parse(body).kind).toBe("malformed");
  });

  it.each([
    [signedAt, signedAt * 1_000],
    [0, 0],
    ["2023-11-14T22:13:20.000Z", signedAt * 1_000],
    ["1", undefined],
    ["yesterday", undefined],
    [null, undefined],
    [1e300, undefined],
    [9_007_199_254_740_991, undefined],
    [undefined, undefined],
  ])("created %j is the time %j", (created, occurredAt) => {
    expect(parse({ ...event, created })).toMatchObject({ events: [{ occurredAt }] });
  });

  it("a thin event is read, for the record", () => {
    const thin = { ...event, object: "v2.core.event", created: "2023-11-14T22:13:20Z", livemode: true };
    expect(parse(thin)).toMatchObject({
      kind: "events",
      events: [{ id: "evt_1", occurredAt: signedAt * 1_000, attributes: { livemode: "true" } }],
    });
  });
});

import * as fc from "fast-check";
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import type { InboundRequest, ProviderMapping } from "../provider.ts";
import { stripe } from "./index.ts";

const secret = "whsec_test_secret";
const body = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}';
const good = "4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150";
const other = "30ee4bd3aecf2d42c6251fbc76a26495af31688d09c96f5949d9c8df28380495";
const signedAt = 1_700_000_000;

function request(signature: string | undefined, text = body): InboundRequest {
  return {
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(signature === undefined ? {} : { "stripe-signature": signature }),
    },
    query: {},
    target: "/",
    body: Buffer.from(text),
    receivedAt: signedAt * 1_000,
  };
}

function verdict(signature: string | undefined, atSeconds: number, secrets = [secret], text = body): boolean {
  return stripe.verify(request(signature, text), { secrets, keys: [] }, atSeconds * 1_000).ok;
}

describe("signatures, as Stripe's own library makes and judges them", () => {
  it.each([
    ["basic", `t=${signedAt},v1=${good}`, 5, true],
    ["rotation: two v1, v0 ignored", `t=${signedAt},v1=${other},v1=${good},v0=abc`, 5, true],
    ["exactly 300 s old", `t=${signedAt},v1=${good}`, 300, true],
    ["stale (301 s)", `t=${signedAt},v1=${good}`, 301, false],
    ["only v0", `t=${signedAt},v0=${good}`, 0, false],
    ["tampered", `t=${signedAt},v1=${good.slice(0, -1)}1`, 0, false],
    ["no time", `v1=${good}`, 0, false],
    ["two times", `t=${signedAt},t=${signedAt},v1=${good}`, 0, false],
    ["a time that is no number", `t=now,v1=${good}`, 0, false],
    ["not hex", `t=${signedAt},v1=zz`, 0, false],
    ["empty", "", 0, false],
    ["absent", undefined, 0, false],
  ] as const)("%s", (_name, signature, afterSeconds, valid) => {
    expect(verdict(signature, signedAt + afterSeconds)).toBe(valid);
  });

  it("a time 10 000 s ahead is refused, although the library lets it pass", () => {
    const ahead = "t=1700010000,v1=3737ab9a5582c7cc613cc3d2c321d070dec790ed3cf8c26143c346ace5bc9d98";
    expect(verdict(ahead, signedAt, ["s"])).toBe(false);
    expect(verdict(ahead, 1_700_010_000, ["s"])).toBe(true);
  });

  it("one more byte in the body is refused", () => {
    expect(verdict(`t=${signedAt},v1=${good}`, signedAt, [secret], `${body} `)).toBe(false);
  });

  it("any configured secret may match, an empty one never does", () => {
    expect(verdict(`t=${signedAt},v1=${good}`, signedAt, ["old", secret])).toBe(true);
    expect(verdict(`t=${signedAt},v1=${good}`, signedAt, ["old"])).toBe(false);
    const unsigned = stripe.sign({ headers: {}, body: Buffer.from(body) }, "", signedAt * 1_000);
    expect(verdict(unsigned.headers["stripe-signature"], signedAt, [""])).toBe(false);
  });

  it("what the library signs verifies here, and what is signed here verifies there", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1 }),
        // The library takes a blank secret for none.
        fc.string({ minLength: 1 }).filter((key) => key.trim() !== ""),
        (payload, key) => {
          const header = Stripe.webhooks.generateTestHeaderString({
            payload,
            secret: key,
            timestamp: signedAt,
          });
          expect(verdict(header, signedAt, [key], payload)).toBe(true);
          const own = stripe.sign({ headers: {}, body: Buffer.from(payload) }, key, signedAt * 1_000);
          const sent = Buffer.from(payload).toString();
          const signature = own.headers["stripe-signature"] ?? "";
          expect(Stripe.webhooks.signature?.verifyHeader(sent, signature, key, 1e12)).toBe(true);
        },
      ),
    );
  });
});

describe("events", () => {
  const parse = (event: unknown) => stripe.parse(request(undefined, JSON.stringify(event)));

  it("id, type and time come from the signed body", () => {
    const event = {
      id: "evt_1",
      type: "customer.updated",
      created: signedAt,
      livemode: false,
      account: "acct_1",
    };
    expect(parse(event)).toEqual({
      kind: "events",
      events: [
        {
          id: "evt_1",
          type: "customer.updated",
          occurredAt: signedAt * 1_000,
          attributes: { account: "acct_1", livemode: "false" },
          payload: JSON.stringify(event),
        },
      ],
    });
  });

  it.each([[[]], ["text"], [{}], [{ id: "evt_1" }], [{ type: "a", id: 5 }]])(
    "%j is not an event",
    (event) => {
      expect(parse(event).kind).toBe("malformed");
    },
  );
});

describe("contact data", () => {
  function candidates(object: object, type = "some.event"): Record<string, unknown> {
    const payload = JSON.stringify({ id: "evt_1", object: "event", type, data: { object } });
    const mapping: ProviderMapping = stripe.map({ type, attributes: {}, payload });
    if (mapping.kind !== "contact") return { kind: mapping.kind };
    return Object.fromEntries(
      Object.entries(mapping.candidates).flatMap(([field, list]) =>
        list?.[0] ? [[field, list[0].value]] : [],
      ),
    );
  }

  it.each([
    [
      "customer",
      {
        object: "customer",
        email: "a@b.co",
        name: "A B",
        phone: "+1",
        preferred_locales: ["fr"],
        address: { country: "FR" },
      },
      { email: "a@b.co", fullName: "A B", phone: "+1", language: "fr", countryCode: "FR" },
    ],
    [
      "checkout session, the person before the business, auto is no language",
      {
        object: "checkout.session",
        locale: "auto",
        customer_email: "first@b.co",
        customer_details: { email: "a@b.co", name: "Shop Ltd", individual_name: "A B", phone: null },
      },
      { email: "a@b.co", fullName: "A B" },
    ],
    [
      "invoice",
      { object: "invoice", customer_email: "a@b.co", customer_name: "A", customer_phone: "+2" },
      { email: "a@b.co", fullName: "A", phone: "+2" },
    ],
    [
      "charge",
      {
        object: "charge",
        receipt_email: "r@b.co",
        billing_details: { email: "a@b.co", address: { country: "DE" } },
      },
      { email: "a@b.co", countryCode: "DE" },
    ],
    [
      "payment intent, whose recipient is not the payer",
      { object: "payment_intent", receipt_email: "a@b.co", shipping: { name: "Rose Gift", phone: "+3" } },
      { email: "a@b.co" },
    ],
    ["a subscription names only the customer's id", { object: "subscription", customer: "cus_1" }, {}],
    ["a product's name is nobody's", { object: "product", name: "Hat" }, {}],
  ])("%s", (_name, object, expected) => {
    expect(candidates(object)).toEqual(expected);
  });

  it("a deleted customer and a thin event say nothing of a contact", () => {
    expect(candidates({ object: "customer", email: "a@b.co" }, "customer.deleted")).toEqual({
      kind: "nothing",
    });
    const payload = JSON.stringify({ id: "evt_1", object: "v2.core.event", type: "v1.a" });
    expect(stripe.map({ type: "v1.a", attributes: {}, payload })).toMatchObject({ reason: "thin-event" });
  });
});

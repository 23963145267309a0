import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { InboundRequest, ProviderMapping } from "../provider.ts";
import { shopify } from "./index.ts";

const secret = "test_secret_key";
const body = '{"foo": "bar"}';
const good = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=";

function request(headers: Record<string, string>, text = body): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(text), receivedAt: 0 };
}

function verdict(headers: Record<string, string>, secrets = [secret], text = body): boolean {
  return shopify.verify(request(headers, text), { secrets, keys: [] }, 0).ok;
}

describe("signatures, with the vector Shopify publishes", () => {
  it.each([
    ["the classic header", { "x-shopify-hmac-sha256": good }, true],
    ["the header of the Events family", { "shopify-hmac-sha256": good }, true],
    ["both, and both right", { "x-shopify-hmac-sha256": good, "shopify-hmac-sha256": good }, true],
    ["a wrong one beside a right one", { "x-shopify-hmac-sha256": good, "shopify-hmac-sha256": "x" }, false],
    ["in hex", { "x-shopify-hmac-sha256": Buffer.from(good, "base64").toString("hex") }, false],
    ["without padding", { "x-shopify-hmac-sha256": good.slice(0, -1) }, false],
    ["of something else", { "x-shopify-hmac-sha256": `A${good.slice(1)}` }, false],
    ["empty", { "x-shopify-hmac-sha256": "" }, false],
    ["absent", {}, false],
  ])("%s", (_name, headers, valid) => {
    expect(verdict(headers)).toBe(valid);
  });

  it("one changed byte of the body is refused", () => {
    expect(verdict({ "x-shopify-hmac-sha256": good }, [secret], '{"foo": "baz"}')).toBe(false);
  });

  it("while a secret is rotated either one verifies; an empty one never does", () => {
    expect(verdict({ "x-shopify-hmac-sha256": good }, ["new", secret])).toBe(true);
    expect(verdict({ "x-shopify-hmac-sha256": good }, [secret, "new"])).toBe(true);
    expect(verdict({ "x-shopify-hmac-sha256": good }, ["new"])).toBe(false);
    const unkeyed = createHmac("sha256", "").update(body).digest("base64");
    expect(verdict({ "x-shopify-hmac-sha256": unkeyed }, [""])).toBe(false);
  });
});

describe("events", () => {
  function parseOne(value: object, headers: Record<string, string> = {}) {
    const parsed = shopify.parse(
      request({ "content-type": "application/json", ...headers }, JSON.stringify(value)),
    );
    return parsed.kind === "events" ? parsed.events[0] : undefined;
  }

  it("no header is signed: it names the type, never the identity or the time", () => {
    const event = parseOne(
      { id: 1, updated_at: "2026-01-05T10:00:00+08:00" },
      {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "forged",
        "x-shopify-triggered-at": "2030-01-01T00:00:00Z",
        "x-shopify-shop-domain": "a.myshopify.com",
      },
    );
    expect(event).toMatchObject({
      id: undefined,
      type: "orders/create",
      occurredAt: Date.UTC(2026, 0, 5, 2),
      attributes: { shop: "a.myshopify.com", webhookId: "forged" },
    });
  });

  it("the newer family's topic and action read like the classic topics", () => {
    expect(parseOne({}, { "shopify-topic": "Customer", "shopify-action": "create" })?.type).toBe(
      "customers/create",
    );
    expect(parseOne({}, { "shopify-topic": "DraftOrder", "shopify-action": "update" })?.type).toBe(
      "draft_orders/update",
    );
    expect(parseOne({})?.type).toBe("unknown");
  });

  it("a privacy request cannot be left out by a source's selection of events", () => {
    const redact = { shop_id: 1, shop_domain: "a.myshopify.com", customer: { id: 2 }, orders_to_redact: [] };
    expect(parseOne(redact)?.mandatory).toBe(true);
    expect(parseOne({ id: 1 })?.mandatory).toBe(false);
  });

  it("XML is told to be JSON, and what is not an object is malformed", () => {
    expect(shopify.parse(request({ "content-type": "application/xml" }, "<order/>")).kind).toBe(
      "unsupported",
    );
    expect(shopify.parse(request({}, "[]")).kind).toBe("malformed");
    expect(shopify.parse(request({}, "{")).kind).toBe("malformed");
  });
});

describe("contact data", () => {
  function mapped(value: object, type = "orders/create"): ProviderMapping {
    return shopify.map({ type, attributes: {}, payload: JSON.stringify(value) });
  }
  function best(value: object): Record<string, unknown> {
    const mapping = mapped(value);
    if (mapping.kind !== "contact") return { kind: mapping.kind };
    return Object.fromEntries(
      Object.entries(mapping.candidates).flatMap(([field, list]) =>
        list?.[0] ? [[field, list[0].value]] : [],
      ),
    );
  }

  it("an order speaks of its buyer, not of whom it is shipped to", () => {
    const order = {
      email: "buyer@example.com",
      phone: null,
      customer_locale: "fr-CA",
      customer: { first_name: "Bea", last_name: "Buyer", phone: "+15145550100" },
      billing_address: { name: "Bea Buyer", country_code: "CA" },
      shipping_address: { first_name: "Greta", phone: "+15145550199", country_code: "US" },
    };
    expect(best(order)).toEqual({
      email: "buyer@example.com",
      phone: "+15145550100",
      firstName: "Bea",
      lastName: "Buyer",
      fullName: "Bea Buyer",
      language: "fr-CA",
      countryCode: "CA",
    });
  });

  it.each([
    [
      "a customer",
      { email: "a@b.co", first_name: "A", default_address: { country_code: "MY" } },
      { email: "a@b.co", firstName: "A", countryCode: "MY" },
    ],
    [
      "a checkout",
      { token: "t", email: "a@b.co", sms_marketing_phone: "+60123456789" },
      { email: "a@b.co", phone: "+60123456789" },
    ],
    [
      "an e-mail consent",
      { customer_id: 1, email_address: "a@b.co", email_marketing_consent: {} },
      { email: "a@b.co" },
    ],
    [
      "an SMS consent",
      { id: 1, phone: "+60123456789", sms_marketing_consent: {} },
      { phone: "+60123456789" },
    ],
    ["a wrapped REST resource", { customer: { email: "a@b.co" } }, { email: "a@b.co" }],
    [
      "the Events family",
      { firstName: "A", defaultEmailAddress: { emailAddress: "a@b.co" } },
      { firstName: "A", email: "a@b.co" },
    ],
    ["a product", { title: "Hat", vendor: "V" }, {}],
  ])("%s", (_name, value, expected) => {
    expect(best(value)).toEqual(expected);
  });

  it("64-bit ids keep their digits for the source's own mapping", () => {
    const payload = '{"id":706405506930370084,"email":"a@b.co"}';
    expect(shopify.map({ type: "customers/create", attributes: {}, payload })).toMatchObject({
      root: { id: "706405506930370084" },
    });
  });

  it("only a signed body of that shape erases a customer, whatever the topic header says", () => {
    const redact = {
      shop_id: 1,
      shop_domain: "a.myshopify.com",
      customer: { id: 2, email: "a@b.co", phone: "+60123456789" },
      orders_to_redact: [3],
    };
    expect(mapped(redact, "orders/create")).toMatchObject({
      kind: "erase",
      emails: ["a@b.co"],
      phones: ["+60123456789"],
    });
    expect(mapped({ email: "a@b.co", customer: { id: 2 } }, "customers/redact").kind).toBe("contact");
  });

  it("the shop's own e-mail is the merchant's, not a customer's", () => {
    const shop = { id: 1, email: "owner@example.com", phone: "+15145550100", myshopify_domain: null };
    expect(mapped(shop, "shop/update")).toMatchObject({ kind: "nothing", reason: "about-the-shop" });
  });

  it("the other privacy topics are accepted and recorded", () => {
    const shop = { shop_id: 1, shop_domain: "a.myshopify.com" };
    expect(mapped(shop)).toMatchObject({ kind: "nothing", reason: "privacy-shop-redact" });
    expect(mapped({ ...shop, customer: { email: "a@b.co" }, orders_requested: [] })).toMatchObject({
      kind: "nothing",
      reason: "privacy-data-request",
    });
  });
});

import { describe, expect, it } from "vitest";
import type { ProviderMapping } from "../provider.ts";
import { stripe } from "./index.ts";

function map(object: object, type = "some.event"): ProviderMapping {
  const payload = JSON.stringify({ id: "evt_1", object: "event", type, data: { object } });
  return stripe.map({ type, attributes: {}, payload });
}

/** The values found per field, best first. */
function found(object: object): Record<string, readonly unknown[]> {
  const mapping = map(object);
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

describe("nothing is mapped", () => {
  it.each([
    ["without data", { id: "evt_1", type: "a" }, "no-object"],
    ["with a list for an object", { id: "evt_1", type: "a", data: { object: [] } }, "no-object"],
    ["with null", { id: "evt_1", type: "a", data: { object: null } }, "no-object"],
    [
      "of a thin event, whatever it carries",
      { object: "v2.core.event", data: { object: { object: "customer", email: "a@example.com" } } },
      "thin-event",
    ],
    ["of a list", [], "no-object"],
  ])("%s", (_name, payload, reason) => {
    const event = { type: "a", attributes: {}, payload: JSON.stringify(payload) };
    expect(stripe.map(event)).toMatchObject({ kind: "nothing", reason, root: payload });
  });

  it("of a customer that is gone, by its type or by its own word", () => {
    const customer = { object: "customer", email: "a@example.com" };
    expect(map(customer, "customer.deleted")).toMatchObject({ reason: "customer-deleted" });
    expect(map({ object: "customer", deleted: true })).toMatchObject({ reason: "customer-deleted" });
    expect(map(customer, "customer.source.deleted").kind).toBe("contact");
    expect(map({ object: "product", deleted: true }).kind).toBe("contact");
  });
});

describe("nobody is named", () => {
  const own = { name: "Hat", email: "a@example.com", phone: "+12025550143", address: { country: "US" } };

  it.each(["product", "account", "coupon", "issuing.cardholder", "terminal.location", "tax_id", undefined])(
    "by the own name, e-mail and phone of a %s",
    (kind) => {
      expect(found({ ...own, object: kind })).toEqual({});
    },
  );

  it("by a customer's id, null and blank values", () => {
    expect(found({ object: "subscription", customer: "cus_1" })).toEqual({});
    const details = { email: null, name: "", phone: null, address: null };
    expect(found({ object: "checkout.session", customer_details: details, locale: null })).toEqual({});
  });
});

describe("the buyer", () => {
  const shipping = { name: "Greta Gift", phone: "+12025550199", address: { country: "FR" } };

  it.each(["charge", "payment_intent"])("never takes a recipient's name or phone of a %s", (kind) => {
    const paidBy = (payer: object) => found({ object: kind, ...payer, shipping });
    expect(paidBy({ receipt_email: "bea@example.com" })).toEqual({
      email: ["bea@example.com"],
      countryCode: ["FR"],
    });
    expect(paidBy({ billing_details: { phone: "+12025550143" } })).toEqual({
      phone: ["+12025550143"],
      countryCode: ["FR"],
    });
    expect(paidBy({ billing_details: { name: "Bea Buyer" } })).toEqual({
      fullName: ["Bea Buyer"],
      countryCode: ["FR"],
    });
  });

  it.each(["charge", "payment_intent"])("is a %s's recipient where nothing says who paid", (kind) => {
    expect(found({ object: kind, shipping, billing_details: { name: "", phone: null } })).toEqual({
      phone: ["+12025550199"],
      fullName: ["Greta Gift"],
      countryCode: ["FR"],
    });
    expect(found({ object: "subscription_schedule", shipping })).toEqual({ countryCode: ["FR"] });
  });

  it("a customer's and an invoice's shipping phone is the customer's own", () => {
    expect(found({ object: "customer", email: "a@example.com", shipping })).toMatchObject({
      phone: ["+12025550199"],
    });
    const invoice = { object: "invoice", customer_email: "a@example.com", customer_shipping: shipping };
    expect(found(invoice)).toMatchObject({ phone: ["+12025550199"], fullName: ["Greta Gift"] });
  });

  it("an older payment intent brings its charge's billing details", () => {
    const billing_details = { email: "a@example.com", name: "A B", phone: "+12025550143" };
    const charges = { object: "list", data: [{ object: "charge", billing_details }] };
    expect(found({ object: "payment_intent", charges, receipt_email: "r@example.com" })).toEqual({
      email: ["a@example.com", "r@example.com"],
      fullName: ["A B"],
      phone: ["+12025550143"],
    });
  });

  it("of a checkout is who filled in the details, before the address it was prefilled with", () => {
    const session = {
      object: "checkout.session",
      customer_email: "prefilled@example.com",
      customer_details: { email: "typed@example.com", name: "A B", address: { country: "MY" } },
    };
    expect(found(session)).toEqual({
      email: ["typed@example.com", "prefilled@example.com"],
      fullName: ["A B"],
      countryCode: ["MY"],
    });
  });

  it("of a payment method is who is billed", () => {
    const billing_details = { email: "a@example.com", name: "A B", address: { country: "DE" } };
    expect(found({ object: "payment_method", billing_details })).toEqual({
      email: ["a@example.com"],
      fullName: ["A B"],
      countryCode: ["DE"],
    });
  });
});

describe("names and languages", () => {
  it("a business's name is no person's, even repeated as the name", () => {
    const business = { business_name: "Hats Ltd", name: "Hats Ltd", individual_name: null };
    expect(found({ object: "customer", ...business })).toEqual({});
    expect(found({ object: "checkout.session", customer_details: business })).toEqual({});
    const both = { ...business, individual_name: "Ada Lovelace" };
    expect(found({ object: "customer", ...both })).toEqual({ fullName: ["Ada Lovelace"] });
  });

  it("a checkout in 'auto' has no language, one in a locale has", () => {
    expect(found({ object: "checkout.session", locale: "auto" })).toEqual({});
    expect(found({ object: "checkout.session", locale: "pt-BR" })).toEqual({ language: ["pt-BR"] });
  });

  it("a customer prefers the first locale", () => {
    expect(found({ object: "customer", preferred_locales: ["fr-CA", "en"] })).toEqual({
      language: ["fr-CA", "en"],
    });
  });
});

it("the root is the whole event with every digit, and paths lead into it", () => {
  const payload =
    '{"id":"evt_1","data":{"object":{"object":"customer","email":"a@example.com","metadata":{"n":706405506930370084}}}}';
  expect(stripe.map({ type: "customer.created", attributes: {}, payload })).toMatchObject({
    root: { id: "evt_1", data: { object: { metadata: { n: "706405506930370084" } } } },
    candidates: { email: [{ path: "data.object.email", value: "a@example.com" }] },
  });
});

import { describe, expect, it } from "vitest";
import type { ProviderMapping } from "../provider.ts";
import { shopify } from "./index.ts";

function map(body: object, type = "unknown"): ProviderMapping {
  return shopify.map({ type, attributes: {}, payload: JSON.stringify(body) });
}

/** The values found per field, best first. */
function found(body: object): Record<string, readonly unknown[]> {
  const mapping = map(body);
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

function names(body: object): Record<string, unknown> {
  const { firstName, lastName, fullName } = found(body);
  return { first: firstName?.[0], last: lastName?.[0], full: firstName ? undefined : fullName?.[0] };
}

describe("privacy requests", () => {
  const shop = { shop_id: 954_889, shop_domain: "sample-shop.myshopify.com" };
  const customer = { id: 1, email: "ada@example.com", phone: "+442079460123" };

  it.each([
    ["an order", { id: 1, email: "ada@example.com", customer }],
    ["a customer", customer],
    ["a redaction without the shop", { customer, orders_to_redact: [1] }],
    ["a redaction without the shop's id", { shop_domain: "a", customer, orders_to_redact: [1] }],
    ["an order that lists orders to redact", { id: 1, customer, orders_to_redact: [1] }],
  ])("the topic customers/redact does not erase whom %s names", (_name, body) => {
    expect(map(body, "customers/redact").kind).toBe("contact");
  });

  it.each([
    ["a data request", { ...shop, customer, orders_requested: [1], data_request: { id: 9 } }],
    ["a data request without orders", { ...shop, customer, data_request: { id: 9 } }],
    [
      "a data request that lists redactions too",
      { ...shop, customer, orders_requested: [], orders_to_redact: [] },
    ],
    ["neither list", { ...shop, customer }],
    ["a list that is none", { ...shop, customer, orders_to_redact: "all" }],
    ["a redaction of the shop", shop],
    ["a redaction without a customer", { ...shop, orders_to_redact: [1] }],
  ])("%s neither erases anybody nor brings a contact, under no topic", (_name, body) => {
    for (const type of ["customers/redact", "customers/create", "unknown"]) {
      expect(map(body, type)).toMatchObject({ kind: "nothing", reason: expect.stringMatching(/^privacy-/) });
    }
  });

  it("a redaction erases by what it carries, an empty list of orders and a missing phone included", () => {
    const body = { ...shop, customer: { ...customer, phone: null }, orders_to_redact: [] };
    expect(map(body)).toMatchObject({ kind: "erase", emails: ["ada@example.com"], phones: [] });
    const anonymous = { ...shop, customer: { id: 1, email: "", phone: null }, orders_to_redact: [1] };
    expect(map(anonymous)).toMatchObject({ kind: "erase", emails: [], phones: [] });
  });
});

describe("what names nobody", () => {
  it.each([
    ["a location", { admin_graphql_api_id: "gid://shopify/Location/1", phone: "+442079460000" }],
    [
      "a company's location",
      {
        admin_graphql_api_id: "gid://shopify/CompanyLocation/1",
        phone: "+442079460000",
        billing_address: { phone: "+442079460000", first_name: "Front", country_code: "GB" },
      },
    ],
    ["a product", { id: 1, title: "Hat", vendor: "Hats Ltd", created_at: "2026-01-05T10:00:00Z" }],
    ["a cart", { id: "t", token: "t", line_items: [{ title: "Hat", email: "line@example.com" }] }],
    ["a deleted customer", { id: 1, phone: null, addresses: [], email_marketing_consent: null }],
    ["a merge", { admin_graphql_api_customer_kept_id: "gid://shopify/Customer/1", status: "completed" }],
    ["nothing", {}],
  ])("%s brings no candidates, and its root for the source's own mapping", (_name, body) => {
    expect(found(body)).toEqual({});
    expect(map(body)).toMatchObject({ kind: "contact", root: body });
  });

  it.each(["[]", '"text"', "null", "7", "no JSON"])("a payload of %s is nothing", (payload) => {
    expect(shopify.map({ type: "t", attributes: {}, payload })).toMatchObject({
      kind: "nothing",
      reason: "not-an-object",
    });
  });
});

describe("names", () => {
  const shipping_address = { first_name: "Greta", last_name: "Gift", name: "Greta Gift" };

  it("one person's: nobody is given another's family name", () => {
    const billing_address = { first_name: "Bob", last_name: "Biller" };
    expect(names({ customer: { first_name: "Ada", last_name: null }, id: 1, billing_address })).toEqual({
      first: "Ada",
    });
    expect(names({ customer: { last_name: "Lovelace" }, id: 1, billing_address })).toEqual({
      first: "Bob",
      last: "Biller",
    });
  });

  it("a single name, which Shopify keeps as the last one, is not made a first name too", () => {
    const address = { first_name: null, last_name: "Siti", name: "Siti" };
    expect(names({ id: 1, customer: { last_name: "Siti" }, billing_address: address })).toEqual({
      last: "Siti",
    });
  });

  it("a full name of the buyer comes before the recipient's first name", () => {
    expect(names({ id: 1, billing_address: { name: "Bea Buyer" }, shipping_address })).toEqual({
      full: "Bea Buyer",
    });
  });

  it("the recipient's are taken when nobody else is named", () => {
    expect(names({ email: "a@example.com", shipping_address })).toEqual({ first: "Greta", last: "Gift" });
  });

  it("an order's name is its number", () => {
    expect(names({ name: "#1001", email: "a@example.com" })).toEqual({});
  });

  it.each(["ada@example.com", "+44 20 7946 0123", ""])("a display name of '%s' is no name", (displayName) => {
    expect(names({ displayName, email: "a@example.com" })).toEqual({});
  });
});

describe("identifiers and country", () => {
  it("the recipient's phone and e-mail are never the buyer's", () => {
    const recipient = { phone: "+442079460199", email: "greta@example.com", country_code: "FR" };
    expect(found({ email: "bea@example.com", shipping_address: recipient })).toEqual({
      email: ["bea@example.com"],
      countryCode: ["FR"],
    });
    expect(found({ id: 1, email: null, destination: recipient })).toEqual({});
  });

  it("the order's own come first, then the customer's, then the invoice's", () => {
    const order = {
      email: "order@example.com",
      contact_email: "contact@example.com",
      phone: "+442079460001",
      customer: {
        email: "customer@example.com",
        phone: "+442079460002",
        default_address: { phone: "+442079460004", country_code: "CA" },
      },
      billing_address: { phone: "+442079460003", country: "United States", country_code: "US" },
      shipping_address: { country_code: "FR" },
    };
    expect(found(order)).toMatchObject({
      email: ["order@example.com", "contact@example.com", "customer@example.com"],
      phone: ["+442079460001", "+442079460002", "+442079460003", "+442079460004"],
      countryCode: ["US", "CA", "United States", "FR"],
    });
  });

  it("a country's name serves where there is no code", () => {
    expect(found({ id: 1, default_address: { country: "Malaysia", country_code: null } })).toEqual({
      countryCode: ["Malaysia"],
    });
  });

  it("blank values and objects are no candidates", () => {
    const body = { email: " ", phone: "", first_name: null, emailAddress: { x: 1 }, locale: [] };
    expect(found(body)).toEqual({});
  });

  it("a path tells where in the payload a value was found", () => {
    const mapping = map({ order: { email: "a@example.com", customer: { first_name: "Ada" } } });
    expect(mapping).toMatchObject({
      candidates: {
        email: [{ path: "order.email", value: "a@example.com" }],
        firstName: [{ path: "order.customer.first_name", value: "Ada" }],
      },
    });
  });
});

describe("the newer Events, with what their query asked for", () => {
  const event = { action: "update", handle: "h", fields_changed: { added: [], updated: [], removed: [] } };
  const customer = {
    id: "gid://shopify/Customer/1",
    displayName: "Ada Lovelace",
    firstName: "Ada",
    lastName: "Lovelace",
    locale: "en-GB",
    defaultEmailAddress: { emailAddress: "ada@example.com" },
    defaultPhoneNumber: { phoneNumber: "+442079460123" },
    defaultAddress: { countryCodeV2: "GB", country: "United Kingdom" },
  };
  const expected = {
    email: ["ada@example.com"],
    phone: ["+442079460123"],
    firstName: ["Ada"],
    lastName: ["Lovelace"],
    countryCode: ["GB", "United Kingdom"],
  };

  it("a customer", () => {
    const data = { shop: { email: "owner@example.com" }, customer };
    expect(found({ ...event, topic: "Customer", data })).toMatchObject({ ...expected, language: ["en-GB"] });
  });

  it("an order, its own data before its customer's", () => {
    const order = { id: "gid://shopify/Order/1", name: "#1", email: "order@example.com", customer };
    expect(found({ ...event, topic: "Order", data: { order } })).toMatchObject({
      ...expected,
      email: ["order@example.com", "ada@example.com"],
    });
    const draftOrder = { ...order, email: "draft@example.com" };
    expect(found({ ...event, topic: "DraftOrder", data: { draftOrder } })).toMatchObject({
      email: ["draft@example.com", "ada@example.com"],
    });
  });

  it("without a query, with a null result, and of a location: nobody", () => {
    const location = { id: "gid://shopify/Location/1", phone: "+442079460000" };
    expect(found({ ...event, topic: "Customer" })).toEqual({});
    expect(found({ ...event, topic: "Customer", data: { customer: null } })).toEqual({});
    expect(found({ ...event, topic: "Location", data: { location } })).toEqual({});
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ProviderMapping } from "../provider.ts";
import { woocommerce } from "./index.ts";

function map(value: unknown): ProviderMapping {
  return woocommerce.map({ type: "order.updated", attributes: {}, payload: JSON.stringify(value) });
}

/** The values found per field, best first. */
function found(value: object): Record<string, readonly unknown[]> {
  const mapping = map(value);
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map((candidate) => candidate.value)]],
    ),
  );
}

function fixture(name: string): object {
  const value: unknown = JSON.parse(
    readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"),
  );
  if (typeof value !== "object" || value === null) throw new Error(`${name} holds no object`);
  return value;
}

/** The body of a recorded delivery. */
function delivered(name: string): unknown {
  return Object.entries(fixture(name)).find(([key]) => key === "body")?.[1];
}

const billing = {
  first_name: "Bea",
  last_name: "Buyer",
  country: "US",
  email: "bea@example.com",
  phone: "+12025550143",
};
const shipping = { first_name: "Greta", last_name: "Gift", country: "CA", phone: "+16135550199" };
const blank = { first_name: "", last_name: "", country: "", email: "", phone: "" };

describe("nothing is mapped", () => {
  it.each([
    ["a deleted resource, whatever it was", { id: 16 }, "deleted"],
    ["a draft of block checkout", { order_key: "k", status: "checkout-draft", billing }, "order-draft"],
    ["an automatic draft", { order_key: "k", status: "auto-draft", billing }, "order-draft"],
    [
      "what the webhook's user may not see",
      { code: "woocommerce_rest_cannot_view", message: "Sorry", data: { status: 401 } },
      "error-instead-of-data",
    ],
    ["a list", [], "not-an-object"],
    ["no JSON object", null, "not-an-object"],
  ])("of %s", (_name, body, reason) => {
    expect(map(body)).toEqual({ kind: "nothing", reason, root: body });
  });

  it("of products and coupons, as they are delivered", () => {
    expect(map(delivered("product.created"))).toMatchObject({ reason: "about-a-product" });
    expect(map(delivered("coupon.restored"))).toMatchObject({ reason: "about-a-coupon" });
    expect(map(delivered("coupon.deleted"))).toMatchObject({ reason: "deleted" });
  });

  it("of what a plugin sends, but its own mapping may read it", () => {
    const root = { action: "my_hook", arg: { email: "a@example.com" } };
    expect(map(root)).toEqual({ kind: "contact", root, candidates: {} });
  });

  it("of blank values", () => {
    expect(found({ order_key: "k", billing: blank, shipping: blank })).toEqual({});
    expect(found({ username: "a", email: "", first_name: " ", avatar_url: "", billing: null })).toEqual({});
    expect(found({ order_key: "k", billing: { email: ["a@example.com"], phone: {} } })).toEqual({});
  });
});

describe("an order", () => {
  const buyer = {
    email: ["bea@example.com"],
    phone: ["+12025550143"],
    firstName: ["Bea"],
    lastName: ["Buyer"],
    countryCode: ["US", "CA"],
  };

  it.each([
    ["a guest", 0],
    ["a customer", 26],
  ])("of %s speaks of who pays, not of whom it is shipped to", (_name, customer_id) => {
    expect(found({ order_key: "k", status: "pending", customer_id, billing, shipping })).toEqual(buyer);
  });

  it("is one too with what a plugin adds of the account, and without anybody billed", () => {
    const extended = { order_key: "k", username: "bea", avatar_url: "https://shop.example.com/bea.jpg" };
    expect(found({ ...extended, billing, shipping })).toEqual(buyer);
    expect(found({ line_items: [], email: "staff@example.com" })).toEqual({});
  });

  it("gives nobody another's phone or family name", () => {
    expect(found({ order_key: "k", billing: { ...billing, phone: "" }, shipping })).not.toHaveProperty(
      "phone",
    );
    const named = { ...blank, first_name: "Bea" };
    expect(found({ order_key: "k", billing: named, shipping })).toEqual({
      firstName: ["Bea"],
      countryCode: ["CA"],
    });
  });

  it("that bills nobody speaks of whom it is shipped to", () => {
    expect(found({ order_key: "k", billing: { ...blank, country: "US" }, shipping })).toEqual({
      phone: ["+16135550199"],
      firstName: ["Greta"],
      lastName: ["Gift"],
      countryCode: ["CA", "US"],
    });
  });

  it("as documented, of a guest and of a customer", () => {
    expect(found(fixture("order-guest"))).toEqual({
      email: ["john.doe@example.com"],
      phone: ["(555) 555-5555"],
      firstName: ["John"],
      lastName: ["Doe"],
      countryCode: ["US", "US"],
    });
    expect(found(fixture("order-customer"))).toMatchObject({
      email: ["joao.silva@example.com"],
      firstName: ["João"],
      lastName: ["Silva"],
      countryCode: ["BR", "BR"],
    });
  });

  it("keeps its values and paths as they are for the source's own mapping", () => {
    expect(map({ order_key: "k", number: "1001", billing: { email: " Bea@Example.com" } })).toMatchObject({
      root: { number: "1001" },
      candidates: { email: [{ path: "billing.email", value: " Bea@Example.com" }] },
    });
  });
});

describe("a customer", () => {
  it("as documented: the account's own e-mail first", () => {
    expect(found(fixture("customer"))).toEqual({
      email: ["john.doe@example.com", "john.doe@example.com"],
      phone: ["(555) 555-5555"],
      firstName: ["John"],
      lastName: ["Doe"],
      countryCode: ["US", "US"],
    });
  });

  it("is not whom the account ships to", () => {
    expect(found({ username: "bea", email: "bea@example.com", billing: blank, shipping })).toEqual({
      email: ["bea@example.com"],
      countryCode: ["CA"],
    });
  });

  it("has the names of one person: the account's, else of who is billed", () => {
    const account = {
      username: "bea",
      email: "bea@example.com",
      first_name: "",
      last_name: "Account",
      billing,
    };
    expect(found(account)).toMatchObject({ firstName: ["Bea"], lastName: ["Buyer"] });
    expect(found({ ...account, first_name: "Ann" })).toMatchObject({
      firstName: ["Ann"],
      lastName: ["Account"],
    });
    const named = found({ ...account, billing: blank });
    expect(named).toMatchObject({ lastName: ["Account"] });
    expect(named).not.toHaveProperty("firstName");
  });

  it.each([
    "https://secure.gravatar.com/avatar/8eb1b522f60d11fa897de1dc6351b7e8?s=96",
    "https://secure.gravatar.com/avatar/8eb1b522f60d11fa897de1dc6351b7e8?s=96&d=mm&r=g",
    "http://2.gravatar.com/avatar/0?d=identicon",
    "//www.gravatar.com/avatar/0",
    "HTTPS://GRAVATAR.COM/avatar/0",
  ])("has no picture that may be a silhouette: %s", (avatar_url) => {
    expect(found({ username: "bea", avatar_url })).toEqual({});
  });

  it.each([
    "https://shop.example.com/wp-content/uploads/avatars/bea.jpg",
    "https://notgravatar.com/bea.jpg",
    "https://shop.example.com/gravatar.com/bea.jpg",
    "https://gravatar.com.example.com/bea.jpg",
  ])("has the picture that the shop holds: %s", (avatar_url) => {
    expect(found({ username: "bea", avatar_url })).toEqual({ profilePic: [avatar_url] });
  });
});

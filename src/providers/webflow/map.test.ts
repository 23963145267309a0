import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normalizePhone } from "../../contact/normalize.ts";
import type { JsonValue, ProviderMapping } from "../provider.ts";
import { webflow } from "./index.ts";

function map(body: object | string, type = "form_submission"): ProviderMapping {
  return webflow.map({
    type,
    attributes: {},
    payload: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The values found per field, best first. */
function found(mapping: ProviderMapping): Record<string, readonly JsonValue[]> {
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

function submission(data: object, schema?: unknown): object {
  return { triggerType: "form_submission", payload: { name: "Contact Us", data, schema } };
}

describe("nothing is mapped", () => {
  it.each([
    ["without data", "form_submission", { triggerType: "form_submission", payload: {} }, "no-data"],
    ["with data that is a list", "form_submission", submission([]), "no-data"],
    ["without a payload", "form_submission", { triggerType: "form_submission" }, "no-data"],
    ["of an order that is not there", "ecomm_new_order", { triggerType: "ecomm_new_order" }, "no-order"],
    [
      "of an account that is gone",
      "user_account_deleted",
      { triggerType: "user_account_deleted", payload: { data: { email: "a@example.com" } } },
      "account-deleted",
    ],
    [
      "of what somebody published",
      "site_publish",
      { triggerType: "site_publish", payload: { publishedBy: { displayName: "Some One" } } },
      "no-person",
    ],
    [
      "of a collection's item, whatever it is named",
      "collection_item_created",
      {
        triggerType: "collection_item_created",
        payload: { fieldData: { name: "x", email: "a@example.com" } },
      },
      "no-person",
    ],
    ["of a list", "form_submission", [], "unreadable-payload"],
  ])("%s", (_name, type, body, reason) => {
    expect(map(body, type)).toMatchObject({ kind: "nothing", reason });
  });

  it("by the form's own name, by consents and by fields left empty", () => {
    expect(found(map(submission({})))).toEqual({});
    expect(
      found(map(submission({ "accept-communications": true, email: "", Phone: null, Name: "  " }))),
    ).toEqual({});
  });
});

describe("a submitted form", () => {
  const documented = {
    "First Name": "Zaphod",
    "Last Name": "Beeblebrox",
    email: "zaphod@example.com",
    "Phone Number": 15_550_000_000,
  };
  const schema = Object.keys(documented).map((fieldName, index) => ({
    fieldName,
    fieldType: "FormTextInput",
    fieldElementId: `285042f7-d554-dc7f-102c-aa10d6a2d2c${index}`,
  }));

  it("gives its fields by their names, with their places", () => {
    expect(map(submission(documented, schema))).toMatchObject({
      candidates: {
        firstName: [{ path: "payload.data.First Name", value: "Zaphod" }],
        lastName: [{ path: "payload.data.Last Name", value: "Beeblebrox" }],
        email: [{ path: "payload.data.email", value: "zaphod@example.com" }],
        phone: [{ path: "payload.data.Phone Number", value: 15_550_000_000 }],
      },
    });
  });

  it("keeps every digit of a phone that came as a number; it is E.164 only where the region says so", () => {
    const long = '{"triggerType":"form_submission","payload":{"data":{"Phone":155500000001234567}}}';
    expect(found(map(long))).toEqual({ phone: ["155500000001234567"] });
    const [phone] = found(map(submission(documented)))["phone"] ?? [];
    expect(normalizePhone(phone, undefined)).toMatchObject({ ok: false });
    expect(normalizePhone(phone, "US")).toEqual({ ok: true, value: "+15550000000" });
  });

  it("is read by the types of its fields, where they say what is in them", () => {
    const fields = {
      Reach: "a@example.com",
      Ring: "+12025550143",
      "Phone note": "after six",
      Email: "b@example.com",
    };
    const typed = [
      { fieldName: "Reach", fieldType: "Email" },
      { fieldName: "Ring", fieldType: "Phone" },
      { fieldName: "Phone note", fieldType: "FormTextarea" },
    ];
    expect(found(map(submission(fields, typed)))).toEqual({
      email: ["b@example.com", "a@example.com"],
      phone: ["+12025550143"],
    });
    expect(found(map(submission(fields)))).toEqual({ email: ["b@example.com"] });
  });

  it("is read with a schema that is none", () => {
    for (const wrong of [null, "x", {}, [null, 5, [], { fieldName: 1 }, { fieldType: "toString" }]]) {
      expect(found(map(submission({ Email: "a@example.com" }, wrong)))).toEqual({ email: ["a@example.com"] });
    }
  });

  it("is read under the numbers that the Designer gives its fields", () => {
    const fields = { "Email 2": "second@example.com", "Name 3": "Ada Lovelace", Phone2: "+1", "Line 2": "x" };
    expect(found(map(submission(fields)))).toEqual({
      email: ["second@example.com"],
      fullName: ["Ada Lovelace"],
    });
  });

  it("offers answers by element, name and unnumbered name to expressions; a name as it is comes first", () => {
    const fields = { "Email 2": "second@example.com", Email: "first@example.com", "Size 2": "XL" };
    const mapping = map(submission(fields, [{ fieldName: "Email", fieldElementId: "285042f7" }]));
    expect(mapping.root).toMatchObject({
      triggerType: "form_submission",
      answers: {
        "285042f7": "first@example.com",
        Email: "first@example.com",
        "Email 2": "second@example.com",
        Size: "XL",
        "Size 2": "XL",
      },
    });
  });

  it("of API version 1 is read too: its form's name is nobody's", () => {
    const fixture = readFileSync(new URL("fixtures/form-submission-v1.json", import.meta.url), "utf8");
    const parsed = webflow.parse({
      method: "POST",
      headers: {},
      query: {},
      target: "/",
      body: Buffer.from(fixture),
      receivedAt: 0,
    });
    if (parsed.kind !== "events") throw new Error(parsed.kind);
    expect(parsed.events).toEqual([
      {
        id: "6321ca84df3949bfc6752327",
        type: "form_submission",
        occurredAt: Date.UTC(2022, 8, 14, 12, 35, 16, 117),
        attributes: {},
        payload: fixture,
      },
    ]);
    const mapping = map(fixture);
    expect(found(mapping)).toEqual({});
    expect(mapping.root).toMatchObject({ name: "Sample Form", answers: { field_one: "mock valued" } });
    const given = { name: "Sample Form", site: "6274", _id: "6321", d: "", data: { email: "a@example.com" } };
    expect(map(given)).toMatchObject({
      candidates: { email: [{ path: "data.email", value: "a@example.com" }] },
    });
  });

  it("of as many fields as JSON may have is read", () => {
    const fields = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`Email ${index}`, "a@b.co"]),
    );
    expect(found(map(submission(fields)))["email"]).toHaveLength(10_000);
  });
});

describe("an order", () => {
  const order = {
    orderId: "dfa-3f1",
    customerInfo: { fullName: "Customerio Namen", email: "customer@example.com" },
    billingAddress: { addressee: "Customerio Namen", country: "US" },
    shippingAddress: { addressee: "Gifted Person", country: "CA" },
    stripeCard: { ownerName: "Card Holder" },
    customData: [
      { textInput: "(415) 123-4567", name: "Telephone" },
      { textArea: "Happy birthday Mom!", name: "Gift note" },
      { checkbox: true, name: "Send as gift" },
      { textInput: "Mom", name: "Name" },
    ],
  };

  it.each(["ecomm_new_order", "ecomm_order_changed"])(
    "%s gives the customer, then the checkout's own fields",
    (type) => {
      const mapping = map({ triggerType: type, payload: order }, type);
      expect(found(mapping)).toEqual({
        email: ["customer@example.com"],
        fullName: ["Customerio Namen", "Mom"],
        phone: ["(415) 123-4567"],
        countryCode: ["US", "CA"],
      });
      expect(mapping.root).toMatchObject({
        answers: { "Send as gift": true, "Gift note": "Happy birthday Mom!" },
      });
    },
  );

  it("with custom data that is none gives the customer", () => {
    for (const customData of [null, {}, "x", [null, 5, [], { name: "Email" }, { textInput: "x" }]]) {
      const mapping = map({ payload: { customerInfo: order.customerInfo, customData } }, "ecomm_new_order");
      expect(found(mapping)).toEqual({ email: ["customer@example.com"], fullName: ["Customerio Namen"] });
    }
  });
});

it("an account gives what its owner entered", () => {
  const payload = {
    id: "6287ec36a841b25637c663df",
    isEmailVerified: true,
    data: { "accept-privacy": false, email: "Some.One@example.com", name: "Some One" },
  };
  for (const type of ["user_account_added", "user_account_updated"]) {
    expect(found(map({ triggerType: type, payload }, type))).toEqual({
      email: ["Some.One@example.com"],
      fullName: ["Some One"],
    });
  }
});

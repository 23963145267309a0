import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ProviderMapping } from "../provider.ts";
import { hubspot } from "./index.ts";

/** Contacts, companies and deals as HubSpot's workflows sent them; see fixtures/SOURCES.md. */
function fixture(name: string): string {
  const text = readFileSync(new URL(`fixtures/workflow-${name}.json`, import.meta.url), "utf8");
  const { body }: { body: unknown } = JSON.parse(text);
  return JSON.stringify(body);
}

function map(type: string, payload: unknown): ProviderMapping {
  return hubspot.map({
    type,
    attributes: {},
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  });
}

/** Each field's values in their order. */
function values(payload: unknown): Record<string, unknown> {
  const mapping = map("workflow", payload);
  if (mapping.kind !== "contact") return { ...mapping };
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, found]) =>
      found.length > 0 ? [[field, found.map(({ value }) => value)]] : [],
    ),
  );
}

describe("an app's event", () => {
  it.each([
    ["contact.creation", {}],
    ["contact.deletion", {}],
    ["contact.propertyChange", { propertyName: "email", propertyValue: "a@example.com" }],
    ["contact.propertyChange", { propertyName: "phone", propertyValue: "+12025550143" }],
    ["object.propertyChange", { objectTypeId: "0-1", propertyName: "firstname", propertyValue: "Ada" }],
    ["company.creation", {}],
    ["conversation.newMessage", { messageId: "1" }],
  ])("names its record by HubSpot's id alone: %s %j", (type, more) => {
    expect(map(type, { objectId: 123, subscriptionType: type, ...more })).toMatchObject({
      kind: "nothing",
      reason: "thin-event",
      root: { objectId: 123 },
    });
  });

  it("that deletes a person's data erases nobody by itself, and says so", () => {
    expect(map("contact.privacyDeletion", { objectId: 123 })).toMatchObject({
      kind: "nothing",
      reason: "privacy-deletion-names-no-contact",
    });
  });
});

describe("a workflow's record", () => {
  it.each(["company", "deal"])("of a %s is nobody, although it has a phone or a name", (name) => {
    expect(map("workflow", fixture(name))).toMatchObject({ kind: "nothing", reason: "not-a-contact" });
  });

  it.each([
    [{ objectTypeId: "0-2" }],
    [{ objectTypeId: "2-1234567" }],
    [{ objectType: "COMPANY" }],
    [{ objectTypeId: "0-1", objectType: "COMPANY" }],
  ])("with %j is nobody", (kind) => {
    expect(map("workflow", { ...kind, properties: { email: "a@example.com" } })).toMatchObject({
      reason: "not-a-contact",
    });
  });

  it("that is deleted says nothing of a contact", () => {
    expect(map("workflow", { objectTypeId: "0-1", isDeleted: true, properties: {} })).toMatchObject({
      reason: "contact-deleted",
    });
  });

  it("of a contact is that contact, not its company and not its owner", () => {
    expect(values(fixture("contact"))).toEqual({
      firstName: ["Kovat"],
      lastName: ["Tif"],
      email: ["kovatif642@cyclesat.com"],
    });
  });

  it("gives every field in the older form, each with its path", () => {
    const properties = {
      firstname: { value: "Ada" },
      lastname: { value: "Lovelace" },
      email: { value: "ada@example.com" },
      mobilephone: { value: "+44 20 7946 0123" },
      phone: { value: "020 7946 0999" },
      hs_calculated_phone_number: { value: "+442079460999" },
      hs_calculated_mobile_number: { value: "+442079460123" },
      hs_language: { value: "en-gb" },
      country: { value: "United Kingdom" },
      hs_country_region_code: { value: "GB" },
    };
    expect(map("workflow", { vid: 1, properties })).toMatchObject({
      kind: "contact",
      root: { vid: 1, properties },
      candidates: {
        firstName: [{ path: "properties.firstname.value", value: "Ada" }],
        lastName: [{ path: "properties.lastname.value", value: "Lovelace" }],
        email: [{ path: "properties.email.value", value: "ada@example.com" }],
        phone: [
          { path: "properties.phone.value", value: "020 7946 0999" },
          { path: "properties.hs_calculated_phone_number.value", value: "+442079460999" },
          { path: "properties.mobilephone.value", value: "+44 20 7946 0123" },
          { path: "properties.hs_calculated_mobile_number.value", value: "+442079460123" },
        ],
        language: [{ path: "properties.hs_language.value", value: "en-gb" }],
        countryCode: [
          { path: "properties.hs_country_region_code.value", value: "GB" },
          { path: "properties.country.value", value: "United Kingdom" },
        ],
      },
    });
  });

  it("gives the same in the newer form, and in a body made by the workflow's author", () => {
    const properties = { email: "ada@example.com", firstname: "Ada", phone: "+442079460999" };
    const expected = { email: ["ada@example.com"], firstName: ["Ada"], phone: ["+442079460999"] };
    expect(values({ objectId: 1, objectTypeId: "0-1", objectType: "CONTACT", properties })).toEqual(expected);
    expect(values(properties)).toEqual(expected);
  });

  it("never takes another's value from beside its properties", () => {
    expect(values({ email: "owner@example.com", properties: { email: { value: "" } } })).toEqual({});
  });

  it.each([[""], ["  "], [null], [{}], [{ value: "" }], [{ value: null }], [{ value: {} }], [["a"]], [true]])(
    "an e-mail of %j is none",
    (email) => {
      expect(values({ vid: 1, properties: { email } })).toEqual({});
    },
  );

  it("keeps large ids exact in the mapping's root", () => {
    expect(map("workflow", '{"objectId":9007199254740993,"properties":{}}')).toMatchObject({
      root: { objectId: "9007199254740993" },
    });
  });
});

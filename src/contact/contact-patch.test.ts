import { describe, expect, it } from "vitest";
import { contactBody, customField, patchEntries, type ContactPatch } from "./contact-patch.ts";

describe("a patch's fields", () => {
  it("come core fields first, in the page's order, then custom fields in the patch's", () => {
    const patch: ContactPatch = {
      [customField("B")]: 1,
      email: "a@b.co",
      [customField("A")]: 2,
      firstName: "Ada",
    };
    expect(patchEntries(patch).map(([field]) => field)).toEqual([
      "firstName",
      "email",
      "custom_fields.B",
      "custom_fields.A",
    ]);
  });

  it("are only those the API knows and the patch itself has", () => {
    const patch: ContactPatch = JSON.parse('{"__proto__":"x","nickname":"x","firstName":"Ada"}');
    const inheriting: ContactPatch = Object.assign(Object.create({ lastName: "x" }), { email: "a@b.co" });
    expect(patchEntries(patch)).toEqual([["firstName", "Ada"]]);
    expect(patchEntries(inheriting)).toEqual([["email", "a@b.co"]]);
  });
});

describe("the request's body", () => {
  it("has no custom_fields when the patch has none", () => {
    expect(contactBody({ firstName: "Ada" })).toStrictEqual({ firstName: "Ada" });
  });

  it("says null for what is to be cleared and nothing for what is to be left alone", () => {
    const body = contactBody({ email: null, [customField("Plan")]: null });
    expect(JSON.stringify(body)).toBe('{"email":null,"custom_fields":[{"name":"Plan","value":null}]}');
  });

  it("keeps each custom value's JSON type", () => {
    const body = contactBody({
      [customField("Total")]: 12.5,
      [customField("Consent")]: false,
      [customField("Day")]: "2024-12-31",
    });
    expect(body).toEqual({
      custom_fields: [
        { name: "Total", value: 12.5 },
        { name: "Consent", value: false },
        { name: "Day", value: "2024-12-31" },
      ],
    });
  });

  it.each(["__proto__", "constructor", "toString", "email", "custom_fields.Plan", ""])(
    "carries a custom field named %j like any other",
    (name) => {
      const body = contactBody({ email: "a@b.co", [customField(name)]: "x" });
      expect(JSON.parse(JSON.stringify(body))).toStrictEqual({
        email: "a@b.co",
        custom_fields: [{ name, value: "x" }],
      });
    },
  );
});

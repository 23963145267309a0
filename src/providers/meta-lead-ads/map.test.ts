import { describe, expect, it } from "vitest";
import type { JsonValue } from "../provider.ts";
import { map } from "./map.ts";

function mapped(payload: unknown) {
  return map({ type: "leadgen", attributes: {}, payload: JSON.stringify(payload) });
}

function field(name: string, ...values: JsonValue[]) {
  return { name, values };
}

function completed(...fields: unknown[]) {
  return { leadgen_id: "1", form_id: "2", lead: { id: "1", platform: "ig", field_data: fields } };
}

function contact(...fields: unknown[]) {
  const mapping = mapped(completed(...fields));
  if (mapping.kind !== "contact") throw new Error(`not a contact: ${JSON.stringify(mapping)}`);
  return mapping;
}

/** The values found for each field, best first. */
function found(...fields: unknown[]) {
  return Object.fromEntries(
    Object.entries(contact(...fields).candidates).map(([name, candidates]) => [
      name,
      candidates.map(({ value }) => value),
    ]),
  );
}

describe("what is nobody's contact data", () => {
  it("a notification alone only names its lead", () => {
    const notification = { leadgen_id: "1", form_id: "2" };
    expect(mapped(notification)).toEqual({
      kind: "nothing",
      reason: "lead-without-its-fields",
      root: notification,
    });
    for (const lead of [null, "x", [], {}, { field_data: null }, { field_data: {} }]) {
      expect(mapped({ ...notification, lead })).toMatchObject({ reason: "lead-without-its-fields" });
    }
  });

  it("a payload that is no object is nothing", () => {
    for (const payload of [null, 1, "x", []]) {
      expect(mapped(payload)).toMatchObject({ kind: "nothing", reason: "unreadable-payload" });
    }
    expect(map({ type: "leadgen", attributes: {}, payload: "{" })).toMatchObject({ kind: "nothing" });
  });

  it.each([
    ["<test lead: dummy data for full_name>", "test@meta.com"],
    ["<Test Lead: dummy data for full_name", "test@meta.com"],
    ["A Name", " <test lead: dummy data for email>"],
  ])("what the Lead Ads Testing Tool fills in is nobody: %s, %s", (name, email) => {
    const lead = completed(field("full_name", name), field("email", email));
    expect(mapped(lead)).toMatchObject({ kind: "nothing", reason: "test-lead" });
  });

  it("a dummy among several values is a test lead too", () => {
    const lead = completed(field("colours", "red", "<test lead: dummy data for colours>"));
    expect(mapped(lead)).toMatchObject({ kind: "nothing", reason: "test-lead" });
  });

  it("the Test button of the dashboard notifies of a lead that does not exist", () => {
    expect(mapped({ leadgen_id: "444444444444", page_id: "444444444444" })).toMatchObject({
      kind: "nothing",
      reason: "test-lead",
    });
    expect(mapped({ leadgen_id: "4444444444440" })).toMatchObject({ reason: "lead-without-its-fields" });
  });

  it("somebody called Test is somebody", () => {
    expect(found(field("full_name", "Test Lead"), field("email", "test@example.com"))).toEqual({
      fullName: ["Test Lead"],
      email: ["test@example.com"],
    });
  });

  it("fields of the wrong kind and empty values are no candidates, and shift no path", () => {
    const { candidates, answers } = contact(
      null,
      "email",
      { values: ["a@b.co"] },
      { name: "", values: ["a@b.co"] },
      { name: "phone_number" },
      field("email"),
      field("full_name", " "),
      field("first_name", null),
      field("country", { code: "MY" }),
      field("last_name", "Ng"),
    );
    expect(candidates).toEqual({ lastName: [{ path: "lead.field_data.9.values.0", value: "Ng" }] });
    expect(answers?.map(({ key }) => key)).toEqual([
      "phone_number",
      "email",
      "full_name",
      "first_name",
      "country",
      "last_name",
    ]);
  });
});

describe("answers", () => {
  it("Meta's own questions are what they are named", () => {
    expect(
      found(
        field("full_name", "Nurul Aziz"),
        field("first_name", "Nurul"),
        field("last_name", "Aziz"),
        field("email", "nurul@example.com"),
        field("phone_number", "+60123456789"),
        field("country", "MY"),
        field("company_name", "Example Ltd"),
        field("job_title", "Name giver"),
        field("city", "Ipoh"),
      ),
    ).toEqual({
      fullName: ["Nurul Aziz"],
      firstName: ["Nurul"],
      lastName: ["Aziz"],
      email: ["nurul@example.com"],
      phone: ["+60123456789"],
      countryCode: ["MY"],
    });
  });

  it("the private address and number come before those of work, in whatever order they stand", () => {
    expect(
      found(
        field("work_email", "ada@work.example.com"),
        field("work_phone_number", "+12025550111"),
        field("email", "ada@example.com"),
        field("phone_number", "+12025550143"),
      ),
    ).toEqual({
      email: ["ada@example.com", "ada@work.example.com"],
      phone: ["+12025550143", "+12025550111"],
    });
    expect(found(field("work_email", "ada@work.example.com"))).toEqual({ email: ["ada@work.example.com"] });
  });

  it("the author's questions and translated ones are read by their names, and no others", () => {
    expect(
      found(
        field("vollständiger_name", "Max Mustermann"),
        field("e-mail-adresse", "max@example.com"),
        field("what_is_your_whatsapp_number?", "+4930123456"),
        field("preferred_language", "German"),
        field("who_gave_you_our_email?", "eve@example.com"),
      ),
    ).toEqual({
      fullName: ["Max Mustermann"],
      email: ["max@example.com"],
      phone: ["+4930123456"],
      language: ["German"],
    });
  });

  it("a value may be a text or a list, and several choices stay a list", () => {
    const { root, candidates } = contact(
      { name: "email", values: "a@example.com" },
      field("plan", "Team"),
      field("interests", "shoes", "bags"),
      field("comment"),
    );
    expect(candidates).toEqual({ email: [{ path: "lead.field_data.0.values", value: "a@example.com" }] });
    expect(root).toMatchObject({
      form_id: "2",
      lead: { platform: "ig" },
      answers: { email: "a@example.com", plan: "Team", interests: ["shoes", "bags"], comment: [] },
    });
  });

  it("names that every object has are names like others", () => {
    const { root } = contact(field("__proto__", "x"), field("constructor", "y"), field("email", "a@b.co"));
    const { answers } = root as { answers: object };
    expect(Object.entries(answers)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["email", "a@b.co"],
    ]);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isObject } from "../body.ts";
import type { ProviderMapping } from "../provider.ts";
import { plainTitle } from "./definition.ts";
import { typeform } from "./index.ts";
import { expectQuick } from "../../../test/helpers/quick.ts";

type Contact = Extract<ProviderMapping, { kind: "contact" }>;

function map(payload: unknown): ProviderMapping {
  return typeform.map({ type: "form_response", attributes: {}, payload: JSON.stringify(payload) });
}

function contact(response: object): Contact {
  const mapping = map({ event_type: "form_response", form_response: response });
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return mapping;
}

/** The values found per field, best first. */
function valuesOf({ candidates }: Contact): Record<string, readonly unknown[]> {
  return Object.fromEntries(
    Object.entries(candidates).map(([field, list]) => [field, list.map(({ value }) => value)]),
  );
}

function answersOf({ root }: Contact): unknown {
  return isObject(root) ? root["answers"] : undefined;
}

function fixture(name: string): object {
  const text = readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8");
  const { body }: { body: { form_response: object } } = JSON.parse(text);
  return body.form_response;
}

/** A response to one question. */
function answered(title: string, type: string, value: unknown): Contact {
  return contact({
    definition: { fields: [{ id: "q1", ref: "first", title, type: "any" }] },
    answers: [{ type, [type]: value, field: { id: "q1", ref: "first", type: "any" } }],
  });
}

describe("nobody is found", () => {
  it.each([[null], [[]], ["text"], [{}], [{ form_response: null }], [{ form_response: [] }]])(
    "in %j",
    (payload) => {
      expect(map(payload)).toEqual({ kind: "nothing", reason: "no-response", root: payload });
    },
  );

  it.each([
    [{}],
    [{ answers: null, hidden: null, definition: null }],
    [{ answers: [null, 1, "a", [], {}, { type: "email" }, { type: 1 }, { type: "__proto__" }] }],
    [
      {
        answers: [
          { type: "choice", choice: null },
          { type: "choices", choices: { labels: 1 } },
        ],
      },
    ],
    [{ answers: [{ type: "toString" }, { type: "text", text: " ", field: { id: "x" } }] }],
    [{ definition: { fields: [null, { properties: { fields: [null, 1] } }] }, answers: [] }],
    [{ hidden: ["a@example.com"] }],
  ])("in the response %j", (response) => {
    expect(contact(response).candidates).toEqual({});
  });

  it("by consent, choices and files", () => {
    expect(valuesOf(contact(fixture("trigger-dev-event-registration")))).toEqual({});
  });

  it("by the name on a card", () => {
    const payment = { amount: "1", last4: "1234", name: "Card Holder", success: true };
    const mapping = answered("Name", "payment", payment);
    expect(mapping.candidates).toEqual({});
    expect(answersOf(mapping)).toMatchObject({ first: payment });
  });
});

describe("answers", () => {
  it("are found by their type, whatever is asked", () => {
    expect(valuesOf(answered("Where to?", "email", "a@example.com"))).toEqual({ email: ["a@example.com"] });
    expect(valuesOf(answered("Email", "phone_number", "+12025550143"))).toEqual({ phone: ["+12025550143"] });
  });

  it("are found by the title of their question, with the path to what was said", () => {
    expect(contact(fixture("trigger-dev-contact-form")).candidates).toEqual({
      fullName: [{ path: "form_response.answers.0.text", value: "Priya Nair" }],
      email: [{ path: "form_response.answers.1.email", value: "priya.nair@example.com" }],
    });
    expect(valuesOf(contact(fixture("trigger-dev-job-application")))).toEqual({
      fullName: ["Sam Okafor"],
      phone: ["+15551234567"],
    });
  });

  it("are found by reference where the id is unknown, and stand without a title", () => {
    const mapping = contact({
      definition: { fields: [{ id: "q1", ref: "who", title: "First name" }] },
      answers: [
        { type: "text", text: "Ada", field: { id: "q9", ref: "who" } },
        { type: "email", email: "a@example.com", field: { id: "q2" } },
        { type: "email", email: "b@example.com" },
      ],
    });
    expect(valuesOf(mapping)).toEqual({ firstName: ["Ada"], email: ["a@example.com", "b@example.com"] });
    expect(answersOf(mapping)).toEqual({ who: "Ada", q9: "Ada", "First name": "Ada", q2: "a@example.com" });
  });

  it.each([
    ["text", "Lian", "Lian"],
    ["email", "a@example.com", "a@example.com"],
    ["phone_number", "+12025550143", "+12025550143"],
    ["number", 0, 0],
    ["boolean", false, false],
    ["date", "2012-03-20", "2012-03-20"],
    ["url", "https://example.com", "https://example.com"],
    ["file_url", "https://api.typeform.com/forms/a/f", "https://api.typeform.com/forms/a/f"],
    ["choice", { id: "1", label: "London", ref: "r" }, "London"],
    ["choice", { other: "Oslo" }, "Oslo"],
    ["choice", { label: "Other", other: "Oslo" }, "Oslo"],
    ["choices", { ids: ["1", "2"], labels: ["London", "Paris"], refs: ["r", "s"] }, ["London", "Paris"]],
    ["choices", { labels: ["London"], other: "Oslo" }, ["London", "Oslo"]],
    ["choices", { other: "Oslo" }, ["Oslo"]],
    ["choices", { labels: [], other: "" }, []],
  ])("of type %s, such as %j, are reached by reference, id and title", (type, value, expected) => {
    expect(answersOf(answered("Which *one*?", type, value))).toEqual({
      first: expected,
      q1: expected,
      "Which one?": expected,
    });
  });

  it("of one choice can be a country, several cannot", () => {
    expect(valuesOf(answered("Country", "choice", { label: "Malaysia" }))).toEqual({
      countryCode: ["Malaysia"],
    });
    expect(valuesOf(answered("Country", "choices", { labels: ["Malaysia"] }))).toEqual({
      countryCode: ["Malaysia"],
    });
    expect(valuesOf(answered("Country", "choices", { labels: ["Malaysia", "Norway"] }))).toEqual({});
  });
});

describe("a group's parts", () => {
  const part = (subfield_key: string, title: string) => ({
    id: subfield_key,
    ref: `r-${subfield_key}`,
    title,
    subfield_key,
  });
  const text = (key: string, value: string) => ({
    type: "text",
    text: value,
    field: { id: key, type: "short_text" },
  });
  const parts = [part("first_name", "Name"), part("last_name", "Jina la mwisho"), part("company", "Name")];
  const answers = [text("first_name", "Ada"), text("last_name", "Lovelace"), text("company", "Example Ltd")];

  it("are what their key says, below the group or beside it", () => {
    const nested = [{ id: "g", type: "contact_info", title: "You", properties: { fields: parts } }];
    for (const fields of [nested, parts]) {
      expect(valuesOf(contact({ definition: { fields }, answers }))).toMatchObject({
        firstName: ["Ada"],
        lastName: ["Lovelace"],
      });
    }
  });

  it("of an address are found by their titles", () => {
    const fields = [
      { title: "Address", properties: { fields: [part("city", "City"), part("nation", "Country")] } },
    ];
    const mapping = contact({
      definition: { fields },
      answers: [text("city", "Oslo"), text("nation", "Norway")],
    });
    expect(valuesOf(mapping)).toEqual({ countryCode: ["Norway"] });
  });
});

describe("hidden fields", () => {
  it("come after the answers, and are reached as hidden", () => {
    const mapping = contact({
      hidden: { email: "linked@example.com", phone: "+12025550143", first_name: "Ada", utm_source: "mail" },
      answers: [{ type: "email", email: "typed@example.com", field: { id: "q1" } }],
    });
    expect(mapping.candidates).toEqual({
      email: [
        { path: "form_response.answers.0.email", value: "typed@example.com" },
        { path: "form_response.hidden.email", value: "linked@example.com" },
      ],
      phone: [{ path: "form_response.hidden.phone", value: "+12025550143" }],
      firstName: [{ path: "form_response.hidden.first_name", value: "Ada" }],
    });
    expect(mapping.root).toMatchObject({ hidden: { utm_source: "mail" } });
    expect(answersOf(mapping)).toEqual({ q1: "typed@example.com" });
  });

  it("that nobody filled are none", () => {
    expect(contact({ hidden: { name: "xxxxx", email: "", phone: null } }).candidates).toEqual({});
  });
});

it("the root is the whole payload with every digit", () => {
  const payload =
    '{"event_type":"form_response","form_response":{"calculated":{"score":706405506930370084}}}';
  expect(typeform.map({ type: "form_response", attributes: {}, payload })).toMatchObject({
    root: { event_type: "form_response", form_response: { calculated: { score: "706405506930370084" } } },
  });
});

describe("a title", () => {
  it.each([
    ["What's your *first name*?", "What's your first name?"],
    ["_Email_ *", "Email *"],
    ["*_Both_* and _*both*_", "Both and both"],
    ["snake_case_name and 2 * 3", "snake_case_name and 2 * 3"],
    ["{{field:01G-a_b}}, what is your   email?", ", what is your email?"],
    ["Thanks, {{hidden:name}}!\nYour phone", "Thanks, ! Your phone"],
    ["{{ {{ not closed", "{{ {{ not closed"],
  ])("%j reads %j", (title, plain) => {
    expect(plainTitle(title)).toBe(plain);
  });

  it("is known behind what it recalls", () => {
    expect(valuesOf(answered("{{field:01G}}, what's your *first name*?", "text", "Ada"))).toEqual({
      firstName: ["Ada"],
    });
  });

  it.each(["*", "_", "{", "{{", " _a", "*a ", "{{a", "a"])("of a megabyte of %j is read at once", (text) => {
    const title = text.repeat(Math.ceil(1_000_000 / text.length));
    expectQuick(() => plainTitle(title));
  });
});

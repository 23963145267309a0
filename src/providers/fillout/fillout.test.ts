import { describe, expect, it } from "vitest";
import { isObject } from "../body.ts";
import type { InboundRequest, Parsed, ProviderEvent, ProviderMapping } from "../provider.ts";
import { fillout } from "./index.ts";

type Contact = Extract<ProviderMapping, { kind: "contact" }>;

function request(text: string | Buffer, given: Partial<InboundRequest> = {}): InboundRequest {
  const body = Buffer.from(text);
  return { method: "POST", headers: {}, query: {}, target: "/", body, receivedAt: 0, ...given };
}

function parse(body: unknown, headers: Record<string, string> = {}): Parsed {
  return fillout.parse(request(JSON.stringify(body), { headers }));
}

function eventOf(body: unknown): ProviderEvent {
  const parsed = parse(body);
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function contact(body: unknown): Contact {
  const mapping = fillout.map({ type: "form_submission", attributes: {}, payload: JSON.stringify(body) });
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return mapping;
}

/** The values found per field, best first. */
function valuesOf({ candidates }: Contact): Record<string, readonly unknown[]> {
  return Object.fromEntries(
    Object.entries(candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

function answersOf({ root }: Contact): unknown {
  return isObject(root) ? root["answers"] : undefined;
}

function asked(type: string, name: string, value: unknown): Contact {
  return contact({ submission: { questions: [{ id: "q1", name, type, value }] } });
}

describe("the key", () => {
  it("is refused when it is wrong, elsewhere or not there; accepted in the address and in headers", () => {
    const credentials = { secrets: [], keys: ["k1", "k2"] };
    const proven = (given: Partial<InboundRequest>) =>
      fillout.verify(request("{}", given), credentials, 0).ok;
    expect(proven({})).toBe(false);
    expect(proven({ query: { key: "k3" } })).toBe(false);
    expect(proven({ query: { token: "k1" } })).toBe(false);
    expect(proven({ headers: { authorization: "k1" } })).toBe(false);
    expect(proven({ query: { key: "k1" } })).toBe(true);
    expect(proven({ headers: { authorization: "Bearer k2" } })).toBe(true);
    expect(proven({ headers: { "x-webhook-key": "k1" } })).toBe(true);
  });
});

describe("the body", () => {
  it("is refused as a form, as a list and as no JSON", () => {
    expect(parse({ a: 1 }, { "content-type": "application/x-www-form-urlencoded" }).kind).toBe("unsupported");
    expect(parse([{ submissionId: "1", questions: [] }]).kind).toBe("malformed");
    expect(fillout.parse(request("email=a@example.com")).kind).toBe("malformed");
    expect(fillout.parse(request(Buffer.from([0x22, 0xff, 0x22]))).kind).toBe("malformed");
  });

  it("that is empty is ignored", () => {
    expect(parse({})).toEqual({ kind: "ignored", reason: "empty-body" });
  });

  it("is kept as it was written, and names its form", () => {
    const text =
      '{ "formId":"vs1", "formName":"Contact", "submission":{"questions":[], "n":706405506930370084} }';
    expect(fillout.parse(request(text))).toEqual({
      kind: "events",
      events: [
        {
          id: undefined,
          type: "form_submission",
          occurredAt: undefined,
          attributes: { formId: "vs1", formName: "Contact" },
          payload: text,
        },
      ],
    });
  });
});

describe("a submission", () => {
  const question = { id: "q1", name: "Email", type: "EmailInput", value: "a@example.com" };
  const first = { submissionId: "s1", submissionTime: "2024-05-16T23:20:05.324Z", questions: [question] };
  const edited = { ...first, lastUpdatedAt: "2024-05-17T08:00:00.000Z" };

  it("sent again is the same, within its wrapping or bare; edited it is another one", () => {
    expect(eventOf({ formName: "Renamed", submission: first }).id).toBe(eventOf(first).id);
    expect(eventOf({ submission: edited }).id).toBe(eventOf(edited).id);
    expect(eventOf(edited).id).not.toBe(eventOf(first).id);
    expect(eventOf({ ...edited, lastUpdatedAt: "2024-05-17T08:00:01.000Z" }).id).not.toBe(eventOf(edited).id);
  });

  it.each([
    ["another answer", { questions: [{ ...question, value: "b@example.com" }] }],
    ["another payer", { payments: [{ value: { email: "b@example.com" } }] }],
    ["another booking", { scheduling: [{ value: { phone: "+12025550143" } }] }],
    ["another id", { submissionId: "s2" }],
  ])("with %s is another one, even where nothing says when it was edited", (_name, change) => {
    expect(eventOf({ submission: { ...first, ...change } }).id).not.toBe(eventOf({ submission: first }).id);
  });

  it("without an id goes by its body, as does one in words of the author's own", () => {
    expect(eventOf({ submission: { questions: [] } }).id).toBeUndefined();
    expect(eventOf({ submission: { ...first, submissionId: 7 } }).id).toBeUndefined();
    expect(eventOf({ submissionId: "s1", email: "a@example.com" }).id).toBeUndefined();
  });

  it("is as old as its last change", () => {
    expect(eventOf({ submission: first }).occurredAt).toBe(Date.parse("2024-05-16T23:20:05.324Z"));
    expect(eventOf(edited).occurredAt).toBe(Date.parse("2024-05-17T08:00:00.000Z"));
    expect(eventOf({ submissionTime: first.submissionTime, email: "a" }).occurredAt).toBe(
      Date.parse(first.submissionTime),
    );
    expect(eventOf({ ...first, submissionTime: "16 May" }).occurredAt).toBeUndefined();
  });
});

describe("nobody is found", () => {
  it.each([[null], [[]], ["text"], [1]])("in %j", (payload) => {
    const event = { type: "form_submission", attributes: {}, payload: JSON.stringify(payload) };
    expect(fillout.map(event)).toEqual({ kind: "nothing", reason: "no-submission", root: payload });
  });

  it.each([
    [{ questions: [null, 1, "Email", [], {}, { type: "EmailInput" }, { type: "toString", value: "x" }] }],
    [
      {
        questions: [
          { type: "EmailInput", value: null },
          { type: "PhoneNumber", value: " " },
        ],
      },
    ],
    [{ questions: [], urlParameters: [null, 1, {}, { name: "email", value: null }] }],
    [{ questions: [], scheduling: [null, { value: null }, { value: { email: "", phone: null } }] }],
    [{ questions: [], payments: "none", login: null }],
  ])("in the submission %j", (submission) => {
    expect(valuesOf(contact({ submission }))).toEqual({});
    expect(valuesOf(contact(submission))).toEqual({});
  });

  it("by the rows of a matrix, the rows of a table, or whoever is to be met", () => {
    expect(valuesOf(asked("Matrix", "How was it?", { Email: "good", Phone: "bad" }))).toEqual({});
    expect(valuesOf(asked("Subform", "Guests", [{ email: "guest@example.com" }]))).toEqual({});
    const scheduling = [{ value: { scheduledUserEmail: "host@example.com" } }];
    expect(valuesOf(contact({ questions: [], scheduling }))).toEqual({});
  });
});

describe("answers", () => {
  it.each([
    ["EmailInput", "Where to?", "a@example.com", { email: ["a@example.com"] }],
    ["PhoneNumber", "Call me at", "+12025550143", { phone: ["+12025550143"] }],
    ["ShortAnswer", "What's your name?", "Johnny", { fullName: ["Johnny"] }],
    ["NumberInput", "Phone", 12025550143, { phone: [12025550143] }],
    ["Dropdown", "Country", "Malaysia", { countryCode: ["Malaysia"] }],
    ["MultipleChoice", "Language", "English", { language: ["English"] }],
    ["MultiSelect", "Language", ["English"], { language: ["English"] }],
    ["Checkboxes", "Language", ["English", "Malay"], {}],
    ["Switch", "Email", true, {}],
    ["SomethingNew", "Email", "a@example.com", { email: ["a@example.com"] }],
  ])("to %s are found by type, else by name: %s", (type, name, value, found) => {
    expect(valuesOf(asked(type, name, value))).toEqual(found);
  });

  it("say where they stand, and are reached by id and by name", () => {
    const questions = [{ id: "kc6S6Th", name: "E-mail", type: "EmailInput", value: "a@example.com" }];
    const bare = contact({ questions });
    expect(bare.candidates.email).toEqual([{ path: "questions.0.value", value: "a@example.com" }]);
    const wrapped = contact({ formId: "vs1", submission: { questions } });
    expect(wrapped.candidates.email).toEqual([
      { path: "submission.questions.0.value", value: "a@example.com" },
    ]);
    expect(wrapped.root).toEqual({
      formId: "vs1",
      submission: { questions },
      answers: { kc6S6Th: "a@example.com", "E-mail": "a@example.com" },
    });
  });

  it("of an address and of contact details are found by their parts, which take no question's name", () => {
    const address = {
      address: "1 Example Street",
      city: "Oslo",
      state: "",
      zipCode: "0150",
      country: "Norway",
    };
    const mapping = contact({
      questions: [
        { id: "q1", name: "Your address", type: "Address", value: address },
        { id: "q2", name: "You", type: "ContactInfo", value: { firstName: "Ada", email: "a@example.com" } },
        { id: "q3", name: "city", type: "ShortAnswer", value: "Bergen" },
      ],
    });
    expect(mapping.candidates).toMatchObject({
      countryCode: [{ path: "questions.0.value.country", value: "Norway" }],
      firstName: [{ path: "questions.1.value.firstName", value: "Ada" }],
      email: [{ path: "questions.1.value.email", value: "a@example.com" }],
    });
    expect(answersOf(mapping)).toMatchObject({ "Your address": address, zipCode: "0150", city: "Bergen" });
  });
});

it("who logged in or booked comes after the answers, then the link to the form; a payer is none of them", () => {
  const mapping = contact({
    submission: {
      questions: [{ id: "q1", name: "Email", type: "EmailInput", value: "typed@example.com" }],
      login: { email: "login@example.com" },
      scheduling: [{ value: { fullName: "Bo Ek", email: "booked@example.com", phone: "+12025550143" } }],
      payments: [{ value: null }, { value: { email: "paid@example.com" } }],
      urlParameters: [
        { id: "u1", name: "utm_source", value: "mail" },
        { id: "u2", name: "email", value: "linked@example.com" },
        { id: "u3", name: "first_name", value: "Bo" },
      ],
    },
  });
  expect(mapping.candidates).toEqual({
    email: [
      { path: "submission.questions.0.value", value: "typed@example.com" },
      { path: "submission.login.email", value: "login@example.com" },
      { path: "submission.scheduling.0.value.email", value: "booked@example.com" },
      { path: "submission.urlParameters.1.value", value: "linked@example.com" },
    ],
    phone: [{ path: "submission.scheduling.0.value.phone", value: "+12025550143" }],
    fullName: [{ path: "submission.scheduling.0.value.fullName", value: "Bo Ek" }],
    firstName: [{ path: "submission.urlParameters.2.value", value: "Bo" }],
  });
});

describe("who pays", () => {
  const payments = [{ value: null }, { value: { email: "paid@example.com" } }];
  const named = [
    { questions: [{ name: "Phone", type: "PhoneNumber", value: "+12025550143" }] },
    { questions: [{ name: "Email", type: "EmailInput", value: "typed@example.com" }] },
    { questions: [], login: { email: "login@example.com" } },
    { questions: [], scheduling: [{ value: { phone: "+12025550143" } }] },
    { questions: [], urlParameters: [{ name: "email", value: "linked@example.com" }] },
  ];

  it.each(named)("is nobody's e-mail where something else says who answered: %j", (submission) => {
    expect(valuesOf(contact({ submission: { ...submission, payments } }))).toEqual(
      valuesOf(contact({ submission })),
    );
  });

  it("is who answered where nothing else says it", () => {
    const questions = [{ name: "Name", type: "ShortAnswer", value: "Bo Ek" }];
    const { candidates } = contact({ submission: { questions, payments } });
    expect(candidates.email).toEqual([
      { path: "submission.payments.1.value.email", value: "paid@example.com" },
    ]);
    expect(candidates.fullName).toMatchObject([{ value: "Bo Ek" }]);
  });
});

it("a body of the author's own is found by its names, without Fillout's", () => {
  const body = {
    formName: "Contact",
    submissionId: "s1",
    Vorname: "Ada",
    Name: "Lovelace",
    "e-mail": "a@example.com",
  };
  const mapping = contact(body);
  expect(mapping.candidates).toEqual({
    firstName: [{ path: "Vorname", value: "Ada" }],
    lastName: [{ path: "Name", value: "Lovelace" }],
    email: [{ path: "e-mail", value: "a@example.com" }],
  });
  expect(mapping.root).toMatchObject({ ...body, answers: { Vorname: "Ada" } });
  expect(mapping.answers?.map(({ key }) => key)).toEqual(["Vorname", "Name", "e-mail"]);
});

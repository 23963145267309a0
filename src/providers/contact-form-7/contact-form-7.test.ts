import { describe, expect, test } from "vitest";
import type { InboundRequest, JsonValue } from "../provider.ts";
import { contactForm7 } from "./index.ts";

const json = "application/json; charset=UTF-8";

function request(body: string, type = json): InboundRequest {
  return {
    method: "POST",
    headers: { "content-type": type },
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
}

function mapped(fields: JsonValue) {
  const payload = JSON.stringify(fields);
  const mapping = contactForm7.map({ type: "form_submission", attributes: {}, payload });
  if (mapping.kind !== "contact") throw new Error(`not a contact: ${mapping.kind}`);
  return mapping;
}

/** The values found for each field, best first. */
function found(fields: JsonValue) {
  const entries = Object.entries(mapped(fields).candidates);
  return Object.fromEntries(entries.map(([field, list]) => [field, list.map(({ value }) => value)]));
}

describe("the key", () => {
  test("is taken from a custom header and from the address", () => {
    const credentials = { secrets: [], keys: ["sEcret-key"] };
    const verdict = (headers: Record<string, string>, query: Record<string, string> = {}) =>
      contactForm7.verify({ ...request("{}"), headers, query }, credentials, 0).ok;
    expect([verdict({}), verdict({ authorization: "Bearer sEcret-kez" })]).toEqual([false, false]);
    expect(verdict({ authorization: "Bearer sEcret-key" })).toBe(true);
    expect(verdict({ "x-webhook-key": "sEcret-key" })).toBe(true);
    expect(verdict({}, { key: "sEcret-key" })).toBe(true);
  });
});

describe("reading", () => {
  test("a custom body that is not JSON comes as text, and the answer says what to mend", () => {
    const parsed = contactForm7.parse(request('{"name": [your-name]}', "text/plain; charset=UTF-8"));
    expect(parsed).toMatchObject({ kind: "unsupported", message: expect.stringContaining("not valid JSON") });
    expect(contactForm7.parse(request("a=1", "multipart/form-data; boundary=x")).kind).toBe("unsupported");
  });

  test("JSON that is not one object is malformed, an empty object is ignored", () => {
    for (const body of ["[]", "1", "null", "{", ""])
      expect(contactForm7.parse(request(body)).kind, body).toBe("malformed");
    expect(contactForm7.parse(request("{}"))).toEqual({ kind: "ignored", reason: "empty-form" });
  });

  test("a submission keeps its text, and has no id and no time of its own", () => {
    const body = '{ "your-email": "a@b.c", "_date": "March 14, 2026", "number-1": 706405506930370084 }';
    expect(contactForm7.parse(request(body))).toEqual({
      kind: "events",
      events: [
        { id: undefined, type: "form_submission", occurredAt: undefined, attributes: {}, payload: body },
      ],
    });
  });

  test("a custom body may be that of a form", () => {
    const parsed = contactForm7.parse(
      request("your-email=a%40b.c&interests[]=x&interests[]=y", "application/x-www-form-urlencoded"),
    );
    if (parsed.kind !== "events") throw new Error(parsed.kind);
    const payload: unknown = JSON.parse(parsed.events[0]?.payload ?? "");
    expect(payload).toEqual({ "your-email": "a@b.c", interests: ["x", "y"] });
  });
});

describe("mapping", () => {
  test("names that merely contain a type, and values that merely look like one, are not taken", () => {
    expect(
      found({
        "email-consent": "yes",
        "email-4567": "a@b.c",
        "my-email-456": "a@b.c",
        "tel-kind": "+6591234567",
        "text-123": "a@b.c",
        "url-12": "https://example.com",
        "your-message": "write to a@b.c",
        "friends-email": "friend@example.com",
      }),
    ).toEqual({});
  });

  test("special mail tags are no answers: they are the site's, not the visitor's", () => {
    const fields = { _email: "site@example.com", _name: "Site", _date: "x", "your-email": "me@example.com" };
    expect(found(fields)).toEqual({ email: ["me@example.com"] });
    expect(mapped(fields).root).toMatchObject({ _date: "x" });
  });

  test("a tag that the form does not have is no value", () => {
    expect(
      found({ "your-name": "[full-name]", phone: "[_raw_phone]", email: "[a]@b.c", "last-name": "[x] Tan" }),
    ).toEqual({ email: ["[a]@b.c"], lastName: ["[x] Tan"] });
    expect(mapped({ "your-name": "[full-name]" }).root).toMatchObject({ "your-name": "[full-name]" });
  });

  test("the tags of a new form are known, and the names it generates carry their type", () => {
    expect(
      found({ "your-name": "Ben Tan", "your-email": "a@b.c", "email-456": "d@e.f", "tel-7": "+6591234567" }),
    ).toEqual({ fullName: ["Ben Tan"], email: ["a@b.c", "d@e.f"], phone: ["+6591234567"] });
  });

  test.each([
    ["first-name", "firstName"],
    ["your-first-name", "firstName"],
    ["last_name", "lastName"],
    ["your-tel", "phone"],
    ["your-phone", "phone"],
    ["whatsapp", "phone"],
    ["your-country", "countryCode"],
    ["your-language", "language"],
  ])("a tag named %s is the %s", (name, field) => {
    expect(found({ [name]: "x" })).toEqual({ [field]: ["x"] });
  });

  test("blank values and files are no candidates, of choices only a single one is", () => {
    expect(
      found({
        "your-name": "",
        "your-email": { filename: "email.txt", content: "YUBiLmM=" },
        "your-country": ["Malaysia"],
        "your-language": ["ms", "en"],
        phone: [],
      }),
    ).toEqual({ countryCode: ["Malaysia"] });
  });

  test("answers are reached by their names", () => {
    expect(mapped({ "your-plan": ["pro"], visit: "1" }).root).toEqual({
      "your-plan": ["pro"],
      visit: "1",
      answers: { "your-plan": ["pro"], visit: "1" },
    });
  });

  test("a payload that is no object is nothing", () => {
    for (const payload of ["[]", "1", "{", ""]) {
      expect(contactForm7.map({ type: "", attributes: {}, payload }), payload).toEqual({
        kind: "nothing",
        reason: "unreadable-payload",
        root: null,
      });
    }
  });
});

import { describe, expect, test } from "vitest";
import type { InboundRequest, JsonObject, JsonValue } from "../provider.ts";
import { gravityForms } from "./index.ts";

/** An entry as a whole, with the properties an entry has. */
const entry: JsonObject = {
  id: "3233",
  form_id: "5",
  post_id: null,
  date_created: "2026-03-14 09:30:00",
  date_updated: "2026-03-14 09:45:30",
  is_starred: "0",
  is_read: "0",
  ip: "203.0.113.7",
  source_url: "https://shop.example.com/contact/",
  user_agent: "Mozilla/5.0",
  currency: "MYR",
  payment_status: null,
  created_by: "1",
  status: "active",
  source_id: "86",
  "1.2": "",
  "1.3": "Nurul",
  "1.4": "",
  "1.6": "Aziz",
  "1.8": "",
  "2": "nurul.aziz@example.com",
  "3": "+60 12-345 6789",
  "4.1": "1 Jalan Example",
  "4.2": "",
  "4.3": "Kuala Lumpur",
  "4.4": "",
  "4.5": "50000",
  "4.6": "Malaysia",
  "5.1": "Shoes",
  "5.2": "",
  submission_speeds: '{"1":[17373]}',
};

function request(body: string, type = "application/json"): InboundRequest {
  return {
    method: "POST",
    headers: { "content-type": type },
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
}

function parsedEvent(body: string, type?: string) {
  const parsed = gravityForms.parse(request(body, type));
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function idOf(fields: JsonObject) {
  return parsedEvent(JSON.stringify(fields)).id;
}

function timeOf(fields: JsonObject) {
  return parsedEvent(JSON.stringify(fields)).occurredAt;
}

function without(fields: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

function mapped(fields: JsonValue) {
  const payload = JSON.stringify(fields);
  const mapping = gravityForms.map({ type: "form_submission", attributes: {}, payload });
  if (mapping.kind !== "contact") throw new Error(`not a contact: ${mapping.kind}`);
  return mapping;
}

/** The values found for each field, best first. */
function found(fields: JsonValue) {
  const entries = Object.entries(mapped(fields).candidates);
  return Object.fromEntries(entries.map(([field, list]) => [field, list.map(({ value }) => value)]));
}

describe("reading", () => {
  test("other content types are not supported", () => {
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/xml"]) {
      expect(gravityForms.parse(request("{}", type)).kind, type).toBe("unsupported");
    }
  });

  test("JSON that is not one object is malformed, an empty object is ignored", () => {
    for (const body of ["[]", "1", "null", "{", ""])
      expect(gravityForms.parse(request(body)).kind, body).toBe("malformed");
    expect(gravityForms.parse(request("{}"))).toEqual({ kind: "ignored", reason: "empty-form" });
  });

  test("the key in a header or in the address proves the sender, a wrong one does not", () => {
    const credentials = { secrets: [], keys: ["sEcret-key"] };
    const verdict = (headers: Record<string, string>, query: Record<string, string> = {}) =>
      gravityForms.verify({ ...request("{}"), headers, query }, credentials, 0).ok;
    expect([verdict({}), verdict({ authorization: "Bearer wrong" })]).toEqual([false, false]);
    expect(verdict({ authorization: "Bearer sEcret-key" })).toBe(true);
    expect(verdict({}, { key: "sEcret-key" })).toBe(true);
  });

  test("the format FORM is read like JSON: names with dots and all", () => {
    const pairs = Object.entries(entry).filter(([, value]) => value !== null) as [string, string][];
    const body = new URLSearchParams(pairs).toString();
    const event = parsedEvent(body, "application/x-www-form-urlencoded; charset=UTF-8");
    expect(JSON.parse(event.payload)).toEqual(Object.fromEntries(pairs));
    expect(event).toMatchObject({ id: idOf(entry), occurredAt: timeOf(entry) });
  });
});

describe("identity", () => {
  test("a repetition is the same event, whatever was noted on the entry meanwhile", () => {
    expect(idOf({ ...entry, is_read: "1" })).toBe(idOf(entry));
    expect(idOf({ ...entry, id: 3233, form_id: 5 })).toBe(idOf(entry));
  });

  test("an edit is another event, as is another entry and another form", () => {
    const ids = [
      entry,
      { ...entry, date_updated: "2026-03-14 09:45:31" },
      { ...entry, id: "3234" },
      { ...entry, form_id: "6" },
      { ...entry, form_id: "53", id: "233" },
    ].map(idOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
  });

  test("two feeds that each send some fields of one entry are not each other's repetition", () => {
    const { id = "", form_id = "", date_created = "", date_updated = "" } = entry;
    expect(idOf({ id, form_id, date_created, date_updated, email: "a@b.c" })).toBeUndefined();
  });

  test("an entry that does not say all of it is known by its body", () => {
    for (const name of ["id", "form_id", "date_created", "date_updated"]) {
      expect(idOf(without(entry, name)), name).toBeUndefined();
      expect(idOf({ ...entry, [name]: ["x"] }) === undefined, name).toBe(name !== "date_created");
    }
  });
});

describe("time", () => {
  test("is that of the last change, else of creation, in UTC", () => {
    expect(timeOf(entry)).toBe(Date.UTC(2026, 2, 14, 9, 45, 30));
    expect(timeOf(without(entry, "date_updated"))).toBe(Date.UTC(2026, 2, 14, 9, 30));
    expect(timeOf({ ...entry, date_updated: "" })).toBe(Date.UTC(2026, 2, 14, 9, 30));
    expect(timeOf({ email: "a@b.c", date_created: "2026-03-14 09:30:00" })).toBe(
      Date.UTC(2026, 2, 14, 9, 30),
    );
  });

  test("is none in any other form", () => {
    for (const written of [
      "0000-00-00 00:00:00",
      "14/03/2026",
      "March 14, 2026 9:30 am",
      "",
      null,
      1,
      ["x"],
    ]) {
      expect(timeOf({ email: "a@b.c", date_created: written }), String(written)).toBeUndefined();
    }
  });
});

describe("mapping an entry as a whole", () => {
  test("a number says nothing: neither an address nor a telephone number nor a country is taken by its looks", () => {
    const { email, phone, countryCode, fullName } = mapped(entry).candidates;
    expect([email, phone, countryCode, fullName]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("the only Name field is the name", () => {
    expect(mapped(entry).candidates).toEqual({
      firstName: [{ path: "1.3", value: "Nurul" }],
      lastName: [{ path: "1.6", value: "Aziz" }],
    });
  });

  test("of two Name fields neither is", () => {
    const second = Object.fromEntries(["2", "3", "4", "6", "8"].map((input) => [`12.${input}`, "x"]));
    expect(found({ ...entry, ...second })).toEqual({});
  });

  test.each([
    ["an Address, or six checkboxes", ["1", "2", "3", "4", "5", "6"]],
    ["eight checkboxes", ["1", "2", "3", "4", "5", "6", "7", "8"]],
    ["a product", ["1", "2", "3"]],
    ["two inputs that a Name field has too", ["3", "6"]],
  ])("%s is no name", (_, inputs) => {
    const others = without(entry, "1.2", "1.3", "1.4", "1.6", "1.8");
    expect(found({ ...others, ...Object.fromEntries(inputs.map((input) => [`1.${input}`, "x"])) })).toEqual(
      {},
    );
  });

  test("a Name field that was left blank is no candidate", () => {
    expect(found({ ...entry, "1.3": "", "1.6": "" })).toEqual({});
  });

  test("fields are answers by their number, properties of the entry are not", () => {
    const { root, answers = [] } = mapped(entry);
    expect(root).toMatchObject({
      "2": "nurul.aziz@example.com",
      answers: { "1.3": "Nurul", "4.6": "Malaysia" },
    });
    expect(answers.every(({ key }) => /^[\d.]+$/.test(key ?? ""))).toBe(true);
  });
});

describe("mapping chosen names", () => {
  test("is by the table, like that of any form", () => {
    expect(
      found({ first_name: "Ben", "Last name": "Tan", email: "a@b.c", mobile: "+6591234567", country: "SG" }),
    ).toEqual({
      firstName: ["Ben"],
      lastName: ["Tan"],
      email: ["a@b.c"],
      phone: ["+6591234567"],
      countryCode: ["SG"],
    });
  });

  test("what only says which entry it is and when is no answer; it is reached like one", () => {
    const { answers = [], root } = mapped({
      email: "a@b.c",
      status: "pro",
      id: "81042",
      form_id: "5",
      date_created: "2026-03-14 09:30:00",
      date_updated: "2026-03-14 10:02:31",
    });
    expect(answers.map(({ key }) => key)).toEqual(["email", "status"]);
    expect(root).toMatchObject({ id: "81042", answers: { id: "81042", status: "pro" } });
  });

  test("takes nothing from other names, and no numbers as names", () => {
    expect(found({ work_email: "a@b.c", "1.2": "", "1.3": "x", "1.4": "", "1.6": "y", "1.8": "" })).toEqual(
      {},
    );
  });

  test("a payload that is no object is nothing", () => {
    for (const payload of ["[]", "1", "{", ""]) {
      expect(gravityForms.map({ type: "", attributes: {}, payload }), payload).toEqual({
        kind: "nothing",
        reason: "unreadable-payload",
        root: null,
      });
    }
  });
});

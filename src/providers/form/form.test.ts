import { describe, expect, test } from "vitest";
import type { InboundRequest, JsonValue } from "../provider.ts";
import { form } from "./index.ts";

const urlEncoded = "application/x-www-form-urlencoded";

function request(
  body: string,
  headers: Record<string, string> = { "content-type": urlEncoded },
): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function parsedEvent(given: InboundRequest) {
  const parsed = form.parse(given);
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function pageOf(headers: Record<string, string>) {
  return parsedEvent(request("a=1", { "content-type": urlEncoded, ...headers })).attributes["page"];
}

function idOf(idempotencyKey: string) {
  return parsedEvent(request("a=1", { "content-type": urlEncoded, "idempotency-key": idempotencyKey })).id;
}

/** The values found for each field, best first. */
function found(fields: JsonValue) {
  const mapped = form.map({ type: "form_submission", attributes: {}, payload: JSON.stringify(fields) });
  if (mapped.kind !== "contact") throw new Error(`not a contact: ${mapped.kind}`);
  return Object.fromEntries(
    Object.entries(mapped.candidates).map(([field, candidates]) => [
      field,
      candidates.map(({ value }) => value),
    ]),
  );
}

describe("reading", () => {
  test("content types that forms do not send are not supported", () => {
    for (const type of ["text/plain;charset=UTF-8", "application/xml", "application/octet-stream", ""]) {
      expect(form.parse(request("email=a@b.c", { "content-type": type })).kind, type).toBe("unsupported");
    }
    expect(form.parse(request("email=a@b.c", {})).kind).toBe("unsupported");
  });

  test("JSON that is not one object is malformed", () => {
    for (const body of ["[]", '[{"email":"a@b.c"}]', "1", '"x"', "null", "{", ""]) {
      expect(form.parse(request(body, { "content-type": "application/json" })).kind, body).toBe("malformed");
    }
  });

  test("a form that is not UTF-8 is malformed", () => {
    expect(form.parse(request("name=Jos%E9")).kind).toBe("malformed");
  });

  test("nothing filled in is ignored", () => {
    expect(form.parse(request(""))).toEqual({ kind: "ignored", reason: "empty-form" });
    expect(form.parse(request("{}", { "content-type": "application/json" })).kind).toBe("ignored");
  });

  test("the key in the address reaches neither payload nor attributes, a field named key does", () => {
    const given = {
      ...request("key=piano&email=a@b.c", {
        "content-type": urlEncoded,
        referer: "https://user:sEcret@example.com/contact?key=sEcret#sEcret",
      }),
      query: { key: "sEcret" },
    };
    const event = parsedEvent(given);
    expect(JSON.stringify(event)).not.toContain("sEcret");
    expect(event.attributes).toEqual({ page: "https://example.com/contact" });
    expect(JSON.parse(event.payload)).toEqual({ key: "piano", email: "a@b.c" });
  });

  test("the page is the referring one, else the origin, else unknown", () => {
    expect(pageOf({ origin: "null", referer: "not a url" })).toBeUndefined();
    expect(pageOf({ referer: "javascript:alert(1)" })).toBeUndefined();
    expect(pageOf({ origin: "https://example.com" })).toBe("https://example.com");
    expect(pageOf({ origin: "https://example.com", referer: "https://example.com/a/b?c" })).toBe(
      "https://example.com/a/b",
    );
  });

  test("an Idempotency-Key names the submission, a blank one does not", () => {
    expect(idOf(" ")).toBeUndefined();
    expect(parsedEvent(request("a=1")).id).toBeUndefined();
    expect(idOf(" 7f1e ")).toBe("7f1e");
  });

  describe("a multipart submission", () => {
    const posted = (
      boundary: string,
      fields: Record<string, string>,
      headers: Record<string, string> = {},
    ) => {
      const parts = Object.entries(fields).map(
        ([name, value]) =>
          `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const type = `multipart/form-data; boundary=${boundary}`;
      return parsedEvent(
        request(`${parts.join("")}--${boundary}--\r\n`, { "content-type": type, ...headers }),
      );
    };
    const first = posted("----WebKitFormBoundaryA1", { email: "a@b.c", size: "XL" });

    test("is the same one when a browser posts it again, under another boundary", () => {
      const again = posted("----WebKitFormBoundaryB2", { email: "a@b.c", size: "XL" });
      expect(first.id).toBeDefined();
      expect(again).toEqual(first);
    });

    test("is another one with another answer, another field or another Idempotency-Key", () => {
      const others = [
        posted("A", { email: "a@b.c", size: "L" }),
        posted("A", { email: "a@b.c" }),
        posted("A", { email: "a@b.c", size: "XL" }, { "idempotency-key": "7f1e" }),
      ].map(({ id }) => id);
      expect(new Set([first.id, ...others]).size).toBe(4);
      expect(others).toContain("7f1e");
    });
  });

  test("a JSON payload is kept as it was written", () => {
    const body = '{ "id": 706405506930370084, "email" : "a@b.c" }';
    const event = parsedEvent(request(body, { "content-type": "application/json; charset=UTF-8" }));
    expect(event).toEqual({
      id: undefined,
      type: "form_submission",
      occurredAt: undefined,
      attributes: {},
      payload: body,
    });
  });
});

describe("mapping", () => {
  test("fields that merely contain a known word are not taken", () => {
    expect(
      found({
        username: "mei",
        email_consent: "yes",
        "company.email": "sales@example.com",
        "manager[phone]": "+6581234567",
        form: { name: "Contact us", id: "7" },
        product_name: "Shoe",
        phone_type: "mobile",
        mobile: true,
        emails: "a@b.c",
        message: "my email is a@b.c",
        toString: "x",
      }),
    ).toEqual({});
  });

  test("blank values are no candidates, and of several the first that is not blank is taken", () => {
    expect(found({ email: ["", null, "a@b.c", "d@e.f"], phone: " ", name: null, country: [] })).toEqual({
      email: ["a@b.c"],
    });
  });

  test.each([
    ["First name", "firstName"],
    ["first-name", "firstName"],
    ["FNAME", "firstName"],
    ["given_name", "firstName"],
    ["name[first]", "firstName"],
    ["Surname", "lastName"],
    ["last_name", "lastName"],
    ["Full Name *", "fullName"],
    ["your-name", "fullName"],
    ["E-Mail", "email"],
    ["email_address", "email"],
    ["your-email", "email"],
    ["fields[email][value]", "email"],
    ["contact.email", "email"],
    ["Mobile Phone", "phone"],
    ["tel", "phone"],
    ["WhatsApp", "phone"],
    ["country_code", "countryCode"],
    ["Country:", "countryCode"],
    ["locale", "language"],
    ["avatar", "profilePic"],
    ["profile_pic", "profilePic"],
  ])("a field named %s is the %s", (name, field) => {
    expect(found({ [name]: "x" })).toEqual({ [field]: ["x"] });
  });

  test("our own names come first, then the common ones, outer before nested", () => {
    expect(
      found({
        data: { email: "nested@b.c" },
        mail: "mail@b.c",
        "E-mail": "common@b.c",
        email: "own@b.c",
        firstName: "A",
        fname: "B",
      }),
    ).toEqual({ email: ["own@b.c", "common@b.c", "nested@b.c", "mail@b.c"], firstName: ["A", "B"] });
  });

  test("one level of nesting is looked into, and the path says where it was found", () => {
    const mapped = form.map({
      type: "form_submission",
      attributes: {},
      payload:
        '{"fields":{"email":{"value":"a@b.c","id":"email"}},"phone":{"value":60123456789},"contact":{"name":"Z"}}',
    });
    expect(mapped).toMatchObject({
      candidates: {
        email: [{ path: "fields.email.value", value: "a@b.c" }],
        phone: [{ path: "phone.value", value: 60123456789 }],
        fullName: [{ path: "contact.name", value: "Z" }],
      },
    });
  });

  test("the root is the object of all fields", () => {
    const mapped = form.map({
      type: "form_submission",
      attributes: {},
      payload: '{"size":"XL","n":12345678901234567}',
    });
    expect(mapped).toEqual({
      kind: "contact",
      root: { size: "XL", n: "12345678901234567" },
      candidates: {},
      answers: [
        { path: "size", key: "size", value: "XL" },
        { path: "n", key: "n", value: "12345678901234567" },
      ],
    });
  });
});

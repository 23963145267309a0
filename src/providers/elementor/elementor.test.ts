import { describe, expect, test } from "vitest";
import type { InboundRequest, JsonValue } from "../provider.ts";
import { elementor } from "./index.ts";
import { expectQuick } from "../../../test/helpers/quick.ts";

const urlEncoded = "application/x-www-form-urlencoded";

interface PhpArray {
  readonly [key: string]: string | number | boolean | null | readonly string[] | PhpArray;
}

/** As PHP's `http_build_query` writes it: brackets, `+` for a space, booleans as numbers, no null. */
function httpBuildQuery(data: PhpArray): string {
  const pairs = (value: PhpArray[string], name: string): [string, string][] => {
    if (value === null) return [];
    if (typeof value === "boolean") return [[name, value ? "1" : "0"]];
    if (typeof value !== "object") return [[name, String(value)]];
    return Object.entries(value).flatMap(([key, item]) => pairs(item, name === "" ? key : `${name}[${key}]`));
  };
  return new URLSearchParams(pairs(data, "")).toString();
}

function request(body: string, type = `${urlEncoded}; charset=UTF-8`): InboundRequest {
  return {
    method: "POST",
    headers: { "content-type": type },
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
}

function parsedEvent(data: PhpArray) {
  const parsed = elementor.parse(request(httpBuildQuery(data)));
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function mapped(data: PhpArray) {
  const mapping = elementor.map(parsedEvent(data));
  if (mapping.kind !== "contact") throw new Error(`not a contact: ${mapping.kind}`);
  return mapping;
}

/** The values found for each field, best first. */
function found(data: PhpArray) {
  const entries = Object.entries(mapped(data).candidates);
  return Object.fromEntries(entries.map(([field, list]) => [field, list.map(({ value }) => value)]));
}

function rootOf(data: PhpArray): JsonValue {
  return mapped(data).root;
}

/** One field of "Advanced Data", as `Form_Record::set_fields` makes it. */
function field(id: string, type: string, title: string, raw: string | readonly string[], value?: string) {
  const joined = typeof raw === "string" ? raw : raw.join(", ");
  return { id, type, title, value: value ?? joined, raw_value: raw, required: true };
}

function advanced(...fields: readonly ReturnType<typeof field>[]): PhpArray {
  return {
    form: { id: "9de22fa", name: "Contact" },
    fields: Object.fromEntries(fields.map((one) => [one.id, one])),
    meta: { date: { title: "Date", value: "March 14, 2026" } },
  };
}

describe("the key", () => {
  test("is taken from the address, where alone Elementor can put it", () => {
    const credentials = { secrets: [], keys: ["sEcret-key"] };
    const verdict = (query: Record<string, string>) =>
      elementor.verify({ ...request("a=1"), query }, credentials, 0).ok;
    expect([verdict({}), verdict({ key: "" }), verdict({ key: "sEcret-kez" })]).toEqual([
      false,
      false,
      false,
    ]);
    expect(verdict({ key: "sEcret-key" })).toBe(true);
  });
});

describe("reading", () => {
  test("what Elementor does not send is not supported", () => {
    for (const type of ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]) {
      expect(elementor.parse(request("Email=a%40b.c", type)).kind, type).toBe("unsupported");
    }
  });

  test("a form that is not UTF-8 is malformed, an empty one is ignored", () => {
    expect(elementor.parse(request("Name=Jos%E9")).kind).toBe("malformed");
    expect(elementor.parse(request(""))).toEqual({ kind: "ignored", reason: "empty-form" });
  });

  test("a submission has no id and no time of its own: its date is a text of the site", () => {
    const event = parsedEvent({ Email: "a@b.c", Date: "March 14, 2026", Time: "9:30 am", form_id: "1" });
    expect(event).toMatchObject({ id: undefined, type: "form_submission", occurredAt: undefined });
  });

  test("labels reach the payload as they are: spaces, dots, brackets, accents and ampersands", () => {
    const labels = { "Tel. no.": "1", "Size [EU]": "2", "Prénom & nom": "3", "A+B": "4", form_id: "x" };
    expect(JSON.parse(parsedEvent(labels).payload)).toEqual(labels);
  });

  test("advanced data becomes what it was in PHP, with choices as a list", () => {
    const data = advanced(field("field_a1", "checkbox", "Interests", ["Shoes", "Bags"]));
    expect(JSON.parse(parsedEvent(data).payload)).toEqual({
      form: { id: "9de22fa", name: "Contact" },
      fields: {
        field_a1: {
          id: "field_a1",
          type: "checkbox",
          title: "Interests",
          value: "Shoes, Bags",
          raw_value: ["Shoes", "Bags"],
          required: "1",
        },
      },
      meta: { date: { title: "Date", value: "March 14, 2026" } },
    });
  });

  test("field ids that are numbers stay field ids", () => {
    const fields = rootOf(advanced(field("0", "email", "Contact", "a@b.c")));
    expect(fields).toMatchObject({ fields: { 0: { value: "a@b.c" } }, answers: { Contact: "a@b.c" } });
  });

  test.each([
    ["a name and an array of that name", "form[id]=1&fields[a]=1&fields=2&Email=a@b.c"],
    ["an array below a text", "form[id]=1&fields=2&fields[a]=1&Email=a@b.c"],
  ])("%s contradict each other: all names stay as they are", (_, body) => {
    const parsed = elementor.parse(request(body));
    if (parsed.kind !== "events") throw new Error(parsed.kind);
    const payload: unknown = JSON.parse(parsed.events[0]?.payload ?? "");
    expect(payload).toEqual({ "form[id]": "1", "fields[a]": "1", fields: "2", Email: "a@b.c" });
  });

  test("no nesting and no name can pollute or overflow anything", () => {
    const deep = `fields${"[a]".repeat(20)}`;
    const body = `form[id]=1&__proto__[polluted]=1&fields[__proto__][value]=2&${deep}=3&${"[".repeat(5000)}=4`;
    const parsed = elementor.parse(request(body));
    if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(parsed.kind);
    expect(elementor.map(parsed.events[0]).kind).toBe("contact");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect(parsed.events[0].payload).toContain('"__proto__":{"polluted":"1"}');
    expect(parsed.events[0].payload).toContain(`"${deep}":"3"`);
  });

  test("a megabyte of brackets is read at once", () => {
    const body = `form[id]=1&${"fields[a][b]=1&".repeat(900)}x${"[a]".repeat(300_000)}=1`;
    expectQuick(() => elementor.parse(request(body)));
  });
});

describe("mapping labels alone", () => {
  test("what merely looks like an address or a number is nobody's", () => {
    expect(
      found({ "Friend's email": "a@b.c", Message: "+6581234567", form_name: "Name", form_id: "1" }),
    ).toEqual({});
  });

  test("what the plug-in adds is no answer, its Meta Data included; a question labelled so is reached", () => {
    const { answers = [], root } = mapped({
      Email: "a@b.c",
      Date: "March 14, 2026",
      Time: "9:30 am",
      "Page URL": "https://shop.example.com/contact/",
      "User Agent": "Mozilla/5.0",
      "Remote IP": "203.0.113.7",
      "Powered by": "Elementor",
      form_id: "9de22fa",
      form_name: "Contact",
    });
    expect(answers.map(({ label }) => label)).toEqual(["Email"]);
    expect(root).toMatchObject({ answers: { Email: "a@b.c", Date: "March 14, 2026" } });
  });

  test("a field without a label is known by its id", () => {
    expect(found({ "No Label email": "a@b.c", "No Label field_5c1e0aa": "x", form_id: "1" })).toEqual({
      email: ["a@b.c"],
    });
    expect(rootOf({ "No Label field_5c1e0aa": "x" })).toMatchObject({ answers: { field_5c1e0aa: "x" } });
  });

  test("labels are read in any of the table's languages, together", () => {
    expect(
      found({ Prénom: "Zoë", Nom: "Blanc", Courriel: "zoe@example.com", Portable: "+33612345678" }),
    ).toEqual({
      firstName: ["Zoë"],
      lastName: ["Blanc"],
      email: ["zoe@example.com"],
      phone: ["+33612345678"],
    });
  });

  test("blank answers are no candidates", () => {
    expect(found({ Email: "", Phone: " ", form_id: "1" })).toEqual({});
  });
});

describe("mapping advanced data", () => {
  test("types name e-mail and phone whatever the label; a label beside the type is surer", () => {
    expect(
      found(
        advanced(
          field("a", "email", "Your manager", "boss@example.com"),
          field("b", "email", "E-Mail", "me@example.com"),
          field("c", "tel", "Where do we reach you?", "+6591234567"),
        ),
      ),
    ).toEqual({ email: ["me@example.com", "boss@example.com"], phone: ["+6591234567"] });
  });

  test("what the site has cleaned counts, not the raw value", () => {
    expect(found(advanced(field("a", "email", "Email", "not an address", "")))).toEqual({});
    expect(found(advanced(field("a", "text", "Name", "<b>Ben</b>", "Ben")))).toEqual({ fullName: ["Ben"] });
  });

  test("an id does not stand in for a label that says something else", () => {
    expect(found(advanced(field("name", "text", "Company", "Example Ltd")))).toEqual({});
    expect(found(advanced(field("name", "text", "", "Ben Tan")))).toEqual({ fullName: ["Ben Tan"] });
  });

  test("one choice is that choice, several are a list and no candidate", () => {
    const data = advanced(
      field("a", "checkbox", "Country", ["Malaysia"]),
      field("b", "checkbox", "Language", ["ms", "en"]),
    );
    expect(found(data)).toEqual({ countryCode: ["Malaysia"] });
    expect(rootOf(data)).toMatchObject({ answers: { Language: ["ms", "en"] } });
  });

  test("parts of the form that ask nothing are no answers", () => {
    const data = advanced(field("s", "step", "Email", ""), field("h", "html", "Name", "x"));
    expect(mapped(data).answers).toEqual([]);
  });

  test("answers are reached by id and by label, the payload as it was sent", () => {
    expect(rootOf(advanced(field("field_a1", "date", "Date of birth", "1990-05-17")))).toMatchObject({
      form: { id: "9de22fa" },
      meta: { date: { value: "March 14, 2026" } },
      answers: { field_a1: "1990-05-17", "Date of birth": "1990-05-17" },
    });
  });

  test("a candidate says where it stands", () => {
    const data = advanced(field("a", "email", "Email", "a@b.c"), field("b", "select", "Country", ["MY"]));
    expect(mapped(data).candidates).toMatchObject({
      email: [{ path: "fields.a.value" }],
      countryCode: [{ path: "fields.b.raw_value" }],
    });
  });

  test("fields of another shape are no answers", () => {
    const payload = JSON.stringify({
      form: { id: "1" },
      fields: { a: "x", b: null, c: ["y"], d: { type: 1 } },
    });
    const mapping = elementor.map({ type: "form_submission", attributes: {}, payload });
    expect(mapping).toMatchObject({ kind: "contact", candidates: {} });
    expect(elementor.map({ type: "", attributes: {}, payload: "[]" })).toEqual({
      kind: "nothing",
      reason: "unreadable-payload",
      root: null,
    });
  });
});

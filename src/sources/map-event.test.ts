import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventOf, fakeProvider, shop } from "./fixtures/providers.ts";
import { mapped, shopWith } from "./fixtures/shop.ts";
import { previewSource } from "./load.ts";
import type { Source } from "./source.ts";

async function patchOf(source: Source, payload: unknown): Promise<object> {
  const result = await mapped(source, payload);
  if (result.kind !== "update") throw new Error(`not an update: ${JSON.stringify(result)}`);
  return result.patch;
}

const plain = previewSource(shop);
const ada = { email: "ada@example.com" };

describe("when the mapping cannot be carried out", () => {
  test("a provider that breaks makes the event failed, never a rejection", async () => {
    const broken = fakeProvider("broken", {
      map() {
        throw new TypeError("cannot read what is not there");
      },
    });
    expect(await mapped(previewSource(broken), {})).toEqual({
      kind: "failed",
      message: "the event cannot be mapped: cannot read what is not there",
    });
  });

  test("an expression that never ends makes the event failed, so that it is kept", async () => {
    const source = shopWith(`{ custom_fields: { Loop: "($f := function($n){$f($n+1)}; $f(0))" } }`);
    expect(await mapped(source, ada)).toEqual({
      kind: "failed",
      message: expect.stringContaining("the mapping of custom_fields.Loop was stopped"),
    });
  });

  test("an expression that throws leaves its field out with a warning, and the rest goes on", async () => {
    const source = shopWith(
      `{ custom_fields: { Bad: { value: $number(total), clear: true }, Good: total } }`,
    );
    expect(await mapped(source, { ...ada, total: "much" })).toEqual({
      kind: "update",
      contact: "email:ada@example.com",
      patch: { ...ada, "custom_fields.Good": "much" },
      warnings: [{ field: "custom_fields.Bad", message: expect.stringContaining("much") }],
    });
  });

  test("no payload makes it reject", async () => {
    const source = shopWith(
      `{ firstName: name, phone: { value: "**.phone", region: SG, clear: true }, email: email, id: id,
         custom_fields: { A: { value: "$sum(items.price)", type: number }, B: "$string($)", C: "$$[0].x & $event.type" } }`,
      "identify: [id, email, phone]",
    );
    const anything = fc.oneof(
      fc.json(),
      fc.json().map((text) => `{"email": "a@b.co", "items": ${text}, "name": ${text}, "id": ${text}}`),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (payload) => {
        const result = await source.map({ ...eventOf({}), payload });
        if (result.kind !== "update") return;
        for (const value of Object.values(result.patch)) {
          expect(value === null || ["string", "number", "boolean"].includes(typeof value)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("what the provider finds", () => {
  test("a candidate that is not fit gives way to the next", async () => {
    expect(await mapped(plain, { email: ["nonsense", "", "Ada@Example.com"] })).toEqual({
      kind: "update",
      contact: "email:ada@example.com",
      patch: ada,
      warnings: [],
    });
  });

  test("when none is fit, the first one is warned of, once", async () => {
    expect(await mapped(plain, { ...ada, phone: ["", "abc", "def"], language: "??" })).toMatchObject({
      kind: "update",
      patch: ada,
      warnings: [
        { field: "phone", message: "'abc' is not a phone number (phone)" },
        { field: "language", message: "'??' is not a language (language)" },
      ],
    });
  });

  test("blank and null are no values, and no clears", async () => {
    expect(await patchOf(plain, { ...ada, lastName: "  ", phone: null, language: [] })).toEqual(ada);
  });

  test("a full name is split when there is no first name", async () => {
    const full = { ...ada, fullName: "Ada King Lovelace" };
    expect(await patchOf(plain, full)).toMatchObject({ firstName: "Ada", lastName: "King Lovelace" });
    expect(await patchOf(plain, { ...full, lastName: "L." })).toMatchObject({
      firstName: "Ada",
      lastName: "L.",
    });
    expect(await patchOf(plain, { ...full, firstName: "A." })).toEqual({ ...ada, firstName: "A." });
    expect(await patchOf(plain, { ...ada, fullName: "Plato" })).toEqual({ ...ada, firstName: "Plato" });
  });

  test("what it cannot use is recorded with its reason, whatever the map", async () => {
    const source = shopWith("{ email: email }");
    expect(await mapped(source, ada, { type: "privacy" })).toEqual({
      kind: "ignored",
      reason: "privacy-topic",
      warnings: [],
    });
  });
});

test("an event that only says whom it is about is recorded, unless the source's map makes something of it", async () => {
  const outcome = { type: "outcome" };
  expect(await mapped(plain, ada, outcome)).toEqual({ kind: "ignored", reason: "outcome", warnings: [] });
  const source = shopWith("{ custom_fields: { Status: status } }");
  expect(await mapped(source, ada, outcome)).toMatchObject({ kind: "ignored", reason: "outcome" });
  expect(await mapped(source, { ...ada, status: "canceled" }, outcome)).toMatchObject({
    kind: "update",
    contact: "email:ada@example.com",
    patch: { ...ada, "custom_fields.Status": "canceled" },
  });
});

describe("whom an erasure names", () => {
  const redact = { type: "redact" };

  test("each is whom mapping would have named, by the source's region, once", async () => {
    const payload = { phones: ["0123456789", "+60 12-345 6789"], emails: ["A@b.co", "a@b.co", ""] };
    expect(await mapped(shopWith("{}", "region: MY"), payload, redact)).toEqual({
      kind: "erase",
      contacts: ["phone:+60123456789", "email:a@b.co"],
      unreadable: [],
    });
    const other = shopWith("{ phone: { value: mobile, region: SG } }", "region: MY");
    expect(await mapped(other, { phones: ["81234567"] }, redact)).toMatchObject({
      contacts: ["phone:+6581234567"],
    });
  });

  test("what cannot be read is told beside the others", async () => {
    const payload = { phones: ["0123456789", "0123456780"], emails: ["a@b.co", "none"] };
    expect(await mapped(shopWith("{}"), payload, redact)).toEqual({
      kind: "erase",
      contacts: ["email:a@b.co"],
      unreadable: ["phone", "email"],
    });
  });

  test("a request that names nobody is recorded as that, never as an erasure", async () => {
    expect(await mapped(shopWith("{}"), { phones: [], emails: [" "] }, redact)).toMatchObject({
      kind: "ignored",
      reason: "nobody-to-erase",
    });
  });
});

describe("the source's own map", () => {
  test("wins over what the provider finds, even when it yields nothing", async () => {
    const source = shopWith("{ lastName: other, firstName: first }");
    const payload = { ...ada, lastName: "Provider", fullName: "Full Name", other: "Mine" };
    expect(await patchOf(source, payload)).toEqual({ ...ada, lastName: "Mine" });
  });

  test("null removes a field of the provider's own, and what would stand in for it", async () => {
    const payload = { ...ada, language: "en", fullName: "Ada Lovelace" };
    expect(await patchOf(shopWith("{ language: null, firstName: null }"), payload)).toEqual(ada);
    expect(await patchOf(shopWith("{ lastName: null }"), payload)).toEqual({
      ...ada,
      language: "en",
      firstName: "Ada",
    });
  });

  test.each([
    ["nothing", {}],
    ["null", { x: null }],
    ["an empty text", { x: "" }],
    ["blanks", { x: " \t" }],
    ["an empty list", { x: [] }],
    ["a list of blanks", { x: ["", null] }],
  ])("%s leaves the field alone, and with `clear` sends null", async (_, payload) => {
    const source = shopWith(
      `{ lastName: { value: x, clear: true }, language: { value: x, clear: false },
         custom_fields: { Keep: x, Clear: { value: x, type: number, clear: true } } }`,
    );
    expect(await mapped(source, { ...ada, ...payload })).toEqual({
      kind: "update",
      contact: "email:ada@example.com",
      patch: { ...ada, lastName: null, "custom_fields.Clear": null },
      warnings: [],
    });
  });

  test("a value that does not fit is left out with a warning, and never a clear", async () => {
    const source = shopWith(
      `{ language: { value: x, clear: true }, custom_fields: { N: { value: x, type: number, clear: true } } }`,
    );
    expect(await mapped(source, { ...ada, x: "??" })).toMatchObject({
      patch: ada,
      warnings: [
        { field: "language", message: "'??' is not a language" },
        { field: "custom_fields.N", message: "'??' is not a number" },
      ],
    });
  });

  test("false and zero are values", async () => {
    const source = shopWith(
      `{ custom_fields: { No: { value: no, type: checkbox }, Zero: { value: zero, type: number } } }`,
    );
    expect(await patchOf(source, { ...ada, no: false, zero: 0 })).toMatchObject({
      "custom_fields.No": false,
      "custom_fields.Zero": 0,
    });
  });

  test("a list of one is that one; of several, a text joins them and a first name is none", async () => {
    const source = shopWith("{ firstName: names, custom_fields: { Tags: tags, One: one.tag } }");
    const payload = { ...ada, names: ["A", "B"], tags: ["a", "", "b"], one: [{ tag: "x" }, {}] };
    expect(await mapped(source, payload)).toMatchObject({
      patch: { ...ada, "custom_fields.Tags": "a, b", "custom_fields.One": "x" },
      warnings: [{ field: "firstName", message: "a list is not a text" }],
    });
  });

  test.each(["$number", "function($x){$x}", "$", "{'a': 1}"])(
    "the result %s is no value of a field",
    async (expression) => {
      const source = shopWith(`{ custom_fields: { X: "${expression}" } }`);
      expect(await mapped(source, ada)).toMatchObject({
        patch: ada,
        warnings: [{ field: "custom_fields.X" }],
      });
    },
  );

  test("values are coerced by type; numbers and booleans stand for themselves", async () => {
    const source = shopWith(
      `{ custom_fields: { Order total: { value: total, type: number }, Born: { value: dob, type: date },
         At: { value: at, type: time }, Plan: { value: plan, type: list, options: [free, pro, 2] },
         Site: { value: site, type: url }, Consent: true, Rank: 5, VIP: { value: yes, type: checkbox } } }`,
    );
    const payload = {
      ...ada,
      total: "1,234.50",
      dob: "1990-12-31T23:00:00Z",
      at: "1:30 PM",
      plan: "PRO",
      site: "www.example.com",
      yes: "on",
    };
    expect(await patchOf(source, payload)).toEqual({
      ...ada,
      "custom_fields.Order total": 1234.5,
      "custom_fields.Born": "1990-12-31",
      "custom_fields.At": "13:30",
      "custom_fields.Plan": "pro",
      "custom_fields.Site": "www.example.com",
      "custom_fields.Consent": "true",
      "custom_fields.Rank": "5",
      "custom_fields.VIP": true,
    });
  });

  test("an integer of the configuration stands for all its digits", async () => {
    const source = shopWith(
      `{ custom_fields: { Id: 706405506930370084, Small: 0x1F,
         Page: { value: page, type: list, options: [706405506930370084, 7] } } }`,
    );
    expect(await patchOf(source, { ...ada, page: "706405506930370084" })).toEqual({
      ...ada,
      "custom_fields.Id": "706405506930370084",
      "custom_fields.Small": "31",
      "custom_fields.Page": "706405506930370084",
    });
  });

  test("custom fields may be called anything", async () => {
    const source = shopWith(`{ custom_fields: { __proto__: a, constructor: a, 2024: a, "a.b": a } }`);
    expect(await patchOf(source, { ...ada, a: "x" })).toEqual({
      ...ada,
      "custom_fields.__proto__": "x",
      "custom_fields.constructor": "x",
      "custom_fields.2024": "x",
      "custom_fields.a.b": "x",
    });
  });

  test("$event holds the event's own attributes", async () => {
    const source = shopWith(
      `{ custom_fields: { E: "$event.id & ' ' & $event.type & ' ' & $event.source & ' ' & $event.attributes.shop",
         T: { value: $event.occurredAt, type: date }, R: $event.receivedAt } }`,
    );
    expect(await patchOf(source, ada)).toMatchObject({
      "custom_fields.E": "evt_01 orders/create shop a.example",
      "custom_fields.T": "2026-01-05",
      "custom_fields.R": "2026-01-05T10:00:01.000Z",
    });
  });
});

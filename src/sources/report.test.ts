import { describe, expect, it } from "vitest";
import { mapAnswers } from "../providers/answers.ts";
import type { Answer } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import { eventOf, fakeProvider } from "./fixtures/providers.ts";
import { reported, shopWith } from "./fixtures/shop.ts";
import { sourcesFromYaml } from "./load.ts";

const plain = shopWith("{}");

/** The report of one field. */
async function fieldReport(source: typeof plain, payload: object, field: string) {
  const { fields } = await reported(source, payload);
  return fields.filter((report) => report.field === field);
}

describe("the report of a mapping", () => {
  it("says of every field from where it came, what it was and what it became", async () => {
    const payload = { email: "ADA@Example.com", fullName: "Ada Lovelace", countryCode: "Malaysia" };
    const { fields } = await reported(plain, payload);
    expect(fields).toEqual([
      { field: "firstName", from: "fullName", was: "Ada Lovelace", became: "Ada" },
      { field: "lastName", from: "fullName", was: "Ada Lovelace", became: "Lovelace" },
      { field: "phone", why: "the payload has none" },
      { field: "email", from: "email", was: "ADA@Example.com", became: "ada@example.com" },
      { field: "language", why: "the payload has none" },
      { field: "profilePic", why: "the payload has none" },
      { field: "countryCode", from: "countryCode", was: "Malaysia", became: "MY" },
    ]);
  });

  it("says why a value was not taken", async () => {
    expect(await fieldReport(shopWith("{}", "region: MY"), { phone: "555-SHIP" }, "phone")).toEqual([
      {
        field: "phone",
        from: "phone",
        was: "555-SHIP",
        why: "'555-SHIP' is not a phone number in MY (phone)",
      },
    ]);
  });

  it("names the expression of a field that the source maps itself, and what it found", async () => {
    const source = shopWith(`
      email: $lowercase(contact.mail)
      lastName: { value: surname, clear: true }
      phone: null
      custom_fields:
        Total: { value: total, type: number }
        Broken: $number(total)
`);
    const payload = {
      contact: { mail: "ADA@EXAMPLE.COM" },
      total: { not: "a number" },
      phone: "+60123456789",
    };
    const { fields } = await reported(source, payload);
    expect(
      fields.filter(({ field }) => !["firstName", "language", "profilePic", "countryCode"].includes(field)),
    ).toEqual([
      { field: "phone", why: "left out by the source's map" },
      { field: "lastName", from: "surname", became: null },
      { field: "email", from: "$lowercase(contact.mail)", was: "ada@example.com", became: "ada@example.com" },
      {
        field: "custom_fields.Total",
        from: "total",
        was: '{"not":"a number"}',
        why: expect.stringContaining("is not a number") as string,
      },
      { field: "custom_fields.Broken", from: "$number(total)", why: expect.any(String) as string },
    ]);
  });

  it("shows long values in part", async () => {
    const [report] = await fieldReport(plain, { email: "x".repeat(100_000) }, "email");
    expect(String(report?.was).length).toBeLessThan(250);
  });

  it("is there for an event that is ignored or parked, too", async () => {
    expect((await plain.map(eventOf({ fullName: "Ada" }))).kind).toBe("ignored");
    expect(await fieldReport(plain, { fullName: "Ada" }, "firstName")).toMatchObject([{ was: "Ada" }]);
    expect((await plain.map(eventOf({ phone: "1" }))).kind).toBe("unreadable");
    expect(await fieldReport(plain, { phone: "1" }, "phone")).toMatchObject([{ was: "1" }]);
  });
});

describe("answers that nothing uses", () => {
  const answers: readonly Answer[] = [
    { path: "answers.0", ref: "mail", label: "Your email", field: "email", value: "a@example.com" },
    { path: "answers.1", key: "q2", label: "T-shirt size", value: "M" },
    { path: "answers.2", key: "q3", label: "Company", value: "Engines" },
    { path: "answers.3", key: "q4", value: "?" },
  ];
  const builder = fakeProvider("typeform", { map: () => mapAnswers({}, answers) });
  const unusedWith = async (map: string) => {
    const text = `sources:\n  form:\n    provider: typeform\n    secret: s\n    map: ${map}\n`;
    const loaded = sourcesFromYaml(text, "sources.yaml", {}, [builder]);
    const source = loaded.ok ? loaded.sources[0] : undefined;
    if (!source) throw new Error("not loaded");
    return (await reported(source, {})).unusedAnswers;
  };

  it("are named by their labels, else their keys", async () => {
    expect(await unusedWith("{}")).toEqual(["T-shirt size", "Company", "q4"]);
  });

  it("are not those that an expression reads, by whatever name", async () => {
    expect(await unusedWith(`{ custom_fields: { Size: answers."T-shirt size", Firm: answers.q3 } }`)).toEqual(
      ["q4"],
    );
    expect(await unusedWith(`{ email: answers.mail, custom_fields: { All: $string(answers) } }`)).toEqual([]);
  });

  it("are those whose field the source leaves out", async () => {
    expect(await unusedWith("{ email: null, phone: answers.q4 }")).toContain("Your email");
  });
});

describe("answers that an expression reads where the form put them", () => {
  const formWith = (provider: string, map: string) => {
    const known = providers.find(({ name }) => name === provider);
    const proof = known?.proof === "key" ? "key" : "secret";
    const text = `sources:\n  form: { provider: ${provider}, ${proof}: s, map: ${map} }\n`;
    const loaded = sourcesFromYaml(text, "sources.yaml", {}, providers);
    const source = loaded.ok ? loaded.sources[0] : undefined;
    if (!source) throw new Error("not loaded");
    return source;
  };
  const unusedOf = async (provider: string, map: string, payload: object) =>
    (await reported(formWith(provider, map), payload, { type: "form_submission" })).unusedAnswers;

  it.each([
    [
      "contact-form-7",
      '{ phone: "`your-whatsapp`" }',
      { "your-email": "a@b.co", "your-whatsapp": "+60123456789", "your-size": "M" },
      ["your-size"],
    ],
    [
      "gravity-forms",
      '{ phone: "$lookup($, \'5.3\')", custom_fields: { Size: "`7`" } }',
      { form_id: "3", id: "9", date_created: "2026-01-05 10:00:00", "5.3": "+60123456789", 7: "M", 8: "x" },
      ["8"],
    ],
    [
      "elementor",
      "{ phone: fields.wa.value }",
      {
        form: { id: "f", name: "F" },
        fields: {
          wa: { id: "wa", type: "text", title: "WhatsApp", value: "+60123456789" },
          size: { id: "size", type: "text", title: "Size", value: "M" },
        },
      },
      ["Size"],
    ],
    [
      "fillout",
      "{ phone: \"submission.questions[name = 'WhatsApp'].value\" }",
      {
        formId: "f",
        submission: {
          submissionId: "s",
          questions: [
            { id: "a", name: "WhatsApp", type: "ShortAnswer", value: "+60123456789" },
            { id: "b", name: "Size", type: "ShortAnswer", value: "M" },
          ],
        },
      },
      ["Size"],
    ],
    [
      "form",
      "{ custom_fields: { City: home.city } }",
      { email: "a@b.co", home: { city: "KL" }, size: "M" },
      ["size"],
    ],
  ])("are used, in a body of %s", async (provider, map, payload, unused) => {
    expect(await unusedOf(provider, map, payload)).toEqual(unused);
  });

  it("keep their values, whatever their names hold", async () => {
    const source = formWith("form", '{ custom_fields: { A: a.b, B: "`a.b`", C: a.b } }');
    const { fields } = await reported(source, { email: "a@b.co", a: { b: "deep" }, "a.b": "flat" });
    expect(fields.filter(({ field }) => field.startsWith("custom"))).toMatchObject([
      { became: "deep" },
      { became: "flat" },
      { became: "deep" },
    ]);
  });

  it("are all used by an expression that reads all", async () => {
    const payload = { "your-email": "a@b.co", "your-size": "M" };
    for (const all of ["$string($)", "**", "$$.*", "$merge($spread($))"]) {
      const map = `{ custom_fields: { All: "$string(${all})" } }`;
      expect(await unusedOf("contact-form-7", map, payload), all).toEqual([]);
    }
  });
});

import { describe, expect, test } from "vitest";
import { fakeProviders } from "./fixtures/providers.ts";
import { mapped, reported, shopWith } from "./fixtures/shop.ts";
import { sourcesFromYaml } from "./load.ts";

const custom = (source: ReturnType<typeof shopWith>, payload: object) =>
  mapped(source, { email: "ada@example.com", ...payload });

describe("what a source writes one way is told once", () => {
  const both =
    "{ custom_fields: { Born: { value: born, type: date }, Paid: { value: paid, type: number } } }";
  const payload = { born: "03/02/2026", paid: "12.500" };

  test("for the source", async () => {
    const source = shopWith(both, 'dates: dmy\n    decimal: ","');
    expect(await custom(source, payload)).toMatchObject({
      patch: { "custom_fields.Born": "2026-02-03", "custom_fields.Paid": 12_500 },
      warnings: [],
    });
  });

  test("for one value, which goes before the source's", async () => {
    const map =
      "{ custom_fields: { Born: { value: born, type: date, dates: mdy }, Paid: { value: paid, type: number, decimal: . } } }";
    expect(await custom(shopWith(map, 'dates: dmy\n    decimal: ","'), payload)).toMatchObject({
      patch: { "custom_fields.Born": "2026-03-02", "custom_fields.Paid": 12.5 },
    });
  });

  test("for all sources, by the defaults", async () => {
    const text = `
defaults: { dates: dmy, decimal: "," }
sources:
  shop: { provider: shopify, secret: s, map: ${both} }
`;
    const result = sourcesFromYaml(text, "sources.yaml", {}, fakeProviders);
    const source = result.ok ? result.sources[0] : undefined;
    if (!source) throw new Error("no source");
    expect(await custom(source, payload)).toMatchObject({
      patch: { "custom_fields.Born": "2026-02-03", "custom_fields.Paid": 12_500 },
    });
  });

  test("not told, the value is left out and the warning proposes it", async () => {
    expect(await custom(shopWith(both), payload)).toMatchObject({
      patch: { email: "ada@example.com" },
      warnings: [
        { field: "custom_fields.Born", message: expect.stringContaining("dates: dmy") },
        { field: "custom_fields.Paid", message: expect.stringContaining('decimal: ","') },
      ],
    });
  });

  test("the label of a consent box", async () => {
    const map =
      "{ custom_fields: { Consent: { value: ok, type: checkbox, checked: [I agree], unchecked: [I do not] } } }";
    const source = shopWith(map);
    expect(await custom(source, { ok: ["I agree"] })).toMatchObject({
      patch: { "custom_fields.Consent": true },
    });
    expect(await custom(source, { ok: "i do not" })).toMatchObject({
      patch: { "custom_fields.Consent": false },
    });
  });

  test.each([
    ["{}", "dates: day first", '"day first" is no order of day, month and year ("dmy", "mdy", "ymd")'],
    ["{}", 'decimal: ";"', '";" is no mark before a fraction (",", ".")'],
    ["{ custom_fields: { A: { value: a, dates: dmy } } }", "", "is only for `type: date`"],
    ["{ custom_fields: { A: { value: a, type: date, decimal: . } } }", "", "is only for `type: number`"],
    ["{ custom_fields: { A: { value: a, type: text, checked: [x] } } }", "", "is only for `type: checkbox`"],
    ["{ custom_fields: { A: { value: a, type: checkbox, checkd: [x] } } }", "", "checked"],
    ["{}", "dates: DMY", '("dmy", "mdy", "ymd"); did you mean "dmy"?'],
    ["{}", 'decimal: "-"', '"-" is no mark before a fraction (",", ".")'],
    [
      "{ custom_fields: { A: { value: a, type: checkbox, checked: [Yes], unchecked: [no, yes ] } } }",
      "",
      'A.unchecked: names "yes", which `checked` names too',
    ],
    ["{ email: { value: a, dates: dmy } }", "", "is not for the field email"],
  ])("a mistake in it is named with its place: %s %s", (map, settings, problem) => {
    expect(() => shopWith(map, settings)).toThrow(problem);
    expect(() => shopWith(map, settings)).toThrow(/sources\.yaml:\d+:\d+ /);
  });
});

describe("what was left out of a value is told", () => {
  test("a title before a full name", async () => {
    const { fields } = await reported(shopWith("{}"), { email: "a@b.co", fullName: "Dr. Siti Nurhaliza" });
    expect(fields.slice(0, 2)).toEqual([
      {
        field: "firstName",
        from: "fullName",
        was: "Dr. Siti Nurhaliza",
        became: "Siti",
        note: "the title 'Dr.' is left out",
      },
      { field: "lastName", from: "fullName", was: "Dr. Siti Nurhaliza", became: "Nurhaliza" },
    ]);
  });

  test.each(["{}", "{ phone: phone }"])("a second number in one text, with the map %s", async (map) => {
    expect(await mapped(shopWith(map), { phone: "+6012-3456789 / 03-12345678" })).toMatchObject({
      contact: "phone:+60123456789",
      warnings: [{ field: "phone", message: expect.stringContaining("03-12345678 is not taken") }],
    });
  });
});

import { describe, expect, test } from "vitest";
import { fakeProviders, shop } from "./fixtures/providers.ts";
import { mapped, shopWith } from "./fixtures/shop.ts";
import { previewSource, sourcesFromYaml } from "./load.ts";

const plain = previewSource(shop);
const ada = { email: "ada@example.com" };

describe("regions of phone numbers", () => {
  test("without any, only numbers with a country code are taken", async () => {
    expect(await mapped(plain, { phone: "012-345 6789" })).toEqual({
      kind: "unreadable",
      message: expect.stringContaining("no country code"),
      warnings: [{ field: "phone", message: expect.stringContaining("no country code") }],
    });
  });

  test("the field's goes before the source's, and that before the default", async () => {
    const result = sourcesFromYaml(
      `
defaults: { region: MY }
sources:
  a: { provider: shopify, secret: s }
  b: { provider: shopify, secret: s, region: SG }
  c: { provider: shopify, secret: s, map: { phone: { value: phone, region: sg } } }
  d: { provider: shopify, secret: s, map: { phone: phone } }
`,
      "sources.yaml",
      {},
      fakeProviders,
    );
    const sources = result.ok ? result.sources : [];
    const phones = await Promise.all(sources.map((source) => mapped(source, { phone: "91234567" })));
    expect(phones.map((result) => result.kind === "update" && result.contact)).toEqual([
      "phone:+6091234567",
      "phone:+6591234567",
      "phone:+6591234567",
      "phone:+6091234567",
    ]);
  });
});

describe("who is meant", () => {
  const both = { email: "Ada@Example.com", phone: "+60 12-345 6789" };

  test("the first of identify that the update carries; both stay in the update", async () => {
    const patch = { email: "ada@example.com", phone: "+60123456789" };
    expect(await mapped(plain, both)).toMatchObject({ contact: "phone:+60123456789", patch });
    expect(await mapped(shopWith("{}", "identify: [email, phone]"), both)).toMatchObject({
      contact: "email:ada@example.com",
      patch,
    });
  });

  test("an identifier that is not fit names nobody, the next one does", async () => {
    expect(await mapped(plain, { ...both, phone: "none" })).toMatchObject({
      contact: "email:ada@example.com",
    });
  });

  test("a cleared phone names nobody and is still cleared", async () => {
    const source = shopWith("{ phone: { value: gone, clear: true } }");
    expect(await mapped(source, both)).toMatchObject({
      contact: "email:ada@example.com",
      patch: { email: "ada@example.com", phone: null },
    });
    expect(await mapped(source, { firstName: "Ada" })).toMatchObject({
      kind: "ignored",
      reason: "no-identifier",
    });
  });

  test.each([
    [123, "id:123"],
    ["9007199254740991", "id:9007199254740991"],
    ["0", undefined],
    ["a1", undefined],
    [1.5, undefined],
  ])("an id %j names %s and is no field", async (id, contact) => {
    const source = shopWith("{ id: contact_id }", "identify: [id]");
    const result = await mapped(source, { contact_id: id, lastName: "Lovelace" });
    const expected =
      contact === undefined
        ? { kind: "ignored", reason: "no-identifier", warnings: [{ field: "id" }] }
        : { contact, patch: { lastName: "Lovelace" }, warnings: [] };
    expect(result).toMatchObject(expected);
  });

  test("an id alone changes nothing", async () => {
    const source = shopWith("{ id: contact_id }", "identify: [id]");
    expect(await mapped(source, { contact_id: 7 })).toEqual({
      kind: "ignored",
      reason: "no-fields",
      warnings: [],
    });
  });

  test("an e-mail alone is still an update", async () => {
    expect(await mapped(plain, ada)).toMatchObject({ kind: "update", patch: ada });
  });
});

import { expect, test, vi } from "vitest";
import { eventOf, fakeProviders, shop } from "./fixtures/providers.ts";
import { mapped } from "./fixtures/shop.ts";
import { previewSource, sourcesFromYaml } from "./load.ts";

vi.mock("jsonata", () => ({
  default() {
    throw new Error("JSONata was asked");
  },
}));

const payload = {
  firstName: "Ada",
  lastName: "Lovelace",
  phone: "+60123456789",
  email: "ada@example.com",
  language: "en",
  profilePic: "https://cdn.example.com/ada.png",
  countryCode: "GB",
};

test("an event of a source without a map is mapped without JSONata", async () => {
  expect(await mapped(previewSource(shop), payload)).toEqual({
    kind: "update",
    contact: "phone:+60123456789",
    patch: payload,
    warnings: [],
  });
});

test("a map that only removes fields needs no JSONata either", async () => {
  const text = "sources:\n  shop: { provider: shopify, secret: s, map: { language: null } }\n";
  const result = sourcesFromYaml(text, "sources.yaml", {}, fakeProviders);
  const { language: _, ...rest } = payload;
  expect(result.ok && (await result.sources[0]?.map(eventOf(payload)))).toMatchObject({ patch: rest });
});

test("an expression that JSONata refuses for whatever reason is a problem of the file", () => {
  const text = "sources:\n  shop: { provider: shopify, secret: s, map: { language: lang } }\n";
  expect(sourcesFromYaml(text, "sources.yaml", {}, fakeProviders)).toEqual({
    ok: false,
    problems: ["sources.yaml:2:58 sources.shop.map.language: JSONata was asked"],
  });
});

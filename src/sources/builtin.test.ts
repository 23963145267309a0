import { expect, test } from "vitest";
import { bare, eventOf, fakeProvider, fakeProviders, form, shop } from "./fixtures/providers.ts";
import { builtInSources, previewSource, secretVariable } from "./load.ts";

test("the variable is named after the provider and what it can prove", () => {
  expect(secretVariable(shop)).toBe("SHOPIFY_WEBHOOK_SECRET");
  expect(secretVariable(form)).toBe("FORM_KEY");
  expect(secretVariable(bare)).toBe("STANDARD_WEBHOOKS_WEBHOOK_SECRET");
  expect(secretVariable(fakeProvider("contact-form-7", { proof: "key" }))).toBe("CONTACT_FORM_7_KEY");
});

test("a provider whose variable is missing or empty is off, and the note says why", () => {
  const env = { FORM_KEY: "", SHOPIFY_KEY: "wrong kind", CLOUDEVENTS_KEY: " " };
  expect(builtInSources(env, fakeProviders)).toEqual({
    ok: true,
    sources: [],
    destinations: [],
    notes: [
      "off, because their variables are not set: shopify (SHOPIFY_WEBHOOK_SECRET), form (FORM_KEY is empty), " +
        "cloudevents (CLOUDEVENTS_KEY is empty), standard-webhooks (STANDARD_WEBHOOKS_WEBHOOK_SECRET)",
    ],
  });
});

test("a provider whose variable is set is on under its own name, the value taken as it is", async () => {
  const env = { SHOPIFY_WEBHOOK_SECRET: "a,b ${c} ", FORM_KEY: "k" };
  const result = builtInSources(env, fakeProviders);
  if (!result.ok) throw new Error("built-in sources are always read");
  const [first, second] = result.sources;
  expect(result.sources.map(({ name }) => name)).toEqual(["shopify", "form"]);
  expect(first?.credentials).toEqual({ secrets: ["a,b ${c} "], keys: [] });
  expect(second?.credentials).toEqual({ secrets: [], keys: ["k"] });
  expect(first?.selects("anything")).toBe(true);
  expect(await first?.map(eventOf({ email: "Ada@Example.com" }))).toMatchObject({
    contact: "email:ada@example.com",
  });
});

test("a provider that maps nothing by itself is served, and the note says what it lacks", () => {
  const result = builtInSources({ STANDARD_WEBHOOKS_WEBHOOK_SECRET: "whsec_hidden" }, [bare]);
  expect(result).toMatchObject({
    sources: [{ name: "standard-webhooks" }],
    notes: [expect.stringContaining("without a `map`")],
  });
});

test("no note shows a secret", () => {
  const env = { SHOPIFY_WEBHOOK_SECRET: "hunter2", FORM_KEY: "hunter2" };
  expect(JSON.stringify(builtInSources(env, fakeProviders).ok)).toBe("true");
  const result = builtInSources(env, fakeProviders);
  expect(result.ok && result.notes.join("\n")).not.toContain("hunter2");
});

test("a provider can be tried without any credentials", async () => {
  const source = previewSource(shop);
  expect(source.credentials).toEqual({ secrets: [], keys: [] });
  expect(await source.map(eventOf({ phone: "+60123456789" }))).toMatchObject({ kind: "update" });
});

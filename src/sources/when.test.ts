import { describe, expect, test } from "vitest";
import { providers } from "../providers/registry.ts";
import { eventOf } from "./fixtures/providers.ts";
import { mapped, reported, shopWith } from "./fixtures/shop.ts";
import { sourcesFromYaml } from "./load.ts";

const person = { email: "ada@example.com" };

describe("a source's `when`", () => {
  test.each<[string, object, boolean]>([
    ["consent", { ...person, consent: true }, true],
    ["consent", { ...person, consent: false }, false],
    ["consent", person, false],
    ["consent", { ...person, consent: "yes" }, false],
    ["consent = 'yes'", { ...person, consent: "yes" }, true],
    ["country in ['MY', 'SG']", { ...person, country: "SG" }, true],
    ["country in ['MY', 'SG']", { ...person, country: "US" }, false],
    ["$not(test)", { ...person, test: true }, false],
    ["$event.type = 'orders/create'", person, true],
    ["$exists(email) and total > 10", { ...person, total: 11 }, true],
  ])("%s lets %j through: %s", async (when, payload, passes) => {
    const source = shopWith("{}", `when: ${JSON.stringify(when)}`);
    expect(await mapped(source, payload)).toMatchObject(
      passes ? { kind: "update" } : { kind: "ignored", reason: "filtered", warnings: [] },
    );
  });

  test("tells what it was evaluated to, and why that is not enough", async () => {
    const source = shopWith("{}", "when: consent");
    expect((await reported(source, { ...person, consent: "yes" })).fields).toEqual([
      { field: "when", from: "consent", was: "yes", why: "it is not true" },
    ]);
    expect((await reported(source, person)).fields).toMatchObject([{ why: "it found nothing" }]);
  });

  test("that cannot be worked out for an event loses nobody: the event is kept", async () => {
    const source = shopWith("{}", "when: \"$lowercase(consent) = 'yes'\"");
    expect(await mapped(source, { ...person, consent: 5 })).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("`when` cannot be worked out"),
    });
  });

  test("does not stand in the way of a request to erase somebody", async () => {
    const source = shopWith("{}", "when: consent");
    const request = eventOf({ emails: ["ada@example.com"] }, { type: "redact" });
    expect(await source.map(request)).toMatchObject({ kind: "erase", contacts: ["email:ada@example.com"] });
  });

  test("sees the answers of a form", async () => {
    const text = `
sources:
  one: { provider: form, key: k, when: "answers.consent = 'on'" }
`;
    const result = sourcesFromYaml(text, "sources.yaml", {}, providers);
    const source = result.ok ? result.sources[0] : undefined;
    const map = (payload: object) => source?.map(eventOf(payload, { provider: "form" }));
    expect(await map({ ...person, consent: "on" })).toMatchObject({ kind: "ignored" });
  });

  test("that is no expression stops the start, with its place", () => {
    expect(() => shopWith("{}", "when: 'a ='")).toThrow(/sources\.yaml:\d+:\d+ sources\.shop\.when/);
  });
});

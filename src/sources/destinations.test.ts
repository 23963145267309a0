import { describe, expect, it } from "vitest";
import { fakeProviders } from "./fixtures/providers.ts";
import { sourcesFromYaml } from "./load.ts";

const env = { TOKEN: "tok_1", RATE: "5", PASTED: "Bearer tok_1" };

function load(destinations: string, source = "") {
  const file = `destinations: ${destinations}\nsources:\n  shop: { provider: shopify, secret: s${source} }\n`;
  return sourcesFromYaml(file, "sources.yaml", env, fakeProviders);
}

function problems(destinations: string, source = ""): readonly string[] {
  const result = load(destinations, source);
  return result.ok ? [] : result.problems;
}

it("a workspace has its own token, and what it does not say is as the settings say", () => {
  expect(
    load(
      '{ a: { token: "${TOKEN}" }, b: { token: t, url: "http://127.0.0.1:1/", rate: "${RATE}", fields: check } }',
    ),
  ).toMatchObject({
    ok: true,
    destinations: [
      { name: "a", token: "tok_1", baseUrl: undefined, ratePerSecond: undefined, fields: undefined },
      { name: "b", token: "t", baseUrl: "http://127.0.0.1:1", ratePerSecond: 5, fields: "check" },
    ],
    sources: [{ destination: "default" }],
  });
});

it("a source belongs to the workspace that it names, and the notes tell", () => {
  const loaded = load("{ acme: { token: t } }", ", destination: acme");
  expect(loaded).toMatchObject({ ok: true, sources: [{ destination: "acme" }] });
  expect(loaded.ok && loaded.notes).toEqual(["shop is on at /webhooks/shop: shopify, for acme"]);
});

describe("mistakes are told with their place, in the words of the setting that they stand for", () => {
  it.each([
    ["{ acme: {} }", "1:23 destinations.acme: needs a `token`"],
    ["{ acme: { token: t, rat: 5 } }", '1:35 destinations.acme.rat: is not known here; did you mean "rate"?'],
    [
      "{ Acme: { token: t } }",
      "1:17 destinations.Acme: is no name of a destination: a-z, 0-9 and _, beginning with a letter, at most 24",
    ],
    [
      "{ default: { token: t } }",
      "1:17 destinations.default: is the name of the workspace of AELYST_API_TOKEN: take another one",
    ],
    [
      '{ acme: { token: "${PASTED}" } }',
      '1:32 destinations.acme.token: begins with "Bearer": give the token alone',
    ],
    [
      "{ acme: { token: t, url: ftp://x } }",
      "1:40 destinations.acme.url: must be a URL that starts with https:// or http://",
    ],
    [
      "{ acme: { token: t, rate: 0 } }",
      '1:41 destinations.acme.rate: must be a number from 0.1 to 10000, not "0"',
    ],
  ])("%s", (destinations, problem) => {
    expect(problems(destinations)).toEqual([`sources.yaml:${problem}`]);
  });

  it("a source that names no destination of the file", () => {
    expect(problems("{ acme: { token: t } }", ", destination: acne")).toEqual([
      'sources.yaml:3:54 sources.shop.destination: "acne" is no destination; did you mean "acme"? (there are: acme, default)',
    ]);
  });

  it("never with a token", () => {
    expect(problems('{ acme: { token: "hunter 2" } }').join()).not.toContain("hunter");
  });
});

import { expect, it } from "vitest";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "../sources/load.ts";
import { configurationHash } from "./configuration.ts";
import { settingsInForce } from "./settings.ts";

const file = (key: string, more = "") => `
destinations:
  acme: { token: token-in-the-file }
sources:
  shop:
    provider: form
    key: ${key}
    destination: acme
    consume: { redis: "redis://:hunter2@bus:6379", stream: s, group: g }
    map: { email: email${more} }
`;

function hashOf(env: Readonly<Record<string, string>>, text = file("a-key")): string {
  const loaded = sourcesFromYaml(text, "sources.yaml", { SHOP_KEY: "filled-in", ...env }, providers);
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  return configurationHash(settingsInForce({ env }), loaded);
}

const usual = hashOf({});

it.each([
  ["a setting of its own", { PORT: "3001", HOST: "10.0.0.1", ROLE: "worker", LOG_LEVEL: "debug" }],
  ["a default that is written out", { AELYST_RATE_LIMIT: "10" }],
  ["a secret", { ADMIN_TOKEN: "another", AELYST_API_TOKEN: "other", REDIS_URL: "redis://:pw@elsewhere" }],
])("%s does not change a configuration", (_, env) => {
  expect(hashOf(env)).toBe(usual);
});

it("a secret in the file does not change it either, wherever it stands", () => {
  expect(hashOf({}, file("another-key-that-is-longer"))).toBe(usual);
  expect(hashOf({}, file("a-key").replace("token-in-the-file", "another"))).toBe(usual);
  expect(hashOf({}, file("a-key").replace("hunter2", "hunter3"))).toBe(usual);
});

it("a setting that all share changes it, and so does a map", () => {
  expect(hashOf({ AELYST_RATE_LIMIT: "11" })).not.toBe(usual);
  expect(hashOf({ RETENTION_HOURS: "24" })).not.toBe(usual);
  expect(hashOf({}, file("a-key", ", phone: phone"))).not.toBe(usual);
  expect(usual).toMatch(/^[0-9a-f]{12}$/);
});

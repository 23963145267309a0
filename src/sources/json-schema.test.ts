import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { providers } from "../providers/registry.ts";
import { sourcesJsonSchema } from "./json-schema.ts";
import { sourcesFromYaml } from "./load.ts";

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
const validate = ajv.compile(sourcesJsonSchema(providers));

const env = { SECRET: "s", REGION: "MY" };
const isRefused = (text: string) => !sourcesFromYaml(text, "sources.yaml", env, providers).ok;
const isRefusedBySchema = (text: string) => !validate(parse(text));

const shop = (lines: string) =>
  `sources:\n  shop:\n    provider: shopify\n    secret: s\n    ${lines.replaceAll("\n", "\n    ")}\n`;
const mapped = (lines: string) => shop(`map:\n  ${lines.replaceAll("\n", "\n  ")}`);
const custom = (value: string) => mapped(`custom_fields:\n  A: ${value}`);
const example = (value: string) => shop(`examples:\n  - ${value}`);

describe("a right file is accepted by both", () => {
  const documented = readFileSync(fileURLToPath(new URL("../../docs/sources.md", import.meta.url)), "utf8");
  const blocks = [...documented.matchAll(/^```yaml\n(sources:[\s\S]*?|defaults:[\s\S]*?)^```/gm)].map(
    ([, text]) => text ?? "",
  );
  const every = providers.map(({ name, proof, mapping, settings = [] }) =>
    [
      `sources:\n  one:\n    provider: ${name}\n    ${proof === "secrets" ? "secrets" : "keys"}: [a, b]`,
      ...(mapping === "never" ? [] : [`    map: { email: email }`]),
      ...(settings.includes("publicUrl") ? ["    public_url: https://hooks.example.com"] : []),
      ...(settings.includes("accessToken") ? ["    access_token: t\n    verify_token: v"] : []),
    ].join("\n"),
  );

  it("the documents have some", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ...blocks,
    ...every,
    shop("region: ${REGION}\nidentify: email\nevents: orders/*\ndates: dmy\ndecimal: ','"),
    shop("when: true"),
    `destinations: { acme: { token: t, url: https://a.example.com, rate: 5 } }\n${shop("destination: acme")}`,
    "sources:\n  bus: { provider: cloudevents, consume: { redis: redis://bus:6379/1, stream: s, start: new } }",
    "sources:\n  bus: { provider: cloudevents, consume: { nats: 'nats://a:4222, tls://b', stream: S, subject: [a, 'b.>'], durable: d, start: first, credentials: c } }",
    "sources:\n  bus: { provider: cloudevents, consume: { amqp: amqps://u:p@rabbit/vhost, queue: q } }",
    mapped("email: null\nphone: { value: 12345678901234567890123, region: SG, clear: true }"),
    mapped("was: { email: before }\nfirstName: { value: a, clear: false }"),
    custom("{ value: a, type: list, options: [1, yes, free] }"),
    custom("{ value: a, type: checkbox, checked: [I agree] }"),
    example("{ name: a, payload: text, expect: { ignored: true } }"),
    example("{ name: a, file: a.json, expect: { email: a, phone: null, custom_fields: { A: 1 } } }"),
  ])("%s", (text) => {
    const known = text
      .replaceAll(/\$\{\w+\}/g, "${SECRET}")
      .replace(/region: \$\{SECRET\}/, "region: ${REGION}");
    expect(validate(parse(known)), ajv.errorsText(validate.errors)).toBe(true);
    expect(sourcesFromYaml(known, "sources.yaml", env, providers)).toMatchObject({ ok: true });
  });
});

describe("a wrong file is refused by both", () => {
  it.each([
    "",
    "- a",
    "sources: {}",
    "sources:",
    "defaults: { region: MY }",
    "sources:\n  shop: {}",
    "sources:\n  -shop: { provider: shopify, secret: s }",
    "sources:\n  shop: { provider: shopfy, secret: s }",
    "sources:\n  shop: { provider: shopify }",
    "sources:\n  own: { provider: aelyst, secret: s, map: { email: email } }",
    "sources:\n  own: { provider: aelyst, secret: s, when: true }",
    "sources:\n  own: { provider: aelyst, consume: { redis: redis://bus:6379/1, stream: s } }",
    "sources:\n  shop: { provider: shopify, key: k }",
    "sources:\n  form: { provider: form, secret: s }",
    "sources:\n  form: { provider: form }",
    "sources:\n  svix: { provider: standard-webhooks, secret: s }",
    "defaults: { regoin: MY }\nsources:\n  shop: { provider: shopify, secret: s }",
    "defaults: { identify: [phoen] }\nsources:\n  shop: { provider: shopify, secret: s }",
    `destinations: { acme: {} }\n${shop("destination: acme")}`,
    `destinations: { Acme: { token: t } }\n${shop("")}`,
    `destinations: { acme: { token: t, speed: 5 } }\n${shop("")}`,
    shop("colour: red"),
    shop("secret2: a"),
    shop("key: k"),
    shop("secrets: []"),
    shop("secrets: 5"),
    shop("redirect: https://example.com"),
    shop("honeypot: a"),
    shop("access_token: a"),
    shop("consume: { redis: a }"),
    shop("consume: { stream: s }"),
    shop("consume: { redis: redis://a, stream: s, start: last }"),
    shop("consume: { redis: redis://a, stream: s, topic: t }"),
    shop("consume: redis"),
    shop("consume: {}"),
    shop("consume: { redis: redis://a, nats: nats://a, stream: s }"),
    shop("consume: { redis: redis://a, stream: s, durable: d }"),
    shop("consume: { nats: nats://a, subject: s }"),
    shop("consume: { nats: nats://a, stream: s, group: g }"),
    shop("consume: { amqp: amqp://a }"),
    shop("consume: { amqp: amqp://a, queue: q, stream: s }"),
    shop("region: 60"),
    shop("region: Singapore"),
    shop("dates: dym"),
    shop("priority: urgent"),
    shop("events: [1]"),
    shop("events: ''"),
    shop("when: [a]"),
    shop("map: email"),
    mapped("first_name: a"),
    mapped("firstName: { value: a, clear: true }"),
    mapped("lastName: { value: a, region: SG }"),
    mapped("email: { value: a, type: email }"),
    mapped("email: {}"),
    mapped("phone: { value: a, clear: maybe }"),
    mapped("was: a"),
    mapped("was: { name: a }"),
    mapped("id: { value: a, clear: true }"),
    custom("null"),
    custom("{ value: a, type: dat }"),
    custom("{ value: a, type: list }"),
    custom("{ value: a, options: [s] }"),
    custom("{ value: a, type: list, options: [] }"),
    custom("{ value: a, type: number, dates: dmy }"),
    custom("{ value: a, region: MY }"),
    mapped("custom_fields: { '': a }"),
    mapped("custom_fields: [a]"),
    example("{ payload: {}, expect: {} }"),
    example("{ name: a, payload: {} }"),
    example("{ name: a, expect: {} }"),
    example("{ name: a, payload: {}, file: a.json, expect: {} }"),
    example("{ name: a, payload: {}, expect: { ignored: true, email: a } }"),
    example("{ name: a, payload: {}, expect: { mail: a } }"),
    example("{ name: a, payload: {}, expect: { email: [a] } }"),
    example("text"),
  ])("%s", (text) => {
    expect(isRefused(text)).toBe(true);
    expect(isRefusedBySchema(text)).toBe(true);
  });
});

it.each([
  ["a variable that is not set", shop("region: ${NOWHERE}")],
  ["an expression that does not compile", mapped("email: a +")],
  ["a source that can never name anybody", mapped("email: null\nphone: null")],
  [
    "an address that is none",
    shop("").replace("shopify", "form").replace("secret", "key") + "    redirect: /thanks",
  ],
])("what no schema can say is left to check: %s", (_, text) => {
  expect(isRefused(text)).toBe(true);
  expect(isRefusedBySchema(text)).toBe(false);
});

import { expect, test } from "vitest";
import type { InboundRequest } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import { builtInSources, secretVariable, sourcesFromYaml } from "./load.ts";
import { withoutReport } from "./fixtures/shop.ts";
import type { Source } from "./source.ts";

const env = { SHOP_SECRET: "one", SHOP_OLD_SECRET: "two", NEWSLETTER_KEY: "three", BUS_KEY: "four" };
const file = `
defaults:
  region: MY                      # for phone numbers written without a country code
  identify: [phone, email]        # first of these that the update carries names the contact
sources:
  shop:
    provider: shopify
    secrets: ["\${SHOP_SECRET}", "\${SHOP_OLD_SECRET}"]   # any may match: rotation
    events: ["orders/*", "customers/create", "customers/update"]   # others: ignored
    map:                          # on top of the provider's own mapping
      custom_fields:
        Last order:  name                                   # JSONata over the payload
        Order total: { value: $number(total_price), type: number }
  newsletter:
    provider: form
    key: \${NEWSLETTER_KEY}
    redirect: https://example.com/thanks
    cors: [https://example.com]
    honeypot: _gotcha
    map:
      firstName: first_name
      email: email
      phone: { value: mobile, region: SG }
      countryCode: country
      custom_fields:
        Birthday: { value: dob, type: date }
        Consent:  { value: consent, type: checkbox }
        Plan:     { value: plan, type: list, options: [free, pro] }
  bus:
    provider: cloudevents
    key: \${BUS_KEY}
    map: { email: user.email, firstName: user.name.given }
`;
const now = Date.UTC(2026, 0, 5, 10);

function loaded(): ReadonlyMap<string, Source> {
  const result = sourcesFromYaml(file, "sources.yaml", env, providers);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return new Map(result.sources.map((source) => [source.name, source]));
}

/** Signs the request with each of the source's credentials, verifies and maps it. */
async function sent(
  name: string,
  headers: Record<string, string>,
  body: string | URLSearchParams,
): Promise<unknown[]> {
  const source = loaded().get(name);
  if (!source) throw new Error(`no source ${name}`);
  const { provider, credentials } = source;
  const all: unknown[] = [];
  for (const credential of [...credentials.secrets, ...credentials.keys]) {
    const signed = provider.sign({ headers, body: Buffer.from(body.toString()) }, credential, now);
    const request: InboundRequest = { ...signed, method: "POST", target: "/", receivedAt: now };
    expect(provider.verify(request, credentials, now)).toEqual({ ok: true });
    const parsed = provider.parse(request);
    if (parsed.kind !== "events") throw new Error(JSON.stringify(parsed));
    for (const event of parsed.events) {
      const known = { id: "evt_1", source: name, provider: provider.name, identity: "i", replay: 0 };
      const times = { occurredAt: event.occurredAt ?? now, receivedAt: now };
      all.push(withoutReport(await source.map({ ...event, ...known, ...times })));
    }
  }
  return all;
}

test("a shop's order becomes its customer's update, with either secret", async () => {
  const order = {
    id: 1001,
    name: "#1001",
    email: "ada@example.com",
    phone: "+60123456789",
    total_price: "149.90",
    updated_at: "2026-01-05T10:00:00Z",
    customer: { id: 7, first_name: "Ada", last_name: "Lovelace" },
  };
  const headers = { "content-type": "application/json", "x-shopify-topic": "orders/create" };
  const updates = await sent("shop", headers, JSON.stringify(order));
  expect(updates).toHaveLength(2);
  for (const update of updates) {
    expect(update).toMatchObject({
      kind: "update",
      contact: "phone:+60123456789",
      patch: {
        firstName: "Ada",
        lastName: "Lovelace",
        phone: "+60123456789",
        email: "ada@example.com",
        "custom_fields.Last order": "#1001",
        "custom_fields.Order total": 149.9,
      },
      warnings: [],
    });
  }
});

test("a browser's form becomes an update, its phone number read as one of Singapore", async () => {
  const fields = new URLSearchParams({
    first_name: "Mei",
    email: "Mei@Example.com ",
    mobile: "8123 4567",
    country: "Singapore",
    dob: "31/12/1990",
    consent: "on",
    plan: "Pro",
    phone: "",
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect(await sent("newsletter", headers, fields)).toEqual([
    {
      kind: "update",
      contact: "phone:+6581234567",
      patch: {
        firstName: "Mei",
        email: "mei@example.com",
        phone: "+6581234567",
        countryCode: "SG",
        "custom_fields.Birthday": "1990-12-31",
        "custom_fields.Consent": true,
        "custom_fields.Plan": "pro",
      },
      warnings: [],
    },
  ]);
});

test("a bus's event is mapped from its data", async () => {
  const event = {
    specversion: "1.0",
    id: "1",
    source: "/crm",
    type: "com.example.user",
    data: { user: { email: "ada@example.com", name: { given: "Ada" } } },
  };
  const headers = { "content-type": "application/cloudevents+json" };
  expect(await sent("bus", headers, JSON.stringify(event))).toEqual([
    {
      kind: "update",
      contact: "email:ada@example.com",
      patch: { email: "ada@example.com", firstName: "Ada" },
      warnings: [],
    },
  ]);
});

test("only the listed events of the shop are selected", () => {
  const shop = loaded().get("shop");
  const types = ["orders/create", "orders/paid", "customers/update", "customers/delete", "checkouts/create"];
  expect(types.filter((type) => shop?.selects(type))).toEqual(types.slice(0, 3));
});

test("every provider can be switched on by its own variable", () => {
  const variables = providers.map((provider) => secretVariable(provider));
  expect(new Set(variables).size).toBe(providers.length);
  const env = { PUBLIC_URL: "https://hooks.example.com" };
  const set = { ...env, ...Object.fromEntries(variables.map((name) => [name, "x"])) };
  const result = builtInSources(set, providers);
  expect(result.ok && result.sources.map(({ name }) => name)).toEqual(providers.map(({ name }) => name));
});

test("no sample of any provider makes its mapping fail", async () => {
  for (const provider of providers) {
    const env = { PUBLIC_URL: "https://hooks.example.com", [secretVariable(provider)]: "x" };
    const loaded = builtInSources(env, [provider]);
    const source = loaded.ok ? loaded.sources[0] : undefined;
    if (!source) throw new Error(`${provider.name} does not load`);
    for (const sample of provider.samples) {
      const parsed = provider.parse({
        method: "POST",
        headers: { "content-type": "application/json", ...sample.headers },
        query: {},
        target: "/",
        body: Buffer.from(sample.body),
        receivedAt: now,
      });
      if (parsed.kind !== "events") throw new Error(`${provider.name}: ${sample.name} is ${parsed.kind}`);
      for (const event of parsed.events) {
        const known = {
          id: "evt_1",
          source: provider.name,
          provider: provider.name,
          identity: "i",
          replay: 0,
        };
        const mapped = await source.map({
          ...event,
          ...known,
          occurredAt: now,
          receivedAt: now,
        });
        expect(mapped.kind, `${provider.name}: ${sample.name}`).not.toBe("failed");
      }
    }
  }
});

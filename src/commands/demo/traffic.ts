import type { FieldValue } from "../../contact/contact-patch.ts";
import { findProvider } from "../../providers/registry.ts";
import { guest, lead } from "./strangers.ts";

/**
 * What the demo's sources are configured with; the secrets exist for one run only.
 *
 * @param consume what the bus is pulled from, where it is not posted to
 */
export const demoSources = (consume?: string) => `
sources:
  shop:
    provider: shopify
    secret: \${DEMO_SECRET}
    events: ["orders/*", "customers/*"]
    map:
      custom_fields:
        Last order: name
        Order total: { value: $number(total_price), type: number }
  billing:
    provider: stripe
    secret: \${DEMO_SECRET}
  newsletter:
    provider: form
    key: \${DEMO_SECRET}
    honeypot: website
    map:
      custom_fields:
        Plan: { value: plan, type: list, options: [free, pro] }
        Shoe size: { value: shoe_size, type: number }
  bus:
    provider: cloudevents
    key: \${DEMO_SECRET}${consume === undefined ? "" : `\n    consume: ${consume}`}
    map:
      phone: user.phone
      custom_fields:
        Score: { value: score, type: number }
  workspace:
    provider: aelyst
    secret: \${DEMO_SECRET}
`;

/** The custom fields that exist in the demo's workspace: "Shoe size" does not, so the API refuses it. */
export const demoCustomFields = {
  "Last order": { type: "text" },
  "Order total": { type: "number" },
  Plan: { type: "list", options: ["free", "pro"] },
  Score: { type: "number" },
} as const;

/** Whom the API has at the start. */
export const knownContacts = () => people.map(([firstName], index) => ({ firstName, phone: phoneOf(index) }));

export interface DemoPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly kind: "event" | "duplicate" | "robot" | "tampered" | "unreadable" | "unwanted";
  /** Text that can as well be put on a bus, where there is one. */
  readonly message?: string;
}

interface DemoEvent {
  readonly source: string;
  readonly provider: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contact: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What the API has to hold when this is the newest that speaks of it; custom fields by name. */
  readonly says: Readonly<Record<string, FieldValue>>;
}

export interface DemoTraffic {
  readonly posts: readonly DemoPost[];
  /** The contact whose single field the API will refuse. */
  readonly refusedContact: string;
  /** Contact -> field -> value, by the plain rule that the newest event wins. */
  readonly expected: ReadonlyMap<string, Readonly<Record<string, FieldValue>>>;
}

const people = [
  ["Ada", "Lovelace"],
  ["Grace", "Hopper"],
  ["Siti", "Aminah"],
  ["Budi", "Santoso"],
  ["Wei", "Zhang"],
  ["Maria", "Gomez"],
  ["João", "Silva"],
  ["Anna", "Schmidt"],
  ["Marie", "Curie"],
  ["Kwame", "Mensah"],
  ["Yuki", "Tanaka"],
  ["Olga", "Petrova"],
  ["Ali", "Hassan"],
  ["Nur", "Azizah"],
  ["Tom", "Becker"],
  ["Lucía", "Torres"],
  ["Emeka", "Okafor"],
  ["Ingrid", "Larsen"],
  ["Ravi", "Kumar"],
  ["Chloé", "Martin"],
] as const;

const json = { "content-type": "application/json" };
const burstEvents = 60;
const secondMs = 1_000;

/**
 * Twenty people and what their shop, billing, newsletter and bus have to say of them, and two whom the API does not have
 * yet: in any order, some of it twice, some of it late, one burst, and a few requests nobody should take.
 */
export function demoTraffic(secret: string, now: number, random: () => number): DemoTraffic {
  const events = people.flatMap((name, index) => personEvents(name, index, now));
  const burst = Array.from({ length: burstEvents }, (_, index) => score(0, index * 5, now, `burst-${index}`));
  const all = shuffle([...events, ...burst, ...strangerEvents()], random);
  const posts = all.map((event) => signedPost(event, secret, now, "event"));
  const repeated = shuffle(all, random)
    .slice(0, Math.floor(all.length / 4))
    .map((event) => signedPost(event, secret, now, "duplicate"));
  return {
    posts: [...insertLater(posts, repeated, random), ...unwelcome(secret, now)],
    refusedContact: contactOf(3),
    expected: newestWins(all),
  };
}

function phoneOf(index: number): string {
  return `+6012345${String(6_000 + index)}`;
}

function contactOf(index: number): string {
  return `phone:${phoneOf(index)}`;
}

function personEvents([firstName, lastName]: readonly [string, string], index: number, now: number) {
  const phone = phoneOf(index);
  const email = `${firstName}.${lastName}@example.com`
    .normalize("NFD")
    .replace(/[^\w.@]/g, "")
    .toLowerCase();
  const contact = contactOf(index);
  const total = 10 * (index + 1) + 0.5;
  const customer = { first_name: firstName, last_name: lastName, email, phone };
  const shop = (topic: string, at: number, body: object, says: DemoEvent["says"]): DemoEvent => ({
    source: "shop",
    provider: "shopify",
    headers: { ...json, "x-shopify-topic": topic },
    body: JSON.stringify({ id: 1_000 + index, updated_at: new Date(at).toISOString(), ...body }),
    contact,
    at,
    says,
  });
  const created = now - 3_600 * secondMs + index;
  const ordered = now - 60 * secondMs + index;
  const billed = now - 7_200 * secondMs + index * secondMs;
  const events: DemoEvent[] = [
    shop("customers/create", created, customer, { firstName, lastName, email, phone }),
    shop(
      "orders/create",
      ordered,
      { name: `#${1_000 + index}`, total_price: total.toFixed(2), email, phone, customer },
      { firstName, lastName, email, phone, "Last order": `#${1_000 + index}`, "Order total": total },
    ),
    {
      source: "billing",
      provider: "stripe",
      headers: json,
      body: JSON.stringify({
        id: `evt_demo_${index}`,
        object: "event",
        type: "customer.updated",
        created: Math.floor(billed / secondMs),
        data: {
          object: {
            object: "customer",
            name: `Former ${lastName}`,
            email,
            phone,
            preferred_locales: ["ms-MY"],
          },
        },
      }),
      contact,
      at: Math.floor(billed / secondMs) * secondMs,
      says: { firstName: "Former", lastName, email, phone, language: "ms" },
    },
    score(index, index * 7, now - 30 * secondMs, `score-${index}`),
  ];
  if (index % 2 === 1) events.push(subscription(index, firstName, email));
  return events;
}

/** A browser's form post. It has no time of its own, so it counts as newest on arrival. */
function subscription(index: number, firstName: string, email: string): DemoEvent {
  const plan = index % 3 === 0 ? "PRO" : "free";
  const fields = new URLSearchParams({
    first_name: firstName,
    email,
    tel: phoneOf(index),
    plan,
    website: "",
  });
  // The workspace has no such field: the API will refuse the whole request, and the relay will find out why.
  if (index === 3) fields.set("shoe_size", "38");
  const says = { firstName, email, phone: phoneOf(index), Plan: plan.toLowerCase() };
  return submission(contactOf(index), fields, says);
}

function submission(contact: string, fields: URLSearchParams, says: DemoEvent["says"]): DemoEvent {
  return {
    source: "newsletter",
    provider: "form",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: fields.toString(),
    contact,
    at: Number.MAX_SAFE_INTEGER,
    says,
  };
}

function strangerEvents(): DemoEvent[] {
  const { firstName, email, phone } = lead;
  return [
    submission(
      `phone:${phone}`,
      new URLSearchParams({ first_name: firstName, email, tel: phone, plan: "pro", website: "" }),
      { ...lead, Plan: "pro" },
    ),
    submission(
      `email:${guest.email}`,
      new URLSearchParams({ email: guest.email, plan: "free", website: "" }),
      { ...guest, Plan: "free" },
    ),
  ];
}

function score(index: number, value: number, at: number, id: string): DemoEvent {
  const time = at + value;
  return {
    source: "bus",
    provider: "cloudevents",
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify({
      specversion: "1.0",
      id,
      source: "/scoring",
      type: "com.example.score",
      time: new Date(time).toISOString(),
      data: { user: { phone: phoneOf(index) }, score: value },
    }),
    contact: contactOf(index),
    at: time,
    says: { phone: phoneOf(index), Score: value },
  };
}

function signedPost(event: DemoEvent, secret: string, now: number, kind: DemoPost["kind"]): DemoPost {
  const provider = findProvider(event.provider);
  if (!provider) throw new Error(`the demo uses the provider ${event.provider}, which does not exist`);
  const request = provider.sign({ headers: event.headers, body: Buffer.from(event.body) }, secret, now);
  const isMessage = event.source === "bus" && kind !== "unreadable";
  return {
    path: `/webhooks/${event.source}`,
    headers: request.headers,
    body: request.body,
    kind,
    ...(isMessage ? { message: event.body } : {}),
  };
}

function unwelcome(secret: string, now: number): DemoPost[] {
  const [first] = personEvents(["Mallory", "Mills"], 90, now);
  if (!first) return [];
  const genuine = signedPost(first, secret, now, "tampered");
  const robot = new URLSearchParams({ first_name: "Bot", tel: phoneOf(91), website: "https://spam.example" });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const posts: DemoEvent[] = [
    { ...first, source: "newsletter", provider: "form", headers: form, body: robot.toString() },
    {
      ...first,
      source: "bus",
      provider: "cloudevents",
      headers: { "content-type": "application/cloudevents+json" },
      body: "{not json",
    },
    { ...first, headers: { ...json, "x-shopify-topic": "products/update" }, body: `{"id":1,"title":"Hat"}` },
  ];
  const kinds = ["robot", "unreadable", "unwanted"] as const;
  return [
    { ...genuine, body: Buffer.from(genuine.body.toString().replace("Mallory", "Malory")) },
    ...posts.map((event, index) => signedPost(event, secret, now, kinds[index] ?? "unwanted")),
  ];
}

function newestWins(events: readonly DemoEvent[]): DemoTraffic["expected"] {
  const expected = new Map<string, Record<string, FieldValue>>();
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    expected.set(event.contact, { ...expected.get(event.contact), ...event.says });
  }
  return expected;
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** Repeats come some time after their first. */
function insertLater(posts: DemoPost[], repeats: DemoPost[], random: () => number): DemoPost[] {
  const half = Math.floor(posts.length / 2);
  return [...posts.slice(0, half), ...shuffle([...posts.slice(half), ...repeats], random)];
}

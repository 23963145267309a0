import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProvider } from "../../src/providers/registry.ts";
import type { SandboxContact } from "../../src/sandbox/contacts.ts";
import { seededRandom } from "../../src/sandbox/seeded-random.ts";

const secret = "whsec_storm";
export const formKey = "storm-form-key";

/** What one event says of one contact; null clears. */
type Fields = Readonly<Record<string, string | number | null>>;

export interface StormEvent {
  readonly id: string;
  readonly contact: string;
  /** Unix seconds: few enough that many events share one. */
  readonly created: number;
  readonly fields: Fields;
}

/** An event and the id under which the relay acknowledged it. */
export interface Acknowledged {
  readonly event: StormEvent;
  readonly relayId: string;
}

/**
 * A sources file for the storm's events: core fields, custom fields, and one that an absent value clears.
 *
 * @param consume what the source `bus` pulls from, where there is one
 */
export function writeSources(directory: string, consume?: string): string {
  const file = join(directory, "sources.yaml");
  const map = (root: string) => `
    identify: [email]
    map:
      firstName: ${root}metadata.firstName
      lastName: ${root}metadata.lastName
      language: { value: ${root}metadata.language, clear: true }
      custom_fields:
        Plan: ${root}metadata.plan
        Visits: { value: ${root}metadata.visits, type: number }`;
  const bus = `  bus:
    provider: cloudevents
    consume: ${consume}${map("")}
`;
  const text = `sources:
  storm:
    provider: stripe
    secret: ${secret}${map("data.object.")}
  forms:
    provider: form
    key: ${formKey}
${consume === undefined ? "" : bus}`;
  writeFileSync(file, text);
  return file;
}

/** A burst of events on few contacts: late, early, in the same second, each field only now and then. */
export function makeEvents(seed: number, count: number, contacts: number): StormEvent[] {
  const random = seededRandom(seed);
  const pick = (below: number) => Math.floor(random() * below);
  const start = Math.floor(Date.now() / 1_000) - 3_600;
  return Array.from({ length: count }, (_, index) => {
    const some = (field: string, value: string | number) => (random() < 0.6 ? { [field]: value } : {});
    return {
      id: `evt_storm_${seed}_${index}`,
      contact: `person${pick(contacts)}@example.com`,
      created: start + Math.floor(index / 10) + (random() < 0.3 ? pick(60) - 30 : 0),
      fields: {
        ...some("firstName", `First${index}`),
        ...some("lastName", `Last${index}`),
        ...some("Plan", `plan ${index}`),
        ...some("Visits", index),
        language: random() < 0.2 ? null : (["en", "ms", "de"][pick(3)] ?? "en"),
      },
    };
  });
}

function customerOf(event: StormEvent) {
  const { firstName, lastName, Plan: plan, Visits: visits, language } = event.fields;
  return { email: event.contact, metadata: { firstName, lastName, plan, visits, language } };
}

/** The request that brings the event, signed at `now`. */
export function requestOf(event: StormEvent, now: number) {
  const body = {
    id: event.id,
    object: "event",
    type: "customer.updated",
    created: event.created,
    data: { object: { object: "customer", ...customerOf(event) } },
  };
  const provider = findProvider("stripe");
  if (!provider) throw new Error("no provider stripe");
  const headers = { "content-type": "application/json" };
  return provider.sign({ headers, body: Buffer.from(JSON.stringify(body)) }, secret, now);
}

/**
 * The same as a message of a bus. Nobody answers a producer with the relay's id, which would tell the order of events of
 * one second: its number among the storm's events stands in, as milliseconds.
 */
export function messageOf(event: StormEvent): { acknowledged: Acknowledged; message: object } {
  const millisecond = Number(event.id.split("_").at(-1)) % 1_000;
  const message = {
    specversion: "1.0",
    id: event.id,
    source: "/storm",
    type: "customer.updated",
    time: new Date(event.created * 1_000 + millisecond).toISOString(),
    data: customerOf(event),
  };
  return { acknowledged: { event, relayId: String(millisecond).padStart(3, "0") }, message };
}

/** Newest wins: by the event's time, then by the relay's id, which sorts by arrival. */
export function expectedContacts(acknowledged: readonly Acknowledged[]): Record<string, Fields> {
  const order = ({ event, relayId }: Acknowledged) => `${event.created}${relayId}`;
  const expected: Record<string, Record<string, string | number | null>> = {};
  for (const one of acknowledged.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
    expected[one.event.contact] = { ...expected[one.event.contact], ...one.event.fields };
  }
  return expected;
}

/** What the API holds, in the model's words: a field that was never set is absent, a cleared one null. */
export function heldContacts(
  contacts: readonly SandboxContact[],
  expected: Record<string, Fields>,
): Record<string, Fields> {
  const held: Record<string, Fields> = {};
  for (const { fields, customFields } of contacts) {
    const email = String(fields["email"]);
    const all: Record<string, unknown> = { ...fields, ...customFields };
    const names = Object.keys({ ...expected[email], firstName: 0, lastName: 0, Plan: 0, Visits: 0 });
    held[email] = Object.fromEntries(
      names.flatMap((name) => {
        const value = all[name] ?? (name === "language" ? null : undefined);
        return value === undefined ? [] : [[name, value as string | number | null]];
      }),
    );
  }
  return held;
}

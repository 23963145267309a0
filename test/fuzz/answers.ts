import { expect } from "vitest";
import { contactBody } from "../../src/contact/contact-patch.ts";
import type { RelayEvent } from "../../src/contact/event.ts";
import { identifierOf, validateBody } from "../../src/sandbox/validate.ts";
import type { Source } from "../../src/sources/source.ts";
import { complaint } from "../helpers/documented.ts";

/** An answer as it came, over the wire or not. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

const refusals: ReadonlyMap<number, readonly string[]> = new Map([
  [400, ["malformed"]],
  [401, ["unverified"]],
  [404, ["unknown-source", "not-found"]],
  [405, ["method-not-allowed"]],
  [413, ["too-large"]],
  [415, ["unsupported-media-type"]],
]);

const eventId = /^evt_[0-9A-Z]{26}$/;
const reasonWord = /^[a-z]+(-[a-z]+)*$/;

/** Every answer that a webhook may get, and no other. */
export function expectKnownAnswer(answer: Answer, source: Source, method: string): void {
  const { status, headers, text } = answer;
  expect(status, text).toBeLessThan(500);
  for (const secret of [...source.credentials.secrets, ...source.credentials.keys])
    expect(text).not.toContain(secret);
  const contentType = headers.get("content-type") ?? null;
  expect(complaint(method, `/webhooks/${source.name}`, { status, contentType, text })).toBeUndefined();
  const codes = refusals.get(status);
  if (codes) return expectRefusal(answer, codes, method);
  if (status === 303) return expect(headers.get("location")).toBe(source.redirect);
  if (method !== "POST") {
    // Handshakes and preflights: 403 is a subscription that nobody here has asked for.
    expect([200, 204, 403], text).toContain(status);
    return;
  }
  expect(status, text).toBe(200);
  // In the sender's own words, which the document knows.
  if (source.provider.acknowledge) return;
  if (source.provider.answers === "empty") expect(text).toBe("");
  else expectSuccess(JSON.parse(text));
}

function expectRefusal({ status, headers, text }: Answer, codes: readonly string[], method: string): void {
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  if (status === 405) expect(headers.get("allow")).toMatch(/^POST(, OPTIONS)?$/);
  if (method === "HEAD") return;
  const body: unknown = JSON.parse(text);
  expect(body).toEqual({ error: { code: expect.any(String), message: expect.stringMatching(/\S/) } });
  expect(codes).toContain((body as { error: { code: string } }).error.code);
}

function expectSuccess(body: unknown): void {
  if (typeof body !== "object" || body === null) throw new Error(`no answer of ours: ${String(body)}`);
  if ("events" in body) {
    expect(Object.keys(body)).toEqual(["status", "events"]);
    expect((body as { events: unknown[] }).events.length).toBeGreaterThan(1);
    for (const receipt of (body as { events: unknown[] }).events) expectReceipt(receipt);
  } else expectReceipt(body);
}

function expectReceipt(receipt: unknown): void {
  const { status } = receipt as { status?: string };
  if (status === "ignored") expect(receipt).toEqual({ status, reason: expect.stringMatching(reasonWord) });
  else {
    expect(["accepted", "duplicate"]).toContain(status);
    expect(receipt).toEqual({ status, id: expect.stringMatching(eventId) });
  }
}

/** What every engine can store, whatever was sent. */
export function expectStorable(event: RelayEvent): void {
  expect(event.id).toMatch(eventId);
  expect(event.type).not.toBe("");
  expect(event.identity).toMatch(/^[\w-]{43}$/);
  expect(Number.isSafeInteger(event.receivedAt)).toBe(true);
  expect(event.occurredAt).toBeLessThanOrEqual(event.receivedAt + 300_000);
  expect(() => new Date(event.occurredAt).toISOString()).not.toThrow();
  expect(JSON.parse(event.payload)).toBeDefined();
  for (const text of [event.type, event.payload, ...Object.entries(event.attributes).flat()]) {
    expect(text.isWellFormed() && !text.includes("\0"), JSON.stringify(text.slice(0, 200))).toBe(true);
  }
}

/** What comes of mapping is nothing, or what the API takes. */
export async function expectMappable(
  event: RelayEvent,
  source: Source,
  mayBeStopped: boolean,
): Promise<void> {
  const mapped = await source.map(event);
  switch (mapped.kind) {
    case "unreadable":
      expect(mapped.message).toMatch(/^the (?:phone number|e-mail address) (?:at|of) /);
      return;
    case "failed":
      expect(mayBeStopped && mapped.message).toMatch(/^the mapping of .* was stopped/);
      return;
    case "ignored":
      expect(mapped.reason).toMatch(reasonWord);
      return;
    case "erase":
      for (const contact of mapped.contacts) expect(identifierOf(contact)).toBe(contact);
      return;
    case "update": {
      expect(identifierOf(mapped.contact)).toBe(mapped.contact);
      const body: unknown = JSON.parse(JSON.stringify(contactBody(mapped.patch)));
      expect(Object.keys(mapped.patch)).not.toEqual([]);
      const rules = { customFields: undefined, requireFirstName: false };
      expect(validateBody(body, rules), JSON.stringify(body).slice(0, 500)).toMatchObject({ ok: true });
    }
  }
}

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unreadableBecause } from "../../src/contact/unreadable.ts";
import type {
  Credentials,
  InboundRequest,
  OutboundRequest,
  Parsed,
  Provider,
  ProviderEvent,
  Sample,
} from "../../src/providers/provider.ts";
import { findProvider, providers } from "../../src/providers/registry.ts";
import { renewedSample } from "../../src/providers/sample.ts";
import { garbageValues } from "../helpers/garbage-values.ts";

const credential = "whsec_cmVsYXktY29udHJhY3QtY3JlZGVudGlhbC0x";
const formerCredential = "whsec_cmVsYXktY29udHJhY3QtY3JlZGVudGlhbC0y";
const wrongCredential = "whsec_cmVsYXktY29udHJhY3QtY3JlZGVudGlhbC0z";
const now = Date.UTC(2026, 2, 14, 9, 30);

const publicUrl = "https://hooks.example.com/relay";
const target = "/webhooks/source?from=contract";

/** As their makers document it, or their code shows; undocumented counts as no. In docs/operations.md, too. */
const repeats: Readonly<Record<string, boolean>> = {
  shopify: true,
  stripe: true,
  paddle: true,
  typeform: true,
  tally: true,
  webflow: true,
  calendly: true,
  hubspot: true,
  "meta-lead-ads": true,
  "standard-webhooks": true,
  cloudevents: true,
  dapr: true,
  eventbridge: true,
  "event-grid": true,
  "google-pubsub": true,
  sns: true,
  json: false,
  aelyst: false,
  woocommerce: false,
  elementor: false,
  "contact-form-7": false,
  "gravity-forms": false,
  "google-forms": false,
  jotform: false,
  fillout: false,
  form: false,
};

function credentialsOf(provider: Provider, ...values: readonly string[]): Credentials {
  const proofs = provider.proof === "secrets" ? { secrets: values, keys: [] } : { secrets: [], keys: values };
  return { ...proofs, publicUrl, verifyToken: "verify-token-of-the-contract" };
}

function inbound(sent: OutboundRequest): InboundRequest {
  const headers = Object.fromEntries(
    Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method: "POST", headers, query: sent.query, target, body: sent.body, receivedAt: now };
}

function unsigned(sample: Sample): InboundRequest {
  return inbound({ headers: sample.headers, query: {}, body: Buffer.from(sample.body) });
}

function signed(provider: Provider, sample: Sample, key = credential): InboundRequest {
  const body = Buffer.from(sample.body);
  return inbound(provider.sign({ headers: sample.headers, body }, key, now, publicUrl + target));
}

function isProven(provider: Provider, request: InboundRequest, ...accepted: readonly string[]): boolean {
  const verification = provider.verify(request, credentialsOf(provider, ...accepted), now);
  if (!verification.ok) {
    for (const secret of [...accepted, ...Object.values(request.headers)]) {
      if (secret.length >= 8) expect(verification.reason).not.toContain(secret);
    }
  }
  return verification.ok;
}

function withHeader(request: InboundRequest, name: string, value: string): InboundRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function withoutHeader(request: InboundRequest, name: string): InboundRequest {
  return {
    ...request,
    headers: Object.fromEntries(Object.entries(request.headers).filter(([key]) => key !== name)),
  };
}

/** The headers without which the request proves nothing. */
function proofHeaders(provider: Provider, request: InboundRequest): string[] {
  return Object.keys(request.headers).filter(
    (name) => !isProven(provider, withoutHeader(request, name), credential),
  );
}

function expectSound(provider: Provider, parsed: Parsed): void {
  if (parsed.kind === "ignored") return expect(parsed.reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
  if (parsed.kind !== "events") return expect(parsed.message).not.toBe("");
  expect(parsed.events.length).toBeGreaterThan(0);
  for (const event of parsed.events) {
    expect(event.type).not.toBe("");
    expect(JSON.parse(event.payload)).toBeDefined();
    expect(event.occurredAt === undefined || Number.isFinite(event.occurredAt)).toBe(true);
    for (const value of Object.values(event.attributes)) expect(typeof value).toBe("string");
    expect(provider.map(event)).toEqual(provider.map({ ...event }));
  }
}

test("every provider is found by its name, and by no other", () => {
  expect(findProvider("nobody")).toBeUndefined();
  expect(findProvider("toString")).toBeUndefined();
  for (const provider of providers) expect(findProvider(provider.name)).toBe(provider);
  expect(new Set(providers.map(({ name }) => name)).size).toBe(providers.length);
});

describe.each(providers.map((provider) => ({ name: provider.name, provider })))("$name", ({ provider }) => {
  const samples = provider.samples.map((sample) => ({ name: sample.name, sample }));

  test("says of its sender what is known of it: whether it repeats what was refused", () => {
    expect(provider.repeats).toBe(repeats[provider.name]);
  });

  test("brings samples under different names", () => {
    expect(provider.samples.length).toBeGreaterThan(0);
    expect(new Set(provider.samples.map(({ name }) => name)).size).toBe(provider.samples.length);
  });

  describe.each(samples)("$name", ({ sample }) => {
    test("is refused without its proof, or with a part of it missing", () => {
      expect(isProven(provider, unsigned(sample), credential)).toBe(false);
      expect(proofHeaders(provider, signed(provider, sample))).not.toEqual([]);
    });

    test("is refused with a wrong credential, and with one that merely resembles the right one", () => {
      for (const key of [
        wrongCredential,
        `${credential}x`,
        credential.slice(0, -1),
        credential.toUpperCase(),
      ]) {
        expect(isProven(provider, signed(provider, sample, key), credential), key).toBe(false);
      }
    });

    test("is refused by empty credentials, even when signed with nothing", () => {
      for (const key of [credential, ""]) {
        expect(isProven(provider, signed(provider, sample, key))).toBe(false);
        expect(isProven(provider, signed(provider, sample, key), "")).toBe(false);
        expect(isProven(provider, signed(provider, sample, key), "", " ")).toBe(false);
      }
    });

    test("is refused when the credential is of the other kind", () => {
      const { secrets, keys } = credentialsOf(provider, credential);
      const swapped = { secrets: keys, keys: secrets, publicUrl };
      expect(provider.verify(signed(provider, sample), swapped, now).ok).toBe(false);
    });

    test("is refused when its body was changed, by those who sign it", () => {
      const request = signed(provider, sample);
      const { body } = request;
      const changed = [Buffer.concat([body, Buffer.from(" ")]), body.subarray(0, -1), Buffer.alloc(0)];
      for (let place = 0; place < body.length; place += 1 + Math.floor(body.length / 50)) {
        const copy = Buffer.from(body);
        copy[place] = (copy[place] ?? 0) ^ 1;
        changed.push(copy);
      }
      for (const tampered of changed) {
        const proven = isProven(provider, { ...request, body: tampered }, credential);
        expect(proven).toBe(provider.signs === "nothing");
      }
    });

    test("is refused when a header of its proof is garbage", () => {
      const request = signed(provider, sample);
      for (const name of proofHeaders(provider, request)) {
        for (const value of garbageValues) {
          expect(isProven(provider, withHeader(request, name, value), credential), value).toBe(false);
        }
      }
    });

    test("is accepted while credentials rotate, in either position", () => {
      const request = signed(provider, sample);
      expect(isProven(provider, request, credential)).toBe(true);
      expect(isProven(provider, request, credential, formerCredential)).toBe(true);
      expect(isProven(provider, request, formerCredential, credential)).toBe(true);
      expect(isProven(provider, request, "", credential)).toBe(true);
    });

    test("is signed as it is: the same body, and no header lost", () => {
      const request = signed(provider, sample);
      expect(request.body.equals(Buffer.from(sample.body))).toBe(true);
      expect(request.headers).toMatchObject(unsigned(sample).headers);
    });

    test("is another event of the same type when it is made anew, at that time if it has one", () => {
      const later = now + 86_400_000;
      const renewed = renewedSample(sample, "c0ffee", later);
      const [before, after] = [sample, renewed].map((one) => {
        const parsed = provider.parse(signed(provider, one));
        return parsed.kind === "events" ? parsed.events : [];
      });
      if (!before?.[0] || !after?.[0]) throw new Error("not read");
      expect(after.map(({ type }) => type)).toEqual(before.map(({ type }) => type));
      const identities = (events: readonly ProviderEvent[], body: string) =>
        events.map(({ id }) => id ?? body);
      const repeated = identities(after, renewed.body).filter((id) =>
        identities(before, sample.body).includes(id),
      );
      expect(repeated).toEqual([]);
      for (const [index, { occurredAt }] of after.entries()) {
        if (before[index]?.occurredAt === undefined) continue;
        expect(Math.abs((occurredAt ?? 0) - later), "name its time in `times`").toBeLessThan(1_000);
      }
    });

    test("is read as its type and mapped to someone who can be reached", () => {
      const parsed = provider.parse(signed(provider, sample));
      expectSound(provider, parsed);
      expect(parsed).toEqual(provider.parse(signed(provider, sample)));
      if (parsed.kind !== "events") throw new Error(`not read: ${JSON.stringify(parsed)}`);
      for (const event of parsed.events) {
        expect(event.type).toBe(sample.type);
        const mapping = provider.map(event);
        if (mapping.kind === "nothing") expect(mapping.reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
        if (mapping.kind === "erase") expect([...mapping.phones, ...mapping.emails]).not.toEqual([]);
        if (provider.mapping === "never") {
          expect(event.exist).not.toEqual([]);
          expect(mapping).toMatchObject({ kind: "nothing", reason: "contact-exists" });
        }
        if (mapping.kind !== "contact") continue;
        expect(provider.mapping).not.toBe("never");
        const { email = [], phone = [] } = mapping.candidates;
        if (provider.mapping === "contact") expect([...email, ...phone]).not.toEqual([]);
        else expect(mapping.candidates).toEqual({});
      }
    });
  });

  test("maps at least one sample to a contact, or says of one that it is there", () => {
    const kinds = provider.samples.flatMap((sample) => {
      const parsed = provider.parse(unsigned(sample));
      if (parsed.kind !== "events") return [];
      return parsed.events.map((event) => (event.exist?.length ? "exist" : provider.map(event).kind));
    });
    expect(kinds).toContain(provider.mapping === "never" ? "exist" : "contact");
  });

  test("refuses a signed time more than 300 s off, and nothing else by its time", () => {
    const timed = provider.signs === "body and time";
    const credentials = credentialsOf(provider, credential);
    for (const sample of provider.samples) {
      const provenAt = (at: number) => provider.verify(signed(provider, sample), credentials, at).ok;
      expect([provenAt(now - 301_000), provenAt(now + 301_000)]).toEqual([!timed, !timed]);
      expect([provenAt(now - 300_000), provenAt(now + 300_000)]).toEqual([true, true]);
    }
  });

  const anyHeaders = fc.dictionary(
    fc.oneof(
      fc.constantFrom(...headerNames(provider)),
      fc.string({ maxLength: 20 }).map((name) => name.toLowerCase()),
    ),
    fc.oneof(
      fc.constantFrom(...garbageValues.slice(0, -1), ...headerValues(provider)),
      fc.string({ unit: "binary" }),
    ),
  );
  const anyBody = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
    fc
      .tuple(fc.constantFrom(...provider.samples), fc.nat(), fc.uint8Array({ maxLength: 4 }))
      .map(([sample, place, bytes]) => spliced(Buffer.from(sample.body), place, bytes)),
  );
  const anyRequest = fc
    .record({
      method: fc.constantFrom("POST", "GET", "OPTIONS"),
      headers: anyHeaders,
      body: anyBody,
      query: anyHeaders,
    })
    .map((request): InboundRequest => ({ ...request, target, receivedAt: now }));

  test("no request makes it throw, or prove itself by chance", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        expect(isProven(provider, request, credential)).toBe(false);
        expectSound(provider, provider.parse(request));
        const answer = provider.handshake?.(request, credentialsOf(provider, credential));
        if (answer)
          expect(
            () => new Response(answer.body || null, { ...answer, headers: { ...answer.headers } }),
          ).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test("no altered sample makes it throw, and every one is read the same way twice", () => {
    fc.assert(
      fc.property(fc.constantFrom(...provider.samples), anyHeaders, anyBody, (sample, headers, body) => {
        const request = { ...unsigned(sample), body };
        expectSound(provider, provider.parse(request));
        const other = { ...unsigned(sample), headers: { ...unsigned(sample).headers, ...headers } };
        expectSound(provider, provider.parse(other));
        expect(provider.parse(other)).toEqual(provider.parse(other));
      }),
      { numRuns: 300 },
    );
  });

  test.each(["[", '{"a":', "a=&", '"', "\\", "1234567890123456789,", "--", "{},"])(
    "a megabyte of %s is answered at once, and is no event",
    (text) => {
      const body = Buffer.from(text.repeat(Math.ceil(1_000_000 / text.length)));
      for (const sample of provider.samples) {
        const request = signed(provider, sample);
        const started = performance.now();
        provider.verify({ ...request, body }, credentialsOf(provider, credential), now);
        const parsed = provider.parse({ ...request, body });
        expect(performance.now() - started).toBeLessThan(500);
        if (request.headers["content-type"]?.includes("json")) expect(isUnread(parsed)).toBe(true);
      }
    },
  );
});

/** Refused, or kept for a person where its sender would repeat it for ever. */
function isUnread(parsed: Parsed): boolean {
  if (parsed.kind !== "events") return parsed.kind === "malformed";
  return parsed.events.every(({ attributes }) => attributes[unreadableBecause] !== undefined);
}

function headerNames(provider: Provider): string[] {
  return provider.samples.flatMap((sample) => Object.keys(signed(provider, sample).headers));
}

function headerValues(provider: Provider): string[] {
  return provider.samples.flatMap((sample) => Object.values(sample.headers));
}

function spliced(body: Buffer, place: number, bytes: Uint8Array): Buffer {
  const start = place % (body.length + 1);
  return Buffer.concat([body.subarray(0, start), bytes, body.subarray(start + bytes.length)]);
}

import * as fc from "fast-check";
import type { Provider } from "../../src/providers/provider.ts";
import { garbageValues } from "../helpers/garbage-values.ts";
import { bodiesOf } from "./bodies.ts";
import { hostileTexts } from "./mutations.ts";
import { bodyLimitBytes, credential, now, publicUrl } from "./relay.ts";

/** A request as a sender, or somebody who would like to be one, makes it. */
export interface FuzzRequest {
  readonly method: string;
  readonly source: string;
  /** With its `?`, encoded so that it is a URL. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly proven: boolean;
}

const headerNames: readonly string[] = [
  "accept",
  "origin",
  "referer",
  "host",
  "idempotency-key",
  "content-length",
  "content-encoding",
  "content-disposition",
  "x-forwarded-for",
  "authorization",
  "x-webhook-key",
  "ce-specversion",
  "ce-id",
  "ce-type",
  "ce-source",
  "ce-time",
  "ce-__proto__",
  "webhook-id",
  "svix-id",
  "webhook-request-origin",
];

/** What a header can carry: one byte per character, no line breaks. */
function headerValue(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 10_000);
}

const anyValue = fc
  .oneof(
    fc.constantFrom(
      ...garbageValues,
      ...hostileTexts,
      "text/html",
      "https://example.com",
      "1",
      String(bodyLimitBytes + 1),
    ),
    fc.string({ unit: "binary", maxLength: 30 }),
  )
  .map(headerValue);

const searches = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  fc.constantFrom(
    "?",
    "?=",
    "?%",
    "?key=%E0%A4%A",
    "?key=a&key=b",
    "?key",
    "?__proto__=1",
    "?key[]=1",
    "?hub.mode=subscribe",
  ),
  fc
    .array(fc.tuple(fc.constantFrom("key", "access_token", "a"), fc.string({ unit: "binary" })))
    .map((pairs) => {
      const query = pairs
        .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
        .join("&");
      return `?${query}`;
    }),
);

/** Most are proven as the provider proves its own, so that what lies behind the proof is reached. */
export function requestsTo(provider: Provider): fc.Arbitrary<FuzzRequest> {
  const own = provider.samples.flatMap(({ headers }) => Object.keys(headers));
  const extra = fc.dictionary(fc.constantFrom(...headerNames, ...own), anyValue, { maxKeys: 3 });
  return fc
    .record({
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant("POST") },
        {
          weight: 1,
          arbitrary: fc.constantFrom("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"),
        },
      ),
      source: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(provider.name, `${provider.name}-mapped`) },
        { weight: 1, arbitrary: fc.constantFrom("nobody", "__proto__", "%00", "a%2Fb", "%E0%A4%A", "") },
      ),
      search: searches,
      base: fc.constantFrom(...provider.samples.map(({ headers }) => headers)),
      extra: fc.oneof({ weight: 2, arbitrary: fc.constant<Record<string, string>>({}) }, extra),
      body: bodiesOf(provider),
      proof: fc.constantFrom("own", "own", "own", "own", "own", "own", "none", "wrong"),
    })
    .map(({ method, source, search, base, extra, body, proof }) => {
      const { "content-type": _, ...others } = base;
      const type = body.contentType === undefined ? {} : { "content-type": headerValue(body.contentType) };
      const headers = { ...others, ...type, ...extra };
      const { pathname, search: encoded } = new URL(`${publicUrl}/webhooks/${source}${search}`);
      const address = publicUrl + pathname + encoded;
      const sent = { method, source, search: encoded, body: body.bytes };
      if (proof === "none") return { ...sent, headers, proven: false };
      const key = proof === "own" ? credential : `${credential}x`;
      const signed = provider.sign({ headers, body: body.bytes }, key, now, address);
      return { ...sent, headers: signed.headers, proven: proof === "own" };
    });
}

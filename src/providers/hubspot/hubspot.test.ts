import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Credentials, InboundRequest } from "../provider.ts";
import { hubspot } from "./index.ts";

const secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const body =
  '[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]';
const signedAt = 1_700_000_000_000;
/** Of `https://www.example.com/webhook_uri?a=b`, made by HubSpot's own `@hubspot/api-client` 13. */
const vector = "vpoFn1iaLAzVjrwxGJ0dyuKmqQgOei/XdKWr69exhm8=";

const publicUrl = "https://www.example.com";
const credentials: Credentials = { secrets: [secret], keys: [], publicUrl };

function request(headers: Record<string, string>, over: Partial<InboundRequest> = {}): InboundRequest {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    query: {},
    target: "/webhook_uri?a=b",
    body: Buffer.from(body),
    receivedAt: signedAt,
    ...over,
  };
}

function v3(signature = vector, time = String(signedAt)): Record<string, string> {
  return { "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": time };
}

function verdict(given: InboundRequest, now = signedAt, known = credentials): boolean {
  return hubspot.verify(given, known, now).ok;
}

function reason(given: InboundRequest, known = credentials): string {
  const verification = hubspot.verify(given, known, signedAt);
  return verification.ok ? "proven" : verification.reason;
}

/** As HubSpot's page describes it. */
function signatureOf(address: string, text = body, time = String(signedAt), method = "POST"): string {
  return createHmac("sha256", secret).update(`${method}${address}${text}${time}`).digest("base64");
}

describe("the v3 signature", () => {
  it.each([
    ["another method", request(v3(), { method: "PUT" })],
    ["another path", request(v3(), { target: "/webhook_uri/?a=b" })],
    ["another query", request(v3(), { target: "/webhook_uri?a=c" })],
    ["no query", request(v3(), { target: "/webhook_uri" })],
    ["another body", request(v3(), { body: Buffer.from(`${body} `) })],
    ["another time", request(v3(vector, String(signedAt + 1)))],
    ["no time", request({ "x-hubspot-signature-v3": vector })],
    [
      "a time in seconds",
      request(v3(signatureOf(`${publicUrl}/webhook_uri?a=b`, body, "1700000000"), "1700000000")),
    ],
    ["a time with a fraction", request(v3(vector, `${signedAt}.0`))],
    ["the body's last digits in the time", request(v3(vector, `1${signedAt}`))],
    ["two times", request(v3(vector, `${signedAt}, ${signedAt}`))],
    ["two signatures", request(v3(`${vector}, ${vector}`))],
    ["the digest as hex", request(v3(Buffer.from(vector, "base64").toString("hex")))],
    ["an empty signature", request(v3(""))],
  ])("is refused with %s", (_name, given) => {
    expect(verdict(given)).toBe(false);
  });

  it("is accepted as HubSpot's own library makes it, up to 300 s away either way", () => {
    expect(verdict(request(v3()))).toBe(true);
    expect(
      [-301_000, -300_000, 300_000, 301_000].map((away) => verdict(request(v3()), signedAt + away)),
    ).toEqual([false, true, true, false]);
  });

  it("is of the configured public address, whatever host the request names", () => {
    const host = { host: "www.example.com", "x-forwarded-host": "www.example.com" };
    const at = (url: string) =>
      verdict(request({ ...v3(), ...host }), signedAt, { ...credentials, publicUrl: url });
    expect(at("https://hooks.example.com")).toBe(false);
    expect(at("http://www.example.com")).toBe(false);
    expect(at("https://www.example.com:443")).toBe(false);
    expect(at("https://www.example.com")).toBe(true);
  });

  it("may be of an address below a path", () => {
    const below = signatureOf("https://www.example.com/relay/webhook_uri?a=b");
    expect(verdict(request(v3(below)), signedAt, { ...credentials, publicUrl: `${publicUrl}/relay` })).toBe(
      true,
    );
    expect(verdict(request(v3(below)))).toBe(false);
  });

  it("proves nothing without a public address, and says what to set", () => {
    for (const unset of [undefined, ""]) {
      const known = { ...credentials, publicUrl: unset };
      expect(verdict(request(v3()), signedAt, known)).toBe(false);
      expect(reason(request(v3()), known)).toMatch(/PUBLIC_URL.*public_url/);
    }
    const relative = request(v3(signatureOf("/webhook_uri?a=b")));
    expect(verdict(relative, signedAt, { ...credentials, publicUrl: "" })).toBe(false);
  });

  it("is of the raw bytes, as UTF-8", () => {
    const text = '{"vid":1,"properties":{"firstname":{"value":"Zoë 😀"}}}';
    const given = request(v3(signatureOf(`${publicUrl}/webhook_uri?a=b`, text)), { body: Buffer.from(text) });
    expect(verdict(given)).toBe(true);
    expect(verdict({ ...given, body: Buffer.from(text, "latin1") })).toBe(false);
  });

  it("signed here is as described there, for any body and address", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.webPath(), (text, path) => {
        const address = publicUrl + path;
        const own = hubspot.sign({ headers: {}, body: Buffer.from(text) }, secret, signedAt, address);
        expect(verdict(request({ ...own.headers }, { target: path, body: own.body }))).toBe(true);
        if (!path.includes("%"))
          expect(own.headers["x-hubspot-signature-v3"]).toBe(
            signatureOf(address, Buffer.from(text).toString()),
          );
      }),
    );
  });
});

describe("escapes in the address", () => {
  const escaped = "/webhook_uri?u=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B%3a%2f";
  const decoded = "/webhook_uri?u=:/?@!$'()*,;:/";
  const others = "?q=%20%23%25%26%2B%3D%5B%5D%C3%A9%3";

  it("on HubSpot's list are decoded before hashing", () => {
    expect(verdict(request(v3(signatureOf(publicUrl + decoded)), { target: escaped }))).toBe(true);
  });

  it("are taken as they were received too, which is what HubSpot's libraries hash", () => {
    expect(verdict(request(v3(signatureOf(publicUrl + escaped)), { target: escaped }))).toBe(true);
  });

  it("are never added: what was received decoded is not what was signed escaped", () => {
    expect(verdict(request(v3(signatureOf(publicUrl + escaped)), { target: decoded }))).toBe(false);
  });

  it("not on that list stay, and nothing is decoded twice", () => {
    const stays = (target: string) => verdict(request(v3(signatureOf(publicUrl + target)), { target }));
    expect(stays(others)).toBe(true);
    for (const [given, signed] of [
      ["/a%20b", "/a b"],
      ["/a%3Db", "/a=b"],
      ["/a%253Ab", "/a:b"],
      ["/a%253Ab", "/a%3Ab"],
    ] as const) {
      expect(verdict(request(v3(signatureOf(publicUrl + signed)), { target: given })), signed).toBe(false);
    }
  });
});

describe("the older signatures cover no time and prove nothing", () => {
  // Both as HubSpot publishes them.
  const v1 = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de";
  const v2 = "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900";

  it.each([
    ["v1", v1, body],
    ["v2", v2, '{"example_field":"example_value"}'],
  ])("%s", (version, signature, text) => {
    const older = { "x-hubspot-signature": signature, "x-hubspot-signature-version": version };
    const given = request(
      { ...older, "x-hubspot-request-timestamp": String(signedAt) },
      { target: "/webhook_uri", body: Buffer.from(text) },
    );
    expect(verdict(given)).toBe(false);
    expect(reason(given)).toMatch(/not accepted/);
    const asV3 = { ...given, headers: { ...given.headers, "x-hubspot-signature-v3": signature } };
    expect(verdict(asV3)).toBe(false);
  });

  it("beside a v3 signature they are of no account", () => {
    expect(
      verdict(request({ ...v3(), "x-hubspot-signature": v1, "x-hubspot-signature-version": "v1" })),
    ).toBe(true);
    expect(
      verdict(request({ ...v3(), "x-hubspot-signature": "zz", "x-hubspot-signature-version": "v9" })),
    ).toBe(true);
  });
});

import { sign as vendorSign, verify as vendorVerify } from "@octokit/webhooks-methods";
import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { metaLeadAds } from "./index.ts";

const secret = "metaappsecret";
const lead =
  '{"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"leadgen","value":{"leadgen_id":"1","page_id":"1","form_id":"1","created_time":1}}]}]}';
const leadSignature = "3a7cff047afd0517fd0a35915183a4ec43612999cb4be3cca0443f80f575d4ed";
const escaped = '{"name":"\\u00e4\\u00f6\\u00e5"}';
const escapedSignature = "31eee2879a2454764fd6e851cc749b521b88260360daf0bfa865f14dc7853bb9";

function request(body: string | Buffer, headers: Record<string, string>): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function isProven(body: string | Buffer, headers: Record<string, string>, secrets = [secret]): boolean {
  return metaLeadAds.verify(request(body, headers), { secrets, keys: [] }, 0).ok;
}

function signedAs(signature: string): Record<string, string> {
  return { "x-hub-signature-256": signature };
}

describe("signatures", () => {
  it("the legacy SHA-1 header proves nothing, under either name", () => {
    const sha1 = createHmac("sha1", secret).update(lead).digest("hex");
    expect(isProven(lead, { "x-hub-signature": `sha1=${sha1}` })).toBe(false);
    expect(isProven(lead, { "x-hub-signature": `sha256=${leadSignature}` })).toBe(false);
    expect(isProven(lead, signedAs(`sha1=${sha1}`))).toBe(false);
    const good = { "x-hub-signature": "sha1=00", "x-hub-signature-256": `sha256=${leadSignature}` };
    expect(isProven(lead, good)).toBe(true);
  });

  it.each([
    ["without its prefix", leadSignature],
    ["a prefix of another algorithm", `sha512=${leadSignature}`],
    ["a prefix in capitals", `SHA256=${leadSignature}`],
    ["one digit short", `sha256=${leadSignature.slice(1)}`],
    ["one digit more", `sha256=${leadSignature}0`],
    ["one digit other", `sha256=${leadSignature.slice(0, -1)}e`],
    ["two in one header", `sha256=${leadSignature}, sha256=${leadSignature}`],
    ["base64", `sha256=${Buffer.from(leadSignature, "hex").toString("base64")}`],
    ["nothing", "sha256="],
    ["empty", ""],
  ])("%s is refused", (_name, signature) => {
    expect(isProven(lead, signedAs(signature))).toBe(false);
  });

  it("text that was unescaped on the way is another text", () => {
    expect(isProven(escaped, signedAs(`sha256=${escapedSignature}`))).toBe(true);
    expect(isProven('{"name":"äöå"}', signedAs(`sha256=${escapedSignature}`))).toBe(false);
    expect(isProven(JSON.stringify(JSON.parse(escaped)), signedAs(`sha256=${escapedSignature}`))).toBe(false);
  });

  it("the published scheme: HMAC-SHA256 of the raw body with the app secret, in hex", () => {
    expect(isProven(lead, signedAs(`sha256=${leadSignature}`))).toBe(true);
    expect(isProven(lead, signedAs(`sha256=${leadSignature}`), ["another", secret])).toBe(true);
    expect(isProven(lead, signedAs(`sha256=${leadSignature}`), ["another"])).toBe(false);
  });

  it("agrees with an independent implementation of the scheme, in both directions", async () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    await fc.assert(
      fc.asyncProperty(text, text, async (body, key) => {
        expect(isProven(body, signedAs(await vendorSign(key, body)), [key])).toBe(true);
        const made = metaLeadAds.sign({ headers: {}, body: Buffer.from(body) }, key, 0);
        const signature = made.headers["x-hub-signature-256"] ?? "";
        expect(await vendorVerify(key, body, signature)).toBe(true);
        expect(await vendorVerify(key, `${body} `, signature)).toBe(false);
        expect(isProven(`${body} `, signedAs(signature), [key])).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the confirmation of an endpoint", () => {
  const verifyToken = "meatyhamhock";
  const asked = {
    "hub.mode": "subscribe",
    "hub.challenge": "1158201444",
    "hub.verify_token": verifyToken,
  };

  function answer(query: Record<string, string>, token: string | undefined = verifyToken, method = "GET") {
    const asking = { ...request("", {}), method, query };
    return metaLeadAds.handshake?.(asking, { secrets: [secret], keys: [], verifyToken: token });
  }

  it.each([
    ["a wrong token", { ...asked, "hub.verify_token": "meatyhamhoc" }],
    ["a token in capitals", { ...asked, "hub.verify_token": "MEATYHAMHOCK" }],
    ["no token", { "hub.mode": "subscribe", "hub.challenge": "1158201444" }],
    ["no challenge", { "hub.mode": "subscribe", "hub.verify_token": verifyToken }],
    ["an empty challenge", { ...asked, "hub.challenge": "" }],
    ["mark-up", { ...asked, "hub.challenge": "<script>alert(1)</script>" }],
    ["a line break", { ...asked, "hub.challenge": "1\n" }],
    ["a challenge without end", { ...asked, "hub.challenge": "1".repeat(129) }],
    ["another mode", { ...asked, "hub.mode": "unsubscribe" }],
  ])("is refused for %s, and echoes nothing", (_name, query) => {
    expect(answer(query)).toMatchObject({ status: 403, body: "" });
  });

  it("is refused while no token is configured, even to one that sends none", () => {
    const nothing = { ...asked, "hub.verify_token": "" };
    expect(answer(nothing, "")).toMatchObject({ status: 403, body: "" });
    const asking = { ...request("", {}), method: "GET", query: nothing };
    const unconfigured = metaLeadAds.handshake?.(asking, { secrets: [secret], keys: [] });
    expect(unconfigured).toMatchObject({ status: 403, body: "" });
    expect(answer({ ...asked, "hub.verify_token": "undefined" }, "")).toMatchObject({ status: 403 });
  });

  it("is no app secret's matter: the secret is no token", () => {
    expect(answer({ ...asked, "hub.verify_token": secret })).toMatchObject({ status: 403 });
  });

  it("is nothing for a delivery, or a visitor", () => {
    expect(answer(asked, verifyToken, "POST")).toBeUndefined();
    expect(answer({})).toBeUndefined();
    expect(answer({ "hub.challenge": "1", "hub.verify_token": verifyToken })).toBeUndefined();
  });

  it("is the bare challenge as plain text", () => {
    expect(answer(asked)).toEqual({
      status: 200,
      headers: { "Content-Type": "text/plain", "X-Content-Type-Options": "nosniff" },
      body: "1158201444",
    });
  });
});

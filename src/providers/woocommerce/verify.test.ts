import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { woocommerce } from "./index.ts";
import { signingKey } from "./secret.ts";

const body = '{"id":25}';
const good = "e2c1YGB8QjRZc6u7E4kB2vA7cWEgwxk+2dFDV7gYXAw=";
const specialSecret = 'a&b<c"';
const signedBySpecial = "YO8Dw1DvbwWjV9yzTtajEnfQqOfrg6RMmLAoPyn27QE=";

function request(signature: string | undefined, text = body): InboundRequest {
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(signature === undefined ? {} : { "x-wc-webhook-signature": signature }),
    },
    query: {},
    target: "/",
    body: Buffer.from(text),
    receivedAt: 0,
  };
}

function verdict(signature: string | undefined, secrets: readonly string[] = ["s3cret"], text = body) {
  return woocommerce.verify(request(signature, text), { secrets, keys: [] }, 0).ok;
}

describe("a signature", () => {
  it.each([
    ["absent", undefined],
    ["empty", ""],
    ["of another body", `A${good.slice(1)}`],
    ["in hex", Buffer.from(good, "base64").toString("hex")],
    ["without padding", good.slice(0, -1)],
    ["in base64url", good.replaceAll("+", "-").replaceAll("/", "_")],
    ["sent twice", `${good}, ${good}`],
    ["with a blank", `${good} `],
    ["under another digest", createHmac("sha1", "s3cret").update(body).digest("base64")],
  ])("is refused: %s", (_name, signature) => {
    expect(verdict(signature)).toBe(false);
  });

  it("is accepted as WooCommerce computes it, of exactly that body", () => {
    expect(verdict(good)).toBe(true);
    expect(verdict(good, ["s3cret"], `${body}\n`)).toBe(false);
    expect(verdict(good, ["s3cret"], '{"id":26}')).toBe(false);
  });

  it("may be by any configured secret, never by an empty one, which WooCommerce signs with all the same", () => {
    expect(verdict(good, ["new", "s3cret"])).toBe(true);
    expect(verdict(good, ["new"])).toBe(false);
    expect(verdict(good, [])).toBe(false);
    const unkeyed = createHmac("sha256", "").update(body).digest("base64");
    expect(verdict(unkeyed, ["", "s3cret"])).toBe(false);
  });
});

describe("a secret with characters that HTML encodes", () => {
  it.each([
    ["as it is shown", specialSecret],
    ["as it is stored", "a&amp;b&lt;c&quot;"],
    ["as it is stored, in numbers", "a&#038;b&#60;c&#x22;"],
  ])("verifies %s", (_name, secret) => {
    expect(verdict(signedBySpecial, [secret])).toBe(true);
  });

  it("is decoded once, so that another level of encoding is another secret", () => {
    expect(verdict(signedBySpecial, ["a&amp;amp;b&lt;c&quot;"])).toBe(false);
    expect(verdict(signedBySpecial, ["a b c"])).toBe(false);
  });

  it("that itself looks encoded verifies as it is shown", () => {
    const signature = createHmac("sha256", "x&lt;y").update(body).digest("base64");
    expect(verdict(signature, ["x&lt;y"])).toBe(true);
    expect(verdict(signature, ["x&amp;lt;y"])).toBe(true);
    expect(verdict(signature, ["x<y"])).toBe(false);
  });

  it.each([
    ["&#39;&#039;&#0039;&#x27;&#X027;", "'''''"],
    ["&quot;&#34;&#034;&#x22;", '""""'],
    ["&lt;&#60;&#060;&gt;&#62;&#062;", "<<<>>>"],
    ["&amp;&#38;&#038;&#x26;", "&&&&"],
    ["&amp;lt;&amp;#039;", "&lt;&#039;"],
    ["&#x3c;&#x3e;&apos;&nbsp;&LT;&amp", "&#x3c;&#x3e;&apos;&nbsp;&LT;&amp"],
    ["&&;&#;&#x;plain", "&&;&#;&#x;plain"],
    ["constructor &constructor;", "constructor &constructor;"],
  ])("%s is the key %s, as wp_specialchars_decode has it", (stored, key) => {
    expect(signingKey(stored)).toBe(key);
  });

  it("is used decoded to sign, as WooCommerce does", () => {
    const unsigned = { headers: {}, body: Buffer.from(body) };
    for (const secret of [specialSecret, "a&amp;b&lt;c&quot;"]) {
      expect(woocommerce.sign(unsigned, secret, 0).headers["x-wc-webhook-signature"]).toBe(signedBySpecial);
    }
  });
});

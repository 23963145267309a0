import { generateKeyPairSync, sign as signWith, verify as verifyWith } from "node:crypto";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, it, test } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { standardWebhooks } from "./index.ts";
import { cpuMsOf } from "../../../test/helpers/quick.ts";

interface Vector {
  readonly name: string;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly now: number;
  readonly valid: boolean;
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL("fixtures/vectors.json", import.meta.url), "utf8"));

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"test": 2432232314}';
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const seconds = 1_614_265_330;
const good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const other = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
const whole = { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": good };

/** The key pair that Svix documents, and what it signs of the same message. */
const privateKey =
  "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const goodAsymmetric =
  "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

function request(headers: Readonly<Record<string, string>>, text: string | Buffer = body): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(text), receivedAt: 0 };
}

function verdict(
  headers: Readonly<Record<string, string>>,
  secrets: readonly string[] = [secret],
  text: string | Buffer = body,
  atSeconds = seconds,
) {
  return standardWebhooks.verify(request(headers, text), { secrets, keys: [] }, atSeconds * 1_000);
}

function accepts(...given: Parameters<typeof verdict>): boolean {
  return verdict(...given).ok;
}

function signedBy(
  key: string,
  text: string | Buffer = body,
  headers: Readonly<Record<string, string>> = { "webhook-id": id },
) {
  return standardWebhooks.sign({ headers, body: Buffer.from(text) }, key, seconds * 1_000).headers;
}

function base64(length: number): string {
  return Buffer.alloc(length, "key material").toString("base64");
}

test.each(vectors)("vector: $name", ({ secret, headers, body, now, valid }) => {
  expect(accepts(headers, [secret], body, now)).toBe(valid);
});

describe("headers", () => {
  it.each([
    ["none", {}],
    ["no id", { ...whole, "webhook-id": "" }],
    ["no time", { ...whole, "webhook-timestamp": "" }],
    ["a time with a fraction", { ...whole, "webhook-timestamp": `${seconds}.0` }],
    ["a time with a sign", { ...whole, "webhook-timestamp": `+${seconds}` }],
    ["a time that is no number", { ...whole, "webhook-timestamp": "now" }],
    ["another time", { ...whole, "webhook-timestamp": String(seconds + 1) }],
    ["another id", { ...whole, "webhook-id": `${id}x` }],
    ["no signature", { ...whole, "webhook-signature": "" }],
    ["another signature", { ...whole, "webhook-signature": other }],
    ["the signature under another version", { ...whole, "webhook-signature": good.replace("v1", "v2") }],
    ["the signature under v1a", { ...whole, "webhook-signature": good.replace("v1", "v1a") }],
    ["the signature without its version", { ...whole, "webhook-signature": good.slice(3) }],
    ["the signature in hex", { ...whole, "webhook-signature": `v1,${"0".repeat(64)}` }],
    ["text behind the signature", { ...whole, "webhook-signature": `${good},x` }],
    ["signatures divided by commas", { ...whole, "webhook-signature": `${other},${good}` }],
  ])("refused: %s", (_name, headers) => {
    expect(accepts(headers)).toBe(false);
  });

  it("one right signature among wrong ones, in any place, is enough", () => {
    for (const list of [`${other} ${good}`, `${good} ${other}`, `  ${other}  ${good} v3,x `]) {
      expect(accepts({ ...whole, "webhook-signature": list }), list).toBe(true);
    }
  });

  it("an id with a full stop is refused even when its signature is right", () => {
    const headers = signedBy(secret, body, { "webhook-id": "a.1" });
    expect(() => new Webhook(secret).sign("a.1", new Date(seconds * 1_000), body)).not.toThrow();
    expect(verdict(headers)).toEqual({ ok: false, reason: "a full stop in webhook-id" });
  });

  it("a message cannot be cut in two ways: part of the body never becomes the time", () => {
    const text = `${seconds}.{"a":1}`;
    const headers = signedBy(secret, text, { "webhook-id": "msg_1" });
    const moved = { ...headers, "webhook-id": `msg_1.${headers["webhook-timestamp"]}` };
    expect(accepts(headers, [secret], text)).toBe(true);
    expect(accepts(moved, [secret], '{"a":1}')).toBe(false);
  });

  it("300 s of age or future are accepted, one more is not", () => {
    const at = (age: number) => accepts(whole, [secret], body, seconds + age);
    expect([at(300), at(-300), at(301), at(-301)]).toEqual([true, true, false, false]);
  });
});

describe("both families of headers", () => {
  const svix = { "svix-id": id, "svix-timestamp": String(seconds), "svix-signature": good };

  it("either alone is accepted", () => {
    expect([accepts(whole), accepts(svix)]).toEqual([true, true]);
  });

  it("both are accepted only when they say the same", () => {
    expect(accepts({ ...whole, ...svix })).toBe(true);
    for (const change of [{ "svix-id": "msg_2" }, { "svix-timestamp": "1" }, { "svix-signature": other }]) {
      const verification = verdict({ ...whole, ...svix, ...change });
      expect(verification).toEqual({ ok: false, reason: "webhook-* and svix-* headers differ" });
    }
  });

  it("they are never mixed, as the library of Svix mixes them", () => {
    const { "svix-id": _id, ...rest } = svix;
    const mixed = { "webhook-id": id, ...rest };
    expect(accepts(mixed)).toBe(false);
    expect(accepts({ ...svix, "webhook-id": "msg_2" })).toBe(false);
    expect(accepts({ ...whole, "svix-id": id })).toBe(false);
  });

  it("a message is signed in the family that its id is in", () => {
    const headers = signedBy(secret, body, { "svix-id": id });
    expect(headers).toEqual(svix);
  });
});

describe("secrets", () => {
  it.each([
    ["nothing behind the prefix", "whsec_"],
    ["no base64", "whsec_!!!!"],
    ["url-safe base64", `whsec_${"_-".repeat(16)}`],
    ["white space", "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ["a public key of the wrong length", "whpk_AAAA"],
    ["a public key that is no base64", "whpk_é"],
    ["a private key of the wrong length", `whsk_${base64(33)}`],
    ["a private key beside another's public key", `whsk_${base64(64)}`],
    ["blank", "  "],
    ["a surrogate alone", "whsec_\uD83D"],
  ])("%s proves nothing, throws nothing and does no harm to its neighbours", (_name, garbage) => {
    const reason = "no usable secret is configured";
    expect(verdict(whole, [garbage])).toEqual({ ok: false, reason });
    expect(accepts(whole, [garbage, secret])).toBe(true);
    if (!garbage.startsWith("whpk_")) {
      expect(signedBy(garbage)).toEqual({ "webhook-id": id, "webhook-timestamp": String(seconds) });
    }
  });

  it("what is not base64 behind whsec_ is none for the library either", () => {
    for (const garbage of ["whsec_", "whsec_!!!!", `whsec_${"_-".repeat(16)}`]) {
      expect(() => new Webhook(garbage)).toThrow();
    }
  });

  it("a stray last character is refused, although the libraries drop it", () => {
    expect(new Webhook(`${secret}x`).sign(id, new Date(seconds * 1_000), body)).toBe(good);
    expect(accepts(whole, [`${secret}x`])).toBe(false);
  });

  it("the prefix is not needed, nor the padding; lengths outside 24 to 64 bytes are taken", () => {
    expect(accepts(whole, [secret.slice("whsec_".length)])).toBe(true);
    for (const length of [1, 8, 23, 24, 64, 65, 200]) {
      const key = `whsec_${base64(length)}`;
      const headers = {
        ...whole,
        "webhook-signature": new Webhook(key).sign(id, new Date(seconds * 1_000), body),
      };
      expect(accepts(headers, [key]), key).toBe(true);
      expect(accepts(headers, [key.replace(/=+$/, "")]), key).toBe(true);
    }
  });

  it("without prefix the text itself may be the key, as the libraries have it by format: raw", () => {
    for (const raw of ["bc_client_secret_0123456789", "0123456789abcdef", "pässwörd ✓"]) {
      const signature = new Webhook(Buffer.from(raw), { format: "raw" }).sign(
        id,
        new Date(seconds * 1_000),
        body,
      );
      expect(accepts({ ...whole, "webhook-signature": signature }, [raw]), raw).toBe(true);
      expect(accepts({ ...whole, "webhook-signature": signature }, [`whsec_${raw}`]), raw).toBe(false);
    }
  });

  it("several of both kinds may be configured, and any may match", () => {
    const asymmetric = { ...whole, "webhook-signature": goodAsymmetric };
    const wrong = `whsec_${base64(24)}`;
    const secrets = [wrong, publicKey, secret];
    expect([accepts(whole, secrets), accepts(asymmetric, secrets)]).toEqual([true, true]);
    expect([accepts(whole, [wrong, publicKey]), accepts(asymmetric, [wrong, secret])]).toEqual([
      false,
      false,
    ]);
    expect(accepts({ ...whole, "webhook-signature": `${other} ${goodAsymmetric}` }, secrets)).toBe(true);
  });
});

describe("v1a, ed25519", () => {
  const asymmetric = { ...whole, "webhook-signature": goodAsymmetric };

  it("a public key is never the secret of an HMAC, however it is read", () => {
    const bare = publicKey.slice("whpk_".length);
    const raw = { format: "raw" } as const;
    for (const forger of [new Webhook(bare), new Webhook(bare, raw), new Webhook(publicKey, raw)]) {
      const signature = forger.sign(id, new Date(seconds * 1_000), body);
      expect(accepts({ ...whole, "webhook-signature": signature }, [publicKey])).toBe(false);
    }
  });

  it.each([
    ["of another body", goodAsymmetric, `${body} `],
    ["under v1", goodAsymmetric.replace("v1a", "v1"), body],
    ["without padding", goodAsymmetric.slice(0, -2), body],
    ["with bits left over", goodAsymmetric.replace("Ag==", "Ah=="), body],
    ["cut short", "v1a,AAAA", body],
    ["of zeros", `v1a,${base64(64)}`, body],
    ["without a value", "v1a,", body],
  ])("refused: a signature %s", (_name, signature, text) => {
    expect(accepts({ ...whole, "webhook-signature": signature }, [publicKey], text)).toBe(false);
  });

  it("the private key, with or without the public one behind it, signs and proves what Svix does", () => {
    const seed = Buffer.from(privateKey.slice("whsk_".length), "base64").subarray(0, 32).toString("base64");
    for (const key of [privateKey, `whsk_${seed}`]) {
      expect(signedBy(key)).toEqual(asymmetric);
      expect(accepts(asymmetric, [key])).toBe(true);
    }
  });

  it("a public key cannot sign, and says so", () => {
    expect(() => signedBy(publicKey)).toThrow("cannot sign");
    expect(() => signedBy("whpk_garbage")).toThrow("cannot sign");
    expect(() => signedBy(publicKey)).not.toThrow(publicKey.slice(5, 15));
  });

  it("what node:crypto signs proves here, and what is signed here proves there", () => {
    const pair = generateKeyPairSync("ed25519");
    const jwk = pair.privateKey.export({ format: "jwk" });
    const encoded = (...texts: (string | undefined)[]) =>
      Buffer.concat(texts.map((text) => Buffer.from(text ?? "", "base64url"))).toString("base64");
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        (text) => {
          const content = Buffer.concat([Buffer.from(`${id}.${seconds}.`), text]);
          const made = `v1a,${signWith(null, content, pair.privateKey).toString("base64")}`;
          expect(accepts({ ...whole, "webhook-signature": made }, [`whpk_${encoded(jwk.x)}`], text)).toBe(
            true,
          );
          const own = signedBy(`whsk_${encoded(jwk.d, jwk.x)}`, text)["webhook-signature"] ?? "";
          const signature = Buffer.from(own.slice("v1a,".length), "base64");
          expect(verifyWith(null, content, pair.publicKey, signature)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("a header full of signatures costs no more than a few of them", () => {
    const many = Array.from({ length: 170 }, () => goodAsymmetric.replace("hnO3", "hnO4")).join(" ");
    const large = Buffer.alloc(1_000_000, " ");
    const cost = (signatures: string) =>
      cpuMsOf(() => accepts({ ...whole, "webhook-signature": signatures }, [publicKey], large));
    expect(accepts({ ...whole, "webhook-signature": many }, [publicKey], large)).toBe(false);
    const one = cost(many.split(" ")[0] ?? "");
    expect(cost(many)).toBeLessThan(40 * one + 50);
  });
});

describe("v1, beside both libraries", () => {
  const anySecret = fc
    .uint8Array({ minLength: 1, maxLength: 80 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`);
  const anyId = fc.string({ minLength: 1 }).filter((text) => !text.includes("."));

  it("what they sign proves here, and what is signed here proves there", () => {
    const now = new Date();
    fc.assert(
      fc.property(anySecret, anyId, fc.json(), (key, messageId, text) => {
        const given = {
          "webhook-id": messageId,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
          "webhook-signature": new Webhook(key).sign(messageId, now, text),
        };
        expect(accepts(given, [key], text, now.getTime() / 1_000)).toBe(true);
        for (const family of ["webhook", "svix"]) {
          const sent = standardWebhooks.sign(
            { headers: { [`${family}-id`]: messageId }, body: Buffer.from(text) },
            key,
            now.getTime(),
          );
          const Library = family === "svix" ? SvixWebhook : Webhook;
          expect(new Library(key).verify(text, { ...sent.headers })).toEqual(JSON.parse(text));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("what is accepted here they accept too, however a request is cut up and put together", () => {
    const now = new Date();
    const time = String(Math.floor(now.getTime() / 1_000));
    const right = new Webhook(secret).sign(id, now, body);
    const wrong = new Webhook(`whsec_${base64(24)}`).sign(id, now, body);
    const anyItem = fc.constantFrom(
      right,
      wrong,
      right.slice(0, -1),
      right.replace("v1", "v2"),
      "v1,",
      "v1",
      "",
    );
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(anyItem, { maxLength: 4 }),
        fc.constantFrom(" ", "  ", ",", ", "),
        fc.constantFrom(id, id, id, "msg_2", ""),
        fc.constantFrom(time, time, time, `${time}.0`, ` ${time}`, "0"),
        fc.constantFrom("webhook", "svix"),
        (items, divider, messageId, timestamp, family) => {
          const headers = {
            [`${family}-id`]: messageId,
            [`${family}-timestamp`]: timestamp,
            [`${family}-signature`]: items.join(divider),
          };
          if (!accepts(headers, [secret], body, now.getTime() / 1_000)) return;
          accepted++;
          expect(() => new SvixWebhook(secret).verify(body, headers)).not.toThrow();
        },
      ),
      { numRuns: 2_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

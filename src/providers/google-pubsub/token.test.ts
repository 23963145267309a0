import { describe, expect, it, test } from "vitest";
import { keyList, makeToken, makeTokenKey, pushClaims } from "../../../test/helpers/google-token.ts";
import type { Published, PublishedText } from "../provider.ts";
import { googlePubsub } from "./index.ts";

const now = Date.UTC(2026, 2, 14, 9, 30);
const audience = "https://hooks.example.com/webhooks/google-pubsub";
const account = "push@project.iam.gserviceaccount.com";
const key = makeTokenKey("key-1");
const newKey = makeTokenKey("key-2");
const claims = pushClaims(audience, account, now - 60_000);
const credentials = {
  secrets: [],
  keys: [],
  audiences: ["https://other.example", audience],
  serviceAccounts: [account],
};

/** Answers from a list, the last for ever; keeps what it was asked. */
function publishing(...answers: PublishedText[]) {
  const asked: { address: string; maxAgeMs: number }[] = [];
  const published: Published = {
    async read(address, maxAgeMs) {
      asked.push({ address: address.href, maxAgeMs });
      return answers[Math.min(asked.length, answers.length) - 1] ?? { ok: false, message: "nothing" };
    },
    visit: async () => ({ ok: false, message: "not asked here" }),
  };
  return { asked, published };
}

const good: PublishedText = { ok: true, text: keyList([key]), isStale: false };

async function prove(authorization: string, published = publishing(good).published, at = now) {
  const headers = authorization === "" ? {} : { authorization };
  const request = {
    method: "POST",
    headers,
    query: {},
    target: "/",
    body: Buffer.from("{}"),
    receivedAt: at,
  };
  const proven = await googlePubsub.attestation?.prove(request, credentials, at, published);
  if (proven?.kind === "refused") {
    for (const secret of [account, audience]) expect(proven.reason).not.toContain(secret);
  }
  return proven?.kind;
}

const bearer = (more: object = {}, header: object = {}, by = key) =>
  `Bearer ${makeToken(by, { ...claims, ...more }, { ...header })}`;

describe("a token that proves nothing", () => {
  const seconds = (at: number) => Math.floor(at / 1_000);
  test.each([
    ["none at all", ""],
    ["a shared key", "Bearer some-key"],
    ["another scheme", bearer().replace("Bearer", "Token")],
    ["two parts", bearer().split(".").slice(0, 2).join(".")],
    ["parts that are no JSON", "Bearer YQ.YQ.YQ"],
    ["a list for claims", `Bearer ${bearer().split(" ")[1]?.split(".")[0]}.W10.YQ`],
    ["the algorithm none", bearer({}, { alg: "none" })],
    ["none, with a signature that was left over", `${bearer({}, { alg: "none" })}YQ`],
    ["HS256 with the public key as the secret", bearer({}, { alg: "HS256" })],
    ["no algorithm", bearer({}, { alg: undefined })],
    ["extensions that have to be understood", bearer({}, { crit: ["b64"], b64: false })],
    ["no key id", bearer({}, { kid: undefined })],
    ["another audience", bearer({ aud: "https://evil.example" })],
    ["several audiences", bearer({ aud: [audience] })],
    ["no audience", bearer({ aud: undefined })],
    ["another account", bearer({ email: "push@evil.iam.gserviceaccount.com" })],
    ["an e-mail that is not verified", bearer({ email_verified: false })],
    ["an e-mail that is verified by a word", bearer({ email_verified: "true" })],
    ["another issuer", bearer({ iss: "https://accounts.google.com.evil.example" })],
    ["an old token", bearer({ exp: seconds(now) - 301 })],
    ["no end", bearer({ exp: undefined })],
    ["an end that is a text", bearer({ exp: String(seconds(now) + 3_600) })],
    ["a beginning to come", bearer({ iat: seconds(now) + 301 })],
  ])("%s: nobody is asked for a key", async (_, authorization) => {
    const { asked, published } = publishing(good);
    expect(await prove(authorization, published)).toBe("refused");
    expect(asked).toEqual([]);
  });

  it("a signature by another key of the same name, or of other claims, is wrong", async () => {
    expect(await prove(bearer({}, { kid: "key-1" }, newKey))).toBe("refused");
    const [head, , signature] = bearer().split(".");
    const other = makeToken(key, { ...claims, sub: "1" }).split(".")[1];
    expect(await prove(`${head}.${other}.${signature}`)).toBe("refused");
    expect(await prove(`${bearer()}x`)).toBe("refused");
  });

  it("a key for another use, or of another kind, is none", async () => {
    const [jwk] = (JSON.parse(keyList([key])) as { keys: object[] }).keys;
    for (const change of [{ use: "enc" }, { kty: "oct", k: "YQ" }, { n: undefined }, { n: "***" }]) {
      const text = JSON.stringify({ keys: [{ ...jwk, ...change }] });
      const { published } = publishing({ ok: true, text, isStale: false });
      expect(await prove(bearer(), published), JSON.stringify(change)).toBe("refused");
    }
  });
});

describe("keys", () => {
  it("are Google's, or those of the address that is configured", async () => {
    const { asked, published } = publishing(good);
    expect(await prove(bearer(), published)).toBe("proven");
    expect(asked).toEqual([{ address: "https://www.googleapis.com/oauth2/v3/certs", maxAgeMs: 3_600_000 }]);
    const request = { method: "POST", query: {}, target: "/", body: Buffer.from(""), receivedAt: now };
    const own = { ...credentials, jwksUrl: "http://127.0.0.1:1/keys" };
    await googlePubsub.attestation?.prove(
      { ...request, headers: { authorization: bearer() } },
      own,
      now,
      published,
    );
    expect(asked[1]?.address).toBe("http://127.0.0.1:1/keys");
  });

  it("that are away leave it undecided, so that Google sends again", async () => {
    for (const answer of [
      { ok: false, message: "www.googleapis.com answered 503" },
      { ok: true, text: "<html>", isStale: false },
      { ok: true, text: "{}", isStale: false },
    ] as const) {
      expect(await prove(bearer(), publishing(answer).published)).toBe("undecided");
    }
  });

  it("that are new are asked for once more, for those of the last minute", async () => {
    const newer: PublishedText = { ok: true, text: keyList([key, newKey]), isStale: false };
    const { asked, published } = publishing(good, newer);
    expect(await prove(bearer({}, {}, newKey), published)).toBe("proven");
    expect(asked.map(({ maxAgeMs }) => maxAgeMs)).toEqual([3_600_000, 60_000]);
  });

  it("that nobody knows are refused when the list is fresh, and undecided when it is old", async () => {
    const made = bearer({}, { kid: "made-up" });
    expect(await prove(made, publishing(good).published)).toBe("refused");
    expect(await prove(made, publishing({ ...good, isStale: true }).published)).toBe("undecided");
    expect(await prove(bearer(), publishing({ ...good, isStale: true }).published)).toBe("proven");
  });
});

it("a clock may be five minutes wrong, and no more", async () => {
  const expiresAt = claims.exp * 1_000;
  expect(await prove(bearer(), publishing(good).published, expiresAt + 300_000)).toBe("proven");
  expect(await prove(bearer(), publishing(good).published, expiresAt + 300_001)).toBe("refused");
  expect(await prove(bearer(), publishing(good).published, claims.iat * 1_000 - 300_000)).toBe("proven");
  expect(await prove(bearer(), publishing(good).published, claims.iat * 1_000 - 300_001)).toBe("refused");
});

it("the issuer is written in either of Google's ways", async () => {
  expect(await prove(bearer({ iss: "accounts.google.com" }))).toBe("proven");
});

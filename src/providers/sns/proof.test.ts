import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { makeCertificate } from "../../../test/helpers/certificate.ts";
import { signedBySns, type SnsMessage } from "../../../test/helpers/sns-message.ts";
import type { Published, PublishedText } from "../provider.ts";
import { sns } from "./index.ts";

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as SnsMessage;
const notification = fixture("notification");
const confirmation = fixture("subscription-confirmation");
const topic = notification["TopicArn"] ?? "";
const day = 86_400_000;
const sentAt = Date.parse(notification["Timestamp"] ?? "");
const now = sentAt + 60_000;
const hosts = ["sns.us-west-2.amazonaws.com"];
const certificate = makeCertificate({ hosts, from: now - day, to: now + 30 * day });
const other = makeCertificate({ hosts, from: now - day, to: now + 30 * day });
const expired = makeCertificate({ hosts, from: now - 30 * day, to: now - 60_000 });
const early = makeCertificate({ hosts, from: now + 60_000, to: now + day });

/** What is asked for, and what is there. */
function publishing(answer: PublishedText = { ok: true, text: certificate.pem, isStale: false }) {
  const asked: string[] = [];
  const published: Published = {
    async read(address) {
      asked.push(address.href);
      return answer;
    },
    visit: async () => ({ ok: false, message: "not asked here" }),
  };
  return { asked, published };
}

async function prove(
  message: object | string,
  { published } = publishing(),
  at = now,
  topics: readonly string[] = [topic],
) {
  const body = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  const request = { method: "POST", headers: {}, query: {}, target: "/", body, receivedAt: at };
  const proven = await sns.attestation?.prove(request, { secrets: [], keys: [], topics }, at, published);
  if (proven?.kind !== "proven") expect(proven?.reason).toMatch(/\w/);
  return proven?.kind;
}

const signed = (change: object = {}, key = certificate.privateKey, message = notification) =>
  signedBySns({ ...message, ...change }, key);

describe("what proves nothing", () => {
  test.each<[string, object | string]>([
    ["no JSON", "hello"],
    ["a message without a signature", { ...notification, Signature: "" }],
    ["another topic", signed({ TopicArn: `${topic}-of-somebody-else` })],
    ["no topic", signed({ TopicArn: "" })],
    ["a signature of another version", signed({ SignatureVersion: "3" })],
    ["a confirmation without its token", signed({ Token: undefined }, certificate.privateKey, confirmation)],
    ["a time that is none", signed({ Timestamp: "yesterday" })],
    ["a message of the day before yesterday", signed({ Timestamp: new Date(now - day - 1).toISOString() })],
    ["a message of the future", signed({ Timestamp: new Date(now + 300_001).toISOString() })],
    ["a certificate of a foreign host", signed({ SigningCertURL: "https://evil.example/a.pem" })],
    [
      "a certificate of a host that looks like it",
      signed({ SigningCertURL: "https://sns.us-east-1.amazonaws.com.evil.com/a.pem" }),
    ],
    ["a certificate by plain HTTP", signed({ SigningCertURL: "http://sns.us-west-2.amazonaws.com/a.pem" })],
    ["a certificate without .pem", signed({ SigningCertURL: "https://sns.us-west-2.amazonaws.com/a" })],
  ])("%s: and nothing is asked for", async (_, message) => {
    const publisher = publishing();
    expect(await prove(message, publisher)).toBe("refused");
    expect(publisher.asked).toEqual([]);
  });

  test.each<[string, object]>([
    ["its text", { Message: "Hello you!" }],
    ["its id", { MessageId: "another" }],
    ["its subject", { Subject: "Another" }],
    ["its subject taken away", { Subject: undefined }],
    ["its time", { Timestamp: new Date(now).toISOString() }],
    ["its type", { Type: "Other" }],
    ["its signature", { Signature: "AAAA" }],
    ["what is no base64", { Signature: "%%%" }],
    ["the version of its signature", { SignatureVersion: "2" }],
  ])("a signed message with %s changed", async (_, change) => {
    expect(await prove({ ...signed(), ...change })).toBe("refused");
  });

  it("a signed confirmation whose address or token was changed", async () => {
    const genuine = signed({}, certificate.privateKey, confirmation);
    expect(await prove(genuine)).toBe("proven");
    for (const name of ["SubscribeURL", "Token"]) {
      expect(await prove({ ...genuine, [name]: "https://sns.us-west-2.amazonaws.com/?a=b" })).toBe("refused");
    }
  });

  it("a signature by another key, an expired certificate, or one that is not valid yet", async () => {
    expect(await prove(signed({}, other.privateKey))).toBe("refused");
    for (const { pem, privateKey } of [expired, early]) {
      const publisher = publishing({ ok: true, text: pem, isStale: false });
      expect(await prove(signed({}, privateKey), publisher)).toBe("refused");
    }
  });

  it("a signed message whose parts are divided otherwise, the same signature covering both", async () => {
    const genuine = signed({ Subject: "a" });
    const { MessageId } = genuine;
    expect(await prove(genuine)).toBe("proven");
    expect(await prove({ ...genuine, MessageId: `${MessageId}\nSubject\na`, Subject: undefined })).toBe(
      "refused",
    );
  });
});

it.each(["1", "2"])(
  "a message that SNS signed in version %s is proven, with a subject or without",
  async (version) => {
    const publisher = publishing();
    expect(await prove(signed({ SignatureVersion: version }), publisher)).toBe("proven");
    expect(await prove(signed({ SignatureVersion: version, Subject: undefined }), publisher)).toBe("proven");
    expect(new Set(publisher.asked)).toEqual(new Set([notification["SigningCertURL"]]));
  },
);

it("a certificate that cannot be had, or is none, leaves it undecided, so that SNS sends again", async () => {
  expect(await prove(signed(), publishing({ ok: false, message: "away" }))).toBe("undecided");
  expect(await prove(signed(), publishing({ ok: true, text: "<html>", isStale: false }))).toBe("undecided");
});

describe("by key", () => {
  const request = (message: object | string, headers: Record<string, string> = {}) => ({
    method: "POST",
    headers: { authorization: "Bearer k3y", ...headers },
    query: {},
    target: "/",
    body: Buffer.from(typeof message === "string" ? message : JSON.stringify(message)),
    receivedAt: now,
  });
  const verify = (...asked: Parameters<typeof request>) =>
    sns.verify(request(...asked), { secrets: [], keys: ["k3y"], topics: [topic] }, now).ok;

  it("a raw message is taken, of the topics that may send", () => {
    const raw = { "x-amz-sns-rawdelivery": "true", "x-amz-sns-topic-arn": topic };
    expect(verify("hello", raw)).toBe(true);
    expect(verify("hello", { ...raw, "x-amz-sns-topic-arn": "arn:aws:sns:us-west-2:1:other" })).toBe(false);
    expect(verify("hello")).toBe(false);
    expect(verify("hello", { ...raw, authorization: "Bearer other" })).toBe(false);
  });

  it("no subscription is confirmed", () => {
    expect(verify(confirmation)).toBe(false);
    expect(verify(notification)).toBe(true);
    const anyTopic = sns.verify(request(confirmation), { secrets: [], keys: ["k3y"] }, now);
    expect(anyTopic).toMatchObject({ ok: false, reason: expect.stringContaining("topics") });
  });
});

import { createServer, type Server } from "node:https";
import { connect } from "node:tls";
import { Agent } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPublished } from "../../src/intake/published.ts";
import { makeCertificate } from "../helpers/certificate.ts";
import { signedBySns, type SnsMessage } from "../helpers/sns-message.ts";
import { neighbour } from "./relay.ts";

const day = 86_400_000;
const host = "sns.us-east-1.amazonaws.com";
const topic = "arn:aws:sns:us-east-1:123456789012:contacts";
const today = Date.now();
/** The server's, which is what makes it SNS, and the one by which SNS signs. */
const ofServer = makeCertificate({ hosts: [host], from: today - day, to: today + day });
const ofSender = makeCertificate({ hosts: ["sns.amazonaws.com"], from: today - day, to: today + day });
const pemPath = "/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem";

let server: Server;
let connections: Agent;
let asked: string[] = [];
let isAway = false;
let relay: ReturnType<typeof neighbour>;

beforeAll(async () => {
  server = createServer(
    { key: ofServer.privateKey.export({ type: "pkcs8", format: "pem" }), cert: ofServer.pem },
    (request, response) => {
      asked.push(`${request.headers.host}${request.url}`);
      if (isAway) return void response.writeHead(503).end();
      if (request.url === pemPath) return void response.end(ofSender.pem);
      if (request.url?.startsWith("/?Action=ConfirmSubscription")) {
        return void response.end("<ConfirmSubscriptionResponse/>");
      }
      response.writeHead(403).end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  // Whatever is asked for is here, if it can show the certificate of its name.
  connections = new Agent({
    connect: ({ hostname }, callback) => {
      const socket = connect({ host: "127.0.0.1", port, servername: hostname, ca: ofServer.pem });
      socket.once("secureConnect", () => callback(null, socket));
      socket.once("error", (error) => callback(error, null));
    },
  });
});

beforeEach(() => {
  asked = [];
  isAway = false;
  relay = neighbour(
    `sources:
  contacts: { provider: sns, topics: ["${topic}"] }
  raw: { provider: sns, topics: ["${topic}"], key: k3y }
`,
    {},
    { clock: () => today, published: createPublished({ connections, clock: () => today }) },
  );
});

afterAll(async () => {
  await connections.destroy();
  server.close();
});

const base = {
  TopicArn: topic,
  Timestamp: new Date(today - 1_000).toISOString(),
  SignatureVersion: "2",
  SigningCertURL: `https://${host}${pemPath}`,
};
const notification: SnsMessage = {
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  Message: '{"email":"ada@example.com","firstName":"Ada"}',
  ...base,
};
const confirmation: SnsMessage = {
  Type: "SubscriptionConfirmation",
  MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
  Token: "2336412f37",
  Message: "You have chosen to subscribe to the topic.",
  SubscribeURL: `https://${host}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=2336412f37`,
  ...base,
};

/** As SNS sends it: JSON under the type of a text. */
function send(message: SnsMessage, path = "/webhooks/contacts", key = ofSender.privateKey) {
  const body = JSON.stringify(signedBySns(message, key), null, 2);
  return relay.ask({
    path,
    body,
    headers: {
      "content-type": "text/plain; charset=UTF-8",
      "x-amz-sns-message-type": message["Type"] ?? "",
      "x-amz-sns-message-id": message["MessageId"] ?? "",
      "x-amz-sns-topic-arn": message["TopicArn"] ?? "",
      "user-agent": "Amazon Simple Notification Service Agent",
    },
  });
}

describe("the confirmation of a subscription", () => {
  it("is made where SNS says, after its signature was found right", async () => {
    const { status, text, events } = await send(confirmation);
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { status: "ignored", reason: "subscription-confirmation" },
    ]);
    expect(events).toEqual([]);
    expect(asked).toEqual([
      `${host}${pemPath}`,
      `${host}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=2336412f37`,
    ]);
  });

  it("is not made for another topic, a foreign address, a wrong signature, or by a key alone", async () => {
    const foreign = { ...confirmation, SubscribeURL: "https://evil.example/?Action=ConfirmSubscription" };
    expect((await send({ ...confirmation, TopicArn: `${topic}-2` })).status).toBe(401);
    expect((await send(foreign)).status).toBe(400);
    expect((await send(confirmation, undefined, ofServer.privateKey)).status).toBe(401);
    expect((await send(confirmation, "/webhooks/raw?key=k3y", ofServer.privateKey)).status).toBe(401);
    expect(asked).toEqual([`${host}${pemPath}`]);
  });

  it("is asked for again when SNS could not be asked", async () => {
    expect((await send(notification)).status).toBe(200);
    isAway = true;
    const { status, headers } = await send(confirmation);
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  });
});

describe("a notification", () => {
  it("is taken by its signature, and the certificate is fetched once", async () => {
    for (const SignatureVersion of ["1", "2", "2"]) {
      const { status, events } = await send({ ...notification, SignatureVersion });
      expect([status, events.length]).toEqual([200, 1]);
    }
    expect(asked).toEqual([`${host}${pemPath}`]);
    const { events } = await send(notification);
    expect(await relay.mapped(events[0])).toMatchObject({ contact: "email:ada@example.com" });
  });

  it("waits with SNS while the certificate is away", async () => {
    isAway = true;
    const { status, events } = await send(notification);
    expect([status, events]).toEqual([503, []]);
  });

  it("that names a host which cannot show the certificate of its name is not believed", async () => {
    const SigningCertURL = `https://sns.eu-west-1.amazonaws.com${pemPath}`;
    expect((await send({ ...notification, SigningCertURL })).status).toBe(503);
    expect(asked).toEqual([]);
  });

  it("with a certificate elsewhere is refused, and nothing is asked for there", async () => {
    for (const place of [
      `https://${host}.evil.com${pemPath}`,
      `https://user@${host}${pemPath}`,
      `https://${host}:8443${pemPath}`,
      `http://${host}${pemPath}`,
      `https://${host}/certificate.txt`,
    ]) {
      const { status, events } = await send({ ...notification, SigningCertURL: place });
      expect([place, status, events]).toEqual([place, 401, []]);
    }
    expect(asked).toEqual([]);
  });

  it("that comes raw is taken by key, and by nothing else", async () => {
    const headers = {
      "content-type": "text/plain; charset=UTF-8",
      "x-amz-sns-rawdelivery": "true",
      "x-amz-sns-message-id": "7",
      "x-amz-sns-topic-arn": topic,
    };
    const body = '{"email":"ada@example.com"}';
    expect((await relay.ask({ path: "/webhooks/raw", headers, body })).status).toBe(401);
    const { status, events } = await relay.ask({ path: "/webhooks/raw?key=k3y", headers, body });
    expect(status).toBe(200);
    expect(events[0]).toMatchObject({ payload: body, attributes: { topic, messageId: "7" } });
  });
});

it("a source without topics and without a key is told of", () => {
  expect(() => neighbour("sources:\n  a: { provider: sns }\n")).toThrow("needs `key`, or `topics`");
});

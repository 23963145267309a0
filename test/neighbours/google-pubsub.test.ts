import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPublished } from "../../src/intake/published.ts";
import { createConnections } from "../../src/outbound/connections.ts";
import { keyList, makeToken, makeTokenKey, pushClaims } from "../helpers/google-token.ts";
import { neighbour } from "./relay.ts";

const audience = "https://hooks.example.com";
const account = "push@project.iam.gserviceaccount.com";
const first = makeTokenKey("first");
const second = makeTokenKey("second");
const connections = createConnections({ http: undefined, https: undefined, none: "" });
let now = 0;
let keys = [first];
let isAway = false;
let asked = 0;
let server: Server;
let relay: ReturnType<typeof neighbour>;

beforeAll(async () => {
  server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(isAway ? 503 : 200).end(keyList(keys));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

beforeEach(() => {
  now = Date.UTC(2026, 2, 14, 9, 30);
  keys = [first];
  isAway = false;
  asked = 0;
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  relay = neighbour(
    `sources:
  contacts:
    provider: google-pubsub
    audience: ${audience}
    service_account: [${account}]
    jwks_url: http://127.0.0.1:${port}/oauth2/v3/certs
`,
    {},
    { clock: () => now, published: createPublished({ connections, clock: () => now }) },
  );
});

afterAll(async () => {
  await connections.destroy();
  server.close();
});

/** As Pub/Sub pushes it. */
function push(token: string, messageId = "1") {
  const data = Buffer.from('{"email":"ada@example.com"}').toString("base64");
  return relay.ask({
    path: "/webhooks/contacts",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      from: "noreply@google.com",
      "user-agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
    },
    body: JSON.stringify({
      message: { data, messageId, publishTime: "2026-03-14T09:26:53.589Z" },
      subscription: "projects/p/subscriptions/contacts",
    }),
  });
}

const token = (key = first, more: object = {}) =>
  makeToken(key, { ...pushClaims(audience, account, now - 1_000), ...more });

describe("a push subscription with a token", () => {
  it("is taken, and its keys are asked for once", async () => {
    for (let times = 0; times < 3; times += 1) {
      const { status, text, events } = await push(token(), String(times));
      expect([status, text, events.length]).toEqual([200, "", 1]);
    }
    expect(asked).toBe(1);
    const { events } = await push(token());
    expect(await relay.mapped(events[0])).toMatchObject({ contact: "email:ada@example.com" });
  });

  it("of another account is refused, and nothing is stored", async () => {
    const { status, text, events } = await push(token(first, { email: "evil@example.com" }));
    expect([status, events]).toEqual([401, []]);
    expect(text).not.toContain(account);
  });

  it("whose keys are away is told to come again, and taken then", async () => {
    isAway = true;
    const away = await push(token());
    expect([away.status, away.headers.get("retry-after"), away.events]).toEqual([503, "5", []]);
    isAway = false;
    now += 5_000;
    expect((await push(token())).status).toBe(200);
  });

  it("goes on by the keys that were had, while they are away", async () => {
    expect((await push(token())).status).toBe(200);
    isAway = true;
    now += 7_200_000;
    expect((await push(token())).status).toBe(200);
  });

  it("is taken when Google has changed its keys", async () => {
    expect((await push(token())).status).toBe(200);
    keys = [first, second];
    now += 60_001;
    expect((await push(token(second))).status).toBe(200);
    expect(asked).toBe(2);
  });

  it("by a flood of made-up keys makes nobody ask more than once a minute", async () => {
    expect((await push(token())).status).toBe(200);
    for (let number = 0; number < 200; number += 1) {
      const made = makeToken(first, pushClaims(audience, account, now), { kid: `made-up-${number}` });
      expect((await push(made)).status).toBe(401);
    }
    expect(asked).toBe(1);
    now += 61_000;
    for (let number = 0; number < 200; number += 1) {
      const made = makeToken(first, pushClaims(audience, account, now), { kid: `made-up-${number}` });
      expect((await push(made)).status).toBe(401);
    }
    expect(asked).toBe(2);
    expect((await push(token())).status).toBe(200);
  });
});

describe("how it is configured", () => {
  it("an audience without an account proves nobody, and is told of", () => {
    const half = () => neighbour("sources:\n  a: { provider: google-pubsub, audience: https://a.b }\n");
    expect(half).toThrow("is of no use without `service_account`");
  });

  it("neither a key nor a token is told of", () => {
    expect(() => neighbour("sources:\n  a: { provider: google-pubsub }\n")).toThrow(
      "needs `key`, or `audience` and `service_account`",
    );
  });

  it("a key alone is enough, and the only proof then", async () => {
    const keyed = neighbour("sources:\n  a: { provider: google-pubsub, key: k3y }\n");
    const body = JSON.stringify({ message: { messageId: "1", data: "" }, subscription: "s" });
    expect((await keyed.ask({ path: "/webhooks/a?key=k3y", body })).status).toBe(200);
    const headers = { authorization: `Bearer ${token()}` };
    expect((await keyed.ask({ path: "/webhooks/a", headers, body })).status).toBe(401);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { keyList, makeToken, makeTokenKey, pushClaims } from "../helpers/google-token.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const audience = "https://hooks.example.com";
const account = "push@project.iam.gserviceaccount.com";
const key = makeTokenKey("key-1");
let directory = "";
let sandbox: Sandbox;
let google: Server;
let isAway = true;
let relay: RelayProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-attested-"));
  sandbox = await startSandbox({ ratePerSecond: 0 });
  google = createServer((_request, response) => {
    response.writeHead(isAway ? 503 : 200).end(keyList([key]));
  });
  await new Promise<void>((resolve) => google.listen(0, "127.0.0.1", resolve));
  const address = google.address();
  const port = typeof address === "object" && address ? address.port : 0;
  relay = await startRelayProcess({
    GOOGLE_PUBSUB_AUDIENCE: audience,
    GOOGLE_PUBSUB_SERVICE_ACCOUNT: `other@example.com, ${account}`,
    GOOGLE_PUBSUB_JWKS_URL: `http://127.0.0.1:${port}/certs`,
    DAPR_KEY: "app-api-token",
    DAPR_PUBSUB: "pubsub",
    DAPR_TOPICS: "contacts, leads",
    SNS_TOPICS: "arn:aws:sns:us-east-1:123456789012:contacts",
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    DATA_DIR: join(directory, "data"),
  });
});

afterAll(async () => {
  await relay.end("SIGKILL");
  await sandbox.close();
  google.closeAllConnections();
  google.close();
  rmSync(directory, { recursive: true, force: true });
});

function push(email = account) {
  const token = makeToken(key, pushClaims(audience, email, Date.now() - 1_000));
  const data = Buffer.from('{"email":"ada@example.com","firstName":"Ada"}').toString("base64");
  const message = { data, messageId: "1", publishTime: new Date().toISOString() };
  return fetchDocumented(`${relay.url}/webhooks/google-pubsub`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ message, subscription: "projects/p/subscriptions/s" }),
  });
}

describe("a relay whose senders prove themselves without a key", () => {
  it("tells a sender to come again while its keys are away, and brings its contact to the API then", async () => {
    const away = await push();
    expect([away.status, away.headers.get("retry-after")]).toEqual([503, "5"]);
    isAway = false;
    await until(async () => (await push()).status === 200, 15_000, "the keys to be asked for again");
    await until(async () => sandbox.contacts().length === 1, 15_000, "the contact");
    expect(sandbox.contacts()[0]?.fields).toMatchObject({ email: "ada@example.com", firstName: "Ada" });
  });

  it("refuses another account, and what SNS did not sign", async () => {
    expect((await push("evil@example.com")).status).toBe(401);
    const sns = await fetchDocumented(`${relay.url}/webhooks/sns`, { method: "POST", body: "hello" });
    expect(sns.status).toBe(401);
  });

  it("tells a Dapr sidecar what to subscribe to", async () => {
    const headers = { "dapr-api-token": "app-api-token" };
    const response = await fetchDocumented(`${relay.url}/dapr/subscribe`, { headers });
    const topics = ((await response.json()) as { topic: string }[]).map(({ topic }) => topic);
    expect(topics).toEqual(["contacts", "leads"]);
  });
});

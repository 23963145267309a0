import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Io } from "../../src/commands/io.ts";
import { send, type SendCommand } from "../../src/commands/send.ts";
import { providers } from "../../src/providers/registry.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretVariable } from "../../src/sources/load.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const adminToken = "operator-token";
const graphToken = "graph-token-of-the-page";
let directory = "";
let sandbox: Sandbox;
let graph: Server;
let graphUrl = "";
let graphAnswers: { status: number; body: object }[] = [];
/** Of one lead: it holds up no other. */
const trouble = { status: 500, body: { error: { code: 2, is_transient: true, message: "try again" } } };
const graphRequests: { url: string; authorization: string | undefined }[] = [];
let relay: RelayProcess;
let env: Record<string, string> = {};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-providers-"));
  // The samples of different senders know some people by the same e-mail and other phone numbers.
  sandbox = await startSandbox({ ratePerSecond: 0, duplicates: "allow" });
  graph = createServer((request, response) => {
    graphRequests.push({ url: request.url ?? "", authorization: request.headers.authorization });
    const { status, body } = graphAnswers.shift() ?? trouble;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => graph.listen(0, "127.0.0.1", resolve));
  const address = graph.address();
  graphUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/v23.0`;
  const secrets = Object.fromEntries(
    providers.map((provider) => [secretVariable(provider), "whsec_c2VjcmV0LW9mLXRoZS1lbmQtdG8tZW5k"]),
  );
  env = {
    ...secrets,
    PUBLIC_URL: "https://hooks.example.com",
    META_LEAD_ADS_VERIFY_TOKEN: "verify-me",
    META_LEAD_ADS_ACCESS_TOKEN: graphToken,
    META_LEAD_ADS_API_URL: graphUrl,
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: "200",
    DATA_DIR: join(directory, "data"),
    ADMIN_TOKEN: adminToken,
  };
  relay = await startRelayProcess(env);
});

afterAll(async () => {
  await relay.end("SIGKILL");
  await sandbox.close();
  graph.closeAllConnections();
  graph.close();
  rmSync(directory, { recursive: true, force: true });
});

async function sendTo(command: Partial<SendCommand> & { source: string }) {
  const shown = { out: "", err: "" };
  const io: Io = {
    env,
    out: (text) => void (shown.out += text),
    err: (text) => void (shown.err += text),
    color: false,
    stopRequested: new Promise(() => {}),
  };
  const defaults = { url: relay.url, list: false, headers: [], file: undefined, json: true };
  const code = await send({ ...defaults, ...command }, io);
  return { code, ...shown };
}

async function admin(path: string): Promise<Record<string, unknown>> {
  const response = await fetchDocumented(`${relay.url}${path}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return (await response.json()) as Record<string, unknown>;
}

describe.each(providers.map((provider) => ({ name: provider.name, provider })))(
  "$name through a running relay",
  ({ name, provider }) => {
    const isKept = provider.mapping !== "never";
    it(`every sample is proven${isKept ? ", stored and mapped" : ", and nothing of it is kept"}`, async () => {
      for (const sample of provider.samples) {
        const { code, out, err } = await sendTo({ source: name, sample: sample.name });
        expect({ code, err }, `${sample.name}: ${out}`).toEqual({ code: 0, err: "" });
      }
      await until(
        async () => {
          const { items } = (await admin(`/admin/events?source=${name}&limit=100`)) as {
            items: { state: string }[];
          };
          const open = items.filter(({ state }) => state !== "completed" && state !== "delayed");
          const kept = isKept ? items.length >= provider.samples.length : items.length === 0;
          return kept && open.length === 0;
        },
        20_000,
        "every event to be mapped",
      );
    });
  },
);

it("what the samples tell of people has reached the API", async () => {
  const waiting = async () =>
    ((await admin("/admin/status"))["queues"] as { contacts: Record<string, number> }).contacts;
  await until(
    async () => {
      const { waiting: queued, active, delayed } = await waiting();
      return queued === 0 && active === 0 && delayed === 0;
    },
    30_000,
    "every contact",
  );
  expect(sandbox.contacts().length).toBeGreaterThan(10);
  expect((await waiting())["failed"]).toBe(0);
  for (const { fields } of sandbox.contacts()) {
    expect([fields["phone"], fields["email"]]).not.toEqual([undefined, undefined]);
  }
});

describe("Meta Lead Ads", () => {
  it("confirms a subscription with the bare challenge, and nobody else's", async () => {
    const ask = async (token: string) => {
      const query = `hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`;
      return await fetchDocumented(`${relay.url}/webhooks/meta-lead-ads?${query}`);
    };
    const right = await ask("verify-me");
    expect([right.status, await right.text()]).toEqual([200, "1158201444"]);
    expect((await ask("wrong")).status).toBe(403);
  });

  it(
    "fetches a lead's fields with the page's token, and tries again until it has them",
    { timeout: 90_000 },
    async () => {
      graphRequests.length = 0;
      graphAnswers = [
        trouble,
        {
          status: 200,
          body: {
            id: "1",
            created_time: "2026-03-14T09:00:00+0000",
            field_data: [
              { name: "full_name", values: ["Lena Lead"] },
              { name: "email", values: ["lena.lead@example.com"] },
            ],
          },
        },
      ];
      const { code, out } = await sendTo({ source: "meta-lead-ads", sample: "notification" });
      expect({ code, out }).toMatchObject({ code: 0 });
      const { id } = (JSON.parse(out) as { answer: { id: string } }).answer;
      await until(() => graphRequests.length > 0, 10_000, "the first attempt");
      await until(
        async () => (await admin(`/admin/events/${id}`))["state"] === "delayed",
        10_000,
        "the wait",
      );
      expect(graphRequests[0]?.authorization).toBe(`Bearer ${graphToken}`);
      expect(graphRequests[0]?.url).not.toContain(graphToken);
      await until(() => sandbox.contact("email:lena.lead@example.com") !== undefined, 60_000, "the lead");
      expect(sandbox.contact("email:lena.lead@example.com")?.fields).toMatchObject({ firstName: "Lena" });
      expect(relay.output()).not.toContain(graphToken);
    },
  );
});

describe("examples in the configuration", () => {
  it("are run by check, with a readable difference", async () => {
    const file = join(directory, "sources.yaml");
    writeFileSync(
      join(directory, "order.json"),
      '{"email":"Ada@Example.com","customer":{"first_name":"Ada"}}',
    );
    const sources = (name: string) => `sources:
  shop:
    provider: shopify
    secret: s
    examples:
      - name: an order from a file
        type: orders/create
        file: order.json
        expect: { contact: "email:ada@example.com", firstName: ${name}, email: ada@example.com }
`;
    const check = async (name: string) => {
      writeFileSync(file, sources(name));
      const settings = { AELYST_API_TOKEN: "t", AELYST_API_URL: sandbox.url, SOURCES_FILE: file };
      return await finishCommand(["check"], { ...settings, DATA_DIR: join(directory, "check") });
    };
    const right = await check("Ada");
    expect(right.out).toContain("all 1 come out as expected");
    expect(right.code).toBe(0);
    const wrong = await check("Bo");
    expect(wrong.out).toContain('firstName: expected "Bo", got "Ada"');
    expect(wrong.code).toBe(1);
  });
});

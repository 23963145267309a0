import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

export const adminToken = "operator-token-of-the-browser-tests";
export const readToken = "viewer-token-of-the-browser-tests";
export const shopKey = "shop-key";

/** What runs as script where a page does not write it as text. */
export const hostileText = `"><img src=x onerror=document.title='owned'><script>document.title='owned'</script>`;

export interface ConsoleStage {
  readonly relay: RelayProcess;
  /** Events by what they are there for. */
  readonly ids: {
    readonly lead: string;
    readonly older: string;
    readonly hostile: string;
    readonly group: string;
    readonly ignored: string;
  };
  post(source: string, fields: object): Promise<string>;
  admin(path: string, method?: string, body?: unknown): Promise<Response>;
  /** Waits until so many items are parked. */
  parked(count: number): Promise<void>;
  /** Kills the relay and starts it anew, at another address, on what it had stored. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const sources = `
sources:
  shop:
    provider: form
    key: ${shopKey}
    map:
      custom_fields:
        Plan: { value: plan, type: list, options: [free, pro] }
        Note: note
    examples:
      - name: a lead with a plan
        payload: { first_name: Ada, email: ada@example.com, plan: pro }
        expect:
          contact: email:ada@example.com
          firstName: Ada
          email: ada@example.com
          custom_fields: { Plan: pro }
  newsletter:
    provider: form
    key: ${shopKey}
    map:
      custom_fields:
        Campaign: campaign
`;

/** A relay as a person would look at it: leads, an older event that lost, something ignored, several that are parked. */
export async function openConsoleStage(): Promise<ConsoleStage> {
  const directory = mkdtempSync(join(tmpdir(), "relay-console-"));
  const sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
  const sourcesFile = join(directory, "sources.yaml");
  writeFileSync(sourcesFile, sources);
  const env = {
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: "100",
    SOURCES_FILE: sourcesFile,
    ADMIN_TOKEN: adminToken,
    ADMIN_READ_TOKEN: readToken,
    DATA_DIR: join(directory, "data"),
    LOG_LEVEL: "info",
  };
  let relay = await startRelayProcess(env);

  async function post(source: string, fields: object): Promise<string> {
    const response = await fetch(`${relay.url}/webhooks/${source}`, {
      method: "POST",
      headers: { "x-webhook-key": shopKey, "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    const { id } = (await response.json()) as { id: string };
    return id;
  }
  async function admin(path: string, method = "GET", body?: unknown): Promise<Response> {
    return await fetch(`${relay.url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
  async function parked(count: number): Promise<void> {
    await until(
      async () => {
        const { items } = (await (await admin("/failures?limit=500")).json()) as { items: unknown[] };
        return items.length === count;
      },
      30_000,
      `${count} parked items`,
    );
  }

  const lead = {
    first_name: "Ada",
    last_name: "Lovelace",
    email: "augusta@example.com",
    phone: "+60123456789",
  };
  const older = await post("shop", { ...lead, plan: "free", note: "first order" });
  const leadId = await post("shop", { ...lead, plan: "pro", note: "second order" });
  const ignored = await post("newsletter", { campaign: "spring" });
  const hostile = await post("shop", {
    first_name: hostileText,
    email: "mallory@example.com",
    note: hostileText,
    [hostileText]: hostileText,
  });
  for (let count = 0; count < 6; count += 1) {
    await post("newsletter", { first_name: `Lead ${count}`, phone: `12 34${count}`, campaign: "autumn" });
  }
  await parked(6);
  const groups = (await (await admin("/failures/groups")).json()) as { items: { key: string }[] };
  const group = groups.items[0]?.key ?? "";
  await until(
    async () => {
      const { body } = await statusOf(admin);
      return body.queues.contacts.waiting + body.queues.contacts.active + body.queues.contacts.delayed === 0;
    },
    30_000,
    "all to be delivered",
  );
  return {
    get relay() {
      return relay;
    },
    async restart() {
      await relay.end("SIGKILL");
      relay = await startRelayProcess(env);
    },
    ids: { lead: leadId, older, hostile, ignored, group },
    post,
    admin,
    parked,
    async close() {
      await relay.end("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function statusOf(admin: ConsoleStage["admin"]) {
  const body = (await (await admin("/status")).json()) as {
    queues: { contacts: { waiting: number; active: number; delayed: number } };
  };
  return { body };
}

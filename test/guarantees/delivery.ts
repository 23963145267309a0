import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox, type SandboxOptions } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { isLong } from "../helpers/length.ts";
import { openJobs } from "../helpers/queue-jobs.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const ceiling = 25;
/** For a machine that is busy with other things; shorter than the busy contact waits. */
const waitMs = 60_000;
const formKey = "guarantee-key";
const adminToken = "guarantee-admin";
const authProbeMs = 3_000;

/** What is promised of deliveries, on real processes and the strict sandbox. */
export async function deliveryGuarantees(name: EngineName, replicas: number): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());

  describe.skipIf(!engine)(`${name}, ${replicas} relays`, { timeout: 2 * waitMs }, () => {
    let directory = "";
    let sandbox: Sandbox;
    let relays: RelayProcess[] = [];

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), "relay-guarantee-"));
      relays = [];
    });

    afterEach(async () => {
      for (const relay of relays) await relay.end("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    });

    async function start(options: SandboxOptions = {}): Promise<void> {
      sandbox = await startSandbox({ ratePerSecond: 0, ...options });
      const env = {
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: String(ceiling),
        BUSY_DELAY_MS: "300000",
        AUTH_PROBE_MS: String(authProbeMs),
        FORM_KEY: formKey,
        ADMIN_TOKEN: adminToken,
        LOG_LEVEL: "warn",
        ...engine?.settings(directory),
      };
      relays = await Promise.all(Array.from({ length: replicas }, () => startRelayProcess(env)));
    }

    let posted = 0;
    async function post(contact: number, fields: object = {}): Promise<void> {
      const relay = relays[posted % relays.length];
      posted += 1;
      const answer = await fetchDocumented(`${relay?.url ?? ""}/webhooks/form`, {
        method: "POST",
        headers: { "x-webhook-key": formKey, "content-type": "application/json" },
        body: JSON.stringify({ email: `person${contact}@example.com`, first_name: `N${posted}`, ...fields }),
      });
      expect(answer.status).toBe(200);
    }

    /** At most eight on the wire at once, as a busy sender does it. */
    async function postAll(contacts: readonly number[]): Promise<void> {
      let next = 0;
      const senders = Array.from({ length: 8 }, async () => {
        for (let contact = contacts[next++]; contact !== undefined; contact = contacts[next++]) {
          await post(contact);
        }
      });
      await Promise.all(senders);
    }

    const reached = () => sandbox.contacts().length;

    it("in any second of a backlog at most ceiling + 1 requests arrive, one at a time for each contact", async () => {
      await start({ latencyMs: 300 });
      const contacts = ceiling * (isLong ? 8 : 4);
      const stalls = monitorEventLoopDelay({ resolution: 1 });
      stalls.enable();
      await postAll(Array.from({ length: contacts }, (_, index) => index));
      await until(() => reached() === contacts, waitMs, "every contact");
      stalls.disable();
      // What this process took to look at its sockets is no part of when a request arrived.
      const stalledMs = stalls.max / 1e6;
      const times = sandbox.requests().map(({ sinceMs }) => sinceMs);
      const inSecondFrom = (start: number) =>
        times.filter((at) => at >= start && at < start + 1_000 - stalledMs).length;
      expect(Math.max(...times.map(inSecondFrom))).toBeLessThanOrEqual(ceiling + 1);
      expect(sandbox.requests().every(({ inFlight }) => inFlight === 1)).toBe(true);
    });

    it("a burst of many events on few contacts costs little more than one request each", async () => {
      await start();
      const contacts = isLong ? 40 : 20;
      const events = isLong ? 800 : 400;
      const startedAt = performance.now();
      await postAll(Array.from({ length: events }, (_, index) => index % contacts));
      const arrivalSeconds = (performance.now() - startedAt) / 1_000;
      await until(
        () => {
          const held = sandbox.contacts().map(({ fields }) => Number(String(fields["firstName"]).slice(1)));
          return held.length === contacts && Math.min(...held) > posted - events;
        },
        waitMs,
        "every contact",
      );
      await until(async () => (await openJobs(relays[0]?.url ?? "")) === 0, waitMs, "the rest to settle");
      const allowed = 1.2 * contacts + ceiling * arrivalSeconds + 1;
      expect(sandbox.requests().length).toBeLessThanOrEqual(allowed);
    });

    it("a contact that is busy, failing or refused delays no other", async () => {
      await start({ customFields: {} });
      sandbox.fault({ busy: "email:person0@example.com" });
      await post(0);
      await post(1, { phone: "+60123456789" });
      await until(() => sandbox.requests().some(({ status }) => status === 449), waitMs, "a 449");
      const others = Array.from({ length: ceiling * 2 }, (_, index) => index + 2);
      await postAll(others);
      await until(() => reached() >= others.length + 1, waitMs, "all the others, long before the busy one");
      expect(sandbox.contact("email:person0@example.com")).toBeUndefined();
    });

    it("a contact that the firewall refuses is parked by itself, and a hundred others arrive on time", async () => {
      await start();
      sandbox.fault({ firewall: "<script>" });
      await post(0, { first_name: "<script>" });
      await until(() => sandbox.requests().some(({ status }) => status === 403), waitMs, "a 403");
      const others = Array.from({ length: 100 }, (_, index) => index + 1);
      const postedAt = Date.now();
      await postAll(others);
      await until(() => reached() === others.length, waitMs, "all the others");
      const lastAt = Math.max(...sandbox.requests().map(({ at }) => at));
      // Were all held back by the one, each would wait for a probe: thirty times as long as the ceiling takes. A machine
      // that is busy with other things takes twice as long.
      expect(lastAt - postedAt).toBeLessThan(4 * (others.length / ceiling) * 1_000);
      let next = 1_000;
      const parked = async () => {
        await post((next += 1));
        const answer = await fetchDocumented(`${relays[0]?.url ?? ""}/admin/failures`, {
          headers: { authorization: `Bearer ${adminToken}` },
        });
        return (await answer.json()) as { items: { contact?: string; reason: string; status?: number }[] };
      };
      await until(async () => (await parked()).items.length === 1, waitMs, "the one to be parked", 500);
      expect((await parked()).items).toMatchObject([
        { contact: "email:person0@example.com", reason: "refused", status: 403 },
      ]);
      const refused = sandbox.requests().filter(({ status }) => status === 403);
      expect(refused.every(({ contact }) => contact === "email:person0@example.com")).toBe(true);
      expect(refused.length).toBeLessThanOrEqual(2 * replicas + 1);
    });

    it("a contact whose path the API limits is asked more seldom, and every value arrives", async () => {
      await start();
      sandbox.fault({ contactRate: 5 });
      for (let n = 0; n < 30; n += 1) {
        await post(0);
        await post(n + 1);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      await until(
        () => sandbox.contact("email:person0@example.com")?.fields["firstName"] === `N${posted - 1}`,
        waitMs,
        "the last value of the one",
      );
      await until(() => reached() === 31, waitMs, "all the others");
      if (replicas === 1) expect(sandbox.requests().every(({ status }) => status === 200)).toBe(true);
    });
  });
}

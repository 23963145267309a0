import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { seededRandom } from "../../src/sandbox/seeded-random.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import {
  expectedContacts,
  heldContacts,
  makeEvents,
  messageOf,
  requestOf,
  writeSources,
  type Acknowledged,
  type StormEvent,
} from "./storm.ts";

const adminToken = "storm-operator";
/** `CHAOS_SEED` repeats the events and the moments of a storm; what the machine does in between is its own. */
const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1_000_000));

/** About how long a kill and the restart take: the events are spread over all of them. */
const secondsPerKill = 2;

interface Storm {
  readonly events: number;
  readonly contacts: number;
  readonly replicas: number;
  readonly kills: number;
  /** Nobody is at the API at first: the relays create them, and the API is slow to have them. */
  readonly creates?: boolean;
}

/** A broker that the storm's events come by, in place of being posted; it is killed in the storm as well. */
export interface StormBus {
  readonly consume: string;
  publish(message: object): Promise<void>;
  /** Nothing is left that no relay has stored. */
  isRead(): Promise<boolean>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Kills relays with -9 in a storm of events, with the API failing at random, and asks what the API holds then. */
export async function killStorm(name: EngineName, storm: Storm, bus?: StormBus): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());
  const way = bus ? ", events from a bus" : storm.creates ? ", contacts to be created" : "";

  describe.skipIf(!engine)(`${name}: ${storm.replicas} relays, ${storm.kills} of them killed${way}`, () => {
    let directory = "";
    let sandbox: Sandbox;
    let env: Record<string, string> = {};
    let relays: (RelayProcess | undefined)[] = [];
    const everStarted: RelayProcess[] = [];

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), "relay-chaos-"));
      sandbox = await startSandbox({
        token: "api-token",
        ratePerSecond: 45,
        limiter: "sliding-window",
        ...(storm.creates ? { unknownContact: "404", unseenMs: 300, creationMs: 600 } : {}),
      });
      env = {
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: "50",
        AELYST_TIMEOUT_MS: "1500",
        RETRY_DELAY_MS: "100",
        RETRY_DELAY_MAX_MS: "1000",
        BUSY_DELAY_MS: "300",
        AUTH_PROBE_MS: "300",
        SOURCES_FILE: writeSources(directory, bus?.consume),
        ADMIN_TOKEN: adminToken,
        LOG_LEVEL: "warn",
        ...(storm.creates ? { AELYST_MISSING_CONTACT: "create" } : {}),
        ...engine?.settings(directory),
      };
    });

    afterEach(async () => {
      for (const relay of everStarted) await relay.end("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    });

    async function start(index: number): Promise<void> {
      const relay = await startRelayProcess(env);
      everStarted.push(relay);
      relays[index] = relay;
    }

    /** Publishes until the broker has it: what a lost answer leaves there twice is recognized. */
    async function publish(event: StormEvent, way: StormBus): Promise<Acknowledged> {
      const { acknowledged, message } = messageOf(event);
      for (let attempt = 0; ; attempt += 1) {
        const failed = await way.publish(message).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failed === undefined) return acknowledged;
        if (attempt > 600) throw new Error(`${event.id} was never published`, { cause: failed });
        await wait(50);
      }
    }

    /** Posts until it is acknowledged, as senders do, to whichever relay is up. */
    async function acknowledge(event: StormEvent): Promise<Acknowledged> {
      if (bus) return await publish(event, bus);
      for (let attempt = 0; ; attempt += 1) {
        const relay = relays[(attempt + event.id.length) % relays.length];
        const request = requestOf(event, Date.now());
        const answer = relay
          ? await fetch(`${relay.url}/webhooks/storm`, { method: "POST", ...request }).catch(() => undefined)
          : undefined;
        if (answer?.status === 200) {
          const text = await answer.text().catch(() => "");
          if (text.endsWith("}")) return { event, relayId: (JSON.parse(text) as { id: string }).id };
        }
        if (answer && answer.status !== 503) expect(answer.status).toBe(200);
        if (attempt > 600) throw new Error(`${event.id} was never acknowledged`);
        await wait(50);
      }
    }

    async function status(relay: RelayProcess): Promise<{ queues: Record<string, Record<string, number>> }> {
      const headers = { authorization: `Bearer ${adminToken}` };
      return (await (await fetchDocumented(`${relay.url}/admin/status`, { headers })).json()) as never;
    }

    it(
      `every acknowledged event counts and the newest one wins (CHAOS_SEED=${seed})`,
      { timeout: 180_000 },
      async () => {
        const random = seededRandom(seed);
        const events = makeEvents(seed, storm.events, storm.contacts);
        // A sender that repeats: some events come twice, some of those much later.
        const posts = [...events, ...events.filter(() => random() < 0.2)];
        relays = Array.from({ length: storm.replicas });
        for (const index of relays.keys()) await start(index);
        sandbox.fault({ status: 500, probability: 0.05, seed });
        sandbox.fault({ busy: `email:${events[0]?.contact ?? ""}`, times: 5 });

        const acknowledged: Acknowledged[] = [];
        let next = 0;
        const sendersCount = 6;
        const betweenMs = (storm.kills * secondsPerKill * 1_000 * sendersCount) / posts.length;
        const senders = Array.from({ length: sendersCount }, async () => {
          for (let event = posts[next++]; event; event = posts[next++]) {
            acknowledged.push(await acknowledge(event));
            await wait(random() * 2 * betweenMs);
          }
        });
        const trouble = (async () => {
          for (let kill = 0; kill < storm.kills; kill += 1) {
            await wait(600 + random() * 1_200);
            sandbox.fault({ drop: random() < 0.5 ? "after" : "before", times: 2 });
            if (kill === 1) sandbox.fault({ unauthorized: true, times: 2 });
            if (kill === 2) sandbox.fault({ hang: true, times: 1 });
            const index = Math.floor(random() * relays.length);
            const victim = relays[index];
            relays[index] = undefined;
            await victim?.end("SIGKILL");
            if (kill === 1) await bus?.kill();
            await start(index);
            if (kill === 1) await bus?.start();
          }
        })();
        await Promise.all([...senders, trouble]);
        sandbox.clearFaults();

        const expected = expectedContacts(acknowledged);
        const [relay] = relays;
        if (!relay) throw new Error("no relay is up");
        await until(
          async () => {
            if (bus && !(await bus.isRead())) return false;
            const { queues } = await status(relay);
            const busy = Object.values(queues).flatMap((queue) => [
              queue["waiting"] ?? 0,
              queue["active"] ?? 0,
              queue["delayed"] ?? 0,
            ]);
            return busy.every((count) => count === 0);
          },
          90_000,
          "everything to be delivered",
        );
        expect(heldContacts(sandbox.contacts(), expected)).toEqual(expected);
        expect((await status(relay)).queues).toMatchObject({
          events: { failed: 0 },
          contacts: { failed: 0 },
        });
        const kept = bus
          ? (await status(relay)).queues["events"]?.["completed"]
          : new Set(acknowledged.map(({ relayId }) => relayId)).size;
        expect(kept).toBe(events.length);
        expect(sandbox.requests().length).toBeLessThan(events.length);
        for (const one of everStarted) expect(one.output()).not.toMatch(/unhandled|at .+\.js:\d+:\d+/i);
      },
    );
  });
}

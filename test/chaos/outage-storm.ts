import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { seededRandom } from "../../src/sandbox/seeded-random.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { isLong } from "../helpers/length.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import {
  expectedContacts,
  formKey,
  heldContacts,
  makeEvents,
  requestOf,
  writeSources,
  type Acknowledged,
  type StormEvent,
} from "./storm.ts";

const adminToken = "storm-operator";
/** `CHAOS_SEED` repeats the events and the moments of a storm; what the machine does in between is its own. */
const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1_000_000));
const eventsCount = isLong ? 900 : 200;
const contactsCount = 20;
const formsCount = isLong ? 120 : 40;

/** A server of our own, and what is done to it one after the other; each ends with the server well again. */
export interface StormServer {
  readonly settings: Record<string, string>;
  readonly outages: readonly (() => Promise<void>)[];
  stop(): Promise<void>;
}

/** The store goes away again and again in a storm of events; every acknowledged id is asked for in the end. */
export function outageStorm(name: string, server: StormServer | undefined): void {
  afterAll(async () => server?.stop());

  describe.skipIf(!server)(`${name} goes away in a storm`, () => {
    if (!server) return;
    const outages = isLong ? server.outages : server.outages.slice(0, 1);
    let directory = "";
    let sandbox: Sandbox;
    let relays: RelayProcess[] = [];
    let refused = 0;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), "relay-outage-"));
      sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
      const env = {
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: "100",
        RETRY_DELAY_MS: "100",
        RETRY_DELAY_MAX_MS: "1000",
        SOURCES_FILE: writeSources(directory),
        DATA_DIR: join(directory, "data"),
        ADMIN_TOKEN: adminToken,
        LOG_LEVEL: "warn",
        ...server.settings,
      };
      relays = [await startRelayProcess(env), await startRelayProcess(env)];
    });

    afterEach(async () => {
      for (const relay of relays) await relay.end("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const relayFor = (turn: number) => relays[turn % relays.length]?.url ?? "";

    /** Posts until it is acknowledged, as senders do that repeat. */
    async function acknowledge(event: StormEvent): Promise<Acknowledged> {
      for (let attempt = 0; attempt < 900; attempt += 1) {
        const request = requestOf(event, Date.now());
        const url = `${relayFor(attempt + event.id.length)}/webhooks/storm`;
        const answer = await fetchDocumented(url, { method: "POST", ...request });
        if (answer.status === 200) {
          return { event, relayId: ((await answer.json()) as { id: string }).id };
        }
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
        refused += 1;
        await answer.text();
        await wait(50);
      }
      throw new Error(`${event.id} was never acknowledged`);
    }

    /** A form is sent once: whoever filled it in has gone. Answers the id. */
    async function submit(index: number): Promise<string> {
      const answer = await fetchDocumented(`${relayFor(index)}/webhooks/forms?key=${formKey}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: formEmail(index), first_name: `Form${index}` }),
      });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { id: string }).id;
    }

    async function admin(path: string): Promise<unknown> {
      const headers = { authorization: `Bearer ${adminToken}` };
      return await (await fetchDocumented(`${relayFor(0)}/admin${path}`, { headers })).json();
    }

    async function isAtRest(): Promise<boolean> {
      const status = (await admin("/status")) as {
        queues?: Record<string, Record<string, number>>;
        spool: { events: number };
      };
      const open = Object.values(status.queues ?? { unknown: { waiting: 1 } }).flatMap((queue) => [
        queue["waiting"] ?? 0,
        queue["active"] ?? 0,
        queue["delayed"] ?? 0,
      ]);
      const spools = await Promise.all(
        relays.map(async ({ url }) => {
          const { spool } = (await (await fetchDocumented(`${url}/readyz`)).json()) as {
            spool: { events: number };
          };
          return spool.events;
        }),
      );
      return [...open, ...spools].every((count) => count === 0);
    }

    /** A wake-up that the server lost is no job any more: its update waits in the mailbox for the sweep. */
    async function nothingWaitsFor(emails: readonly string[]): Promise<boolean> {
      const mailboxes = await Promise.all(
        emails.map(async (email) => (await admin(`/contacts/email:${email}`)) as { waiting?: unknown[] }),
      );
      return mailboxes.every(({ waiting = [] }) => waiting.length === 0);
    }

    it(
      `every acknowledged id is accounted for, and the newest value wins (CHAOS_SEED=${seed})`,
      { timeout: 300_000 },
      async () => {
        const random = seededRandom(seed);
        const events = makeEvents(seed, eventsCount, contactsCount);
        const posts = [...events, ...events.filter(() => random() < 0.1)];
        sandbox.fault({ status: 500, probability: 0.03, seed });
        let over = false;
        const acknowledged: Acknowledged[] = [];
        const submitted: string[] = [];
        let next = 0;
        const senders = Array.from({ length: 4 }, async () => {
          for (let event = posts[next++]; event; event = posts[next++]) {
            acknowledged.push(await acknowledge(event));
            // oxlint-disable-next-line no-unmodified-loop-condition -- the outages beside this change it
            if (!over) await wait(random() * 100);
          }
        });
        let forms = 0;
        const people = Array.from({ length: 2 }, async () => {
          for (let index = forms++; index < formsCount; index = forms++) {
            submitted.push(await submit(index));
            await wait(random() * 400);
          }
        });
        const trouble = (async () => {
          for (const outage of outages) {
            await wait(1_000 + random() * 1_000);
            await outage();
          }
          over = true;
        })();
        await Promise.all([...senders, ...people, trouble]);
        sandbox.clearFaults();

        const expected = expectedContacts(acknowledged);
        const emails = [
          ...Object.keys(expected),
          ...Array.from({ length: formsCount }, (_, index) => formEmail(index)),
        ];
        await until(
          async () => (await isAtRest()) && (await nothingWaitsFor(emails)),
          120_000,
          "everything to be delivered",
        );
        const held = heldContacts(sandbox.contacts(), expected);
        const ofForms = Array.from({ length: formsCount }, (_, index) => formEmail(index));
        expect(Object.fromEntries(Object.entries(held).filter(([email]) => email in expected))).toEqual(
          expected,
        );
        expect(ofForms.filter((email) => !(email in held))).toEqual([]);
        const ids = [...new Set([...acknowledged.map(({ relayId }) => relayId), ...submitted])];
        expect(ids).toHaveLength(eventsCount + formsCount);
        const ends = await Promise.all(
          ids.map(async (id) => {
            const { state, outcome } = (await admin(`/events/${id}`)) as { state?: string; outcome?: string };
            return `${state ?? "unknown"} ${outcome ?? ""}`;
          }),
        );
        expect(ids.filter((_, index) => ends[index] !== "completed mapped")).toEqual([]);
        // Else nothing of this was put to the test.
        expect(refused).toBeGreaterThan(0);
        expect(relays.map((relay) => relay.output()).join("")).toContain(
          "are kept in the spool until it does",
        );
        for (const relay of relays) expect(relay.output()).not.toMatch(/unhandled/i);
      },
    );
  });
}

function formEmail(index: number): string {
  return `form${index}@example.com`;
}

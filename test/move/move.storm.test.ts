import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import {
  expectedContacts,
  heldContacts,
  makeEvents,
  requestOf,
  writeSources,
  type Acknowledged,
  type StormEvent,
} from "../chaos/storm.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine } from "../helpers/engines.ts";
import { moveStore, newPlace, type MovePlace } from "../helpers/move-place.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const embedded = await startEngine("embedded");
const redis = await startEngine("redis");
afterAll(async () => redis?.stop());

const adminToken = "move-operator";
const seed = 4711;

describe.skipIf(!redis)("a relay that was moved from embedded to Redis in a storm", () => {
  let directory = "";
  let sandbox: Sandbox;
  let places: MovePlace[] = [];
  const relays: RelayProcess[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "relay-move-storm-"));
    sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
  });
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.end("SIGKILL");
    for (const place of places) place.remove();
    places = [];
    await sandbox.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(place: MovePlace): Promise<RelayProcess> {
    const relay = await startRelayProcess({
      AELYST_API_TOKEN: "api-token",
      AELYST_API_URL: sandbox.url,
      AELYST_RATE_LIMIT: "100",
      RETRY_DELAY_MS: "200",
      RETRY_DELAY_MAX_MS: "2000",
      SOURCES_FILE: writeSources(directory),
      ADMIN_TOKEN: adminToken,
      LOG_LEVEL: "warn",
      ...place.settings,
    });
    relays.push(relay);
    return relay;
  }

  async function send(relay: RelayProcess, event: StormEvent) {
    const answer = await fetchDocumented(`${relay.url}/webhooks/storm`, {
      method: "POST",
      ...requestOf(event, Date.now()),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { id: string; status: string };
  }

  async function sendAll(relay: RelayProcess, events: readonly StormEvent[]): Promise<Acknowledged[]> {
    const acknowledged: Acknowledged[] = [];
    for (const event of events) acknowledged.push({ event, relayId: (await send(relay, event)).id });
    return acknowledged;
  }

  async function ask(relay: RelayProcess, path: string): Promise<Record<string, never>> {
    const headers = { authorization: `Bearer ${adminToken}` };
    return (await (await fetchDocumented(`${relay.url}/admin${path}`, { headers })).json()) as Record<
      string,
      never
    >;
  }

  async function idle(relay: RelayProcess): Promise<void> {
    await until(
      async () => {
        const queues: Record<string, Record<string, number>> = (await ask(relay, "/status"))["queues"] ?? {};
        const busy = Object.values(queues).flatMap(({ waiting, active, delayed }) => [
          waiting,
          active,
          delayed,
        ]);
        return busy.length > 0 && busy.every((count) => count === 0);
      },
      90_000,
      "everything to be delivered",
    );
  }

  it(
    "delivers exactly what the old one would have, knows what is stale and what is a duplicate",
    { timeout: 240_000 },
    async () => {
      if (!embedded || !redis) throw new Error("no engines");
      const [from, to] = [newPlace("embedded", embedded), newPlace("redis", redis)];
      places = [from, to];
      const events = makeEvents(seed, 400, 12);
      const [before, during] = [events.slice(0, 150), events.slice(150)];

      const old = await start(from);
      const acknowledged = await sendAll(old, before);
      await idle(old);
      const requestsBefore = sandbox.requests().length;
      sandbox.fault({ status: 503 });
      acknowledged.push(...(await sendAll(old, during)));
      expect(await old.end("SIGTERM")).toBe(0);

      const { code, err, summary } = await moveStore(from, to);
      expect(code, err).toBe(0);
      expect(summary?.missing).toBe(0);
      expect(summary?.counts["updates"]?.target).toBeGreaterThan(0);
      expect(summary?.counts["fields"]?.target).toBeGreaterThan(0);
      expect(summary?.counts["windows"]).toEqual({ source: 400, target: 400 });

      sandbox.clearFaults();
      const relay = await start(to);
      await idle(relay);
      const expected = expectedContacts(acknowledged);
      expect(heldContacts(sandbox.contacts(), expected)).toEqual(expected);
      // One request brings all that waited for a contact: what had been delivered before is not sent again.
      expect(sandbox.requests().filter(({ status }) => status === 200).length).toBeLessThan(
        requestsBefore + 60,
      );

      const delivered = sandbox.requests().length;
      for (const { event, relayId } of acknowledged) {
        expect(await send(relay, event)).toEqual({ status: "duplicate", id: relayId });
      }
      const names = [...new Set(events.map(({ contact }) => contact))];
      const stale = names.map((contact, index): StormEvent => {
        const fields = { firstName: "Stale", lastName: "Stale", Plan: "stale", Visits: 0, language: "en" };
        return { id: `evt_stale_${index}`, contact, created: (events[0]?.created ?? 0) - 7_200, fields };
      });
      for (const event of stale) expect((await send(relay, event)).status).toBe("accepted");
      await idle(relay);
      expect(heldContacts(sandbox.contacts(), expected)).toEqual(expected);
      expect(sandbox.requests().length).toBe(delivered);
      expect(relay.output()).not.toMatch(/unhandled|at .+\.js:\d+:\d+/i);

      const shown = await ask(relay, `/contacts/${encodeURIComponent(`email:${names[0] ?? ""}`)}`);
      expect(shown["applied"]).toHaveProperty("firstName");
    },
  );
});

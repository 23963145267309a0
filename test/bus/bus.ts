import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { isLong, longTest } from "../helpers/length.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { startRedis } from "../helpers/redis-server.ts";

const waitMs = 60_000;
const adminToken = "bus-admin";

/** A broker on a real server that the suite may harm, and what a producer does with it. */
export interface BrokerUnderTest {
  /** The value of `consume:` for a new stream of its own. */
  consume(): string;
  /** Publishes CloudEvents in structured mode. */
  publish(events: readonly object[]): Promise<void>;
  /** Publishes a body that is no CloudEvent. */
  publishRaw(body: Buffer): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** How many messages were given to a relay and not acknowledged. */
  pending(): Promise<number>;
  stop(): Promise<void>;
}

interface Status {
  readonly bus?: Record<
    string,
    { state: string; lag: number | null; pending: number | null; message?: string }
  >;
}

/** What is promised of a source that pulls, on real processes. Undefined where the broker is not installed. */
export function busGuarantees(name: string, broker: BrokerUnderTest | undefined): void {
  afterAll(async () => broker?.stop());

  describe.skipIf(!broker)(`events from ${name}`, { timeout: 4 * waitMs }, () => {
    let directory = "";
    let sandbox: Sandbox;
    let relays: RelayProcess[] = [];
    let env: Record<string, string> = {};
    let made = 0;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), "relay-bus-"));
      sandbox = await startSandbox({ ratePerSecond: 0 });
      const file = join(directory, "sources.yaml");
      const map = "map: { email: user.email, firstName: user.name }";
      writeFileSync(
        file,
        `sources:\n  crm: { provider: cloudevents, consume: ${broker?.consume()}, ${map} }\n  form: { provider: form, key: k }\n`,
      );
      env = {
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: "1000",
        DATA_DIR: join(directory, "data"),
        SOURCES_FILE: file,
        ADMIN_TOKEN: adminToken,
      };
      relays = [];
    });
    afterEach(async () => {
      for (const relay of relays) await relay.end("SIGKILL");
      await sandbox.close();
      await broker?.start();
      rmSync(directory, { recursive: true, force: true });
    });

    async function start(more: Record<string, string> = {}): Promise<RelayProcess> {
      const relay = await startRelayProcess({ ...env, ...more });
      relays.push(relay);
      return relay;
    }

    const event = (n: number, more: object = {}) => ({
      specversion: "1.0",
      id: `e${n}`,
      source: "/crm",
      type: "user.changed",
      time: "2026-03-01T08:00:00Z",
      data: { user: { email: `person${n}@example.com`, name: `N${n}` } },
      ...more,
    });
    const fresh = (count: number) => Array.from({ length: count }, () => event((made += 1)));
    const emailOf = ({ data }: { data: { user: { email: string } } }) => data.user.email;
    const nameAt = (email: string) => sandbox.contact(`email:${email}`)?.fields["firstName"];

    async function arrived(events: readonly ReturnType<typeof event>[]): Promise<void> {
      for (const one of events) {
        await until(() => nameAt(emailOf(one)) !== undefined, waitMs, `${emailOf(one)} to arrive`);
      }
    }

    async function status(
      relay: RelayProcess | undefined,
      path = "/readyz",
    ): Promise<Status & { code: number }> {
      const headers = { authorization: `Bearer ${adminToken}` };
      const answer = await fetchDocumented(`${relay?.url}${path}`, { headers });
      return { ...((await answer.json()) as Status), code: answer.status };
    }

    async function counted(relay: RelayProcess, outcome: string): Promise<number> {
      const headers = { authorization: `Bearer ${adminToken}` };
      const text = await (await fetch(`${relay.url}/metrics`, { headers })).text();
      const line = new RegExp(`^relay_bus_messages_total\\{source="crm",outcome="${outcome}"\\} (\\d+)`, "m");
      return Number(line.exec(text)?.[1] ?? 0);
    }

    const settled = () =>
      until(async () => (await broker?.pending()) === 0, waitMs, "everything to be acknowledged");

    it("arrive as those that are posted do, a megabyte among them, and are acknowledged once they are stored", async () => {
      const large = event((made += 1), { filler: "x".repeat(900_000) });
      const events = [...fresh(50), large];
      await broker?.publish(events);
      const relay = await start();
      await arrived(events);
      await settled();
      expect(await counted(relay, "stored")).toBe(51);
      await until(async () => (await status(relay)).bus?.["crm"]?.lag === 0, waitMs, "no lag");
      expect((await status(relay)).bus).toMatchObject({ crm: { state: "up", pending: 0 } });
      expect((await status(relay, "/admin/status")).bus).toMatchObject({ crm: { state: "up" } });
    });

    it("that come twice count once, and the newest of a contact wins whatever comes last", async () => {
      const relay = await start();
      const [one] = fresh(1);
      const newer = {
        ...event((made += 1)),
        time: "2026-03-02T08:00:00Z",
        data: { user: { email: emailOf(one as never), name: "Newest" } },
      };
      await broker?.publish([newer, one as object, newer]);
      await until(async () => (await counted(relay, "duplicate")) === 1, waitMs, "the duplicate");
      await until(() => nameAt(emailOf(one as never)) === "Newest", waitMs, "the newest name");
      await until(async () => (await counted(relay, "stored")) === 2, waitMs, "both events");
      expect(nameAt(emailOf(one as never))).toBe("Newest");
    });

    it("that can never be read are parked with their bytes, and hold up nothing", async () => {
      const relay = await start();
      await broker?.publishRaw(Buffer.from("this is no event"));
      await broker?.publishRaw(Buffer.from([0xff, 0xfe, 0x00]));
      const events = fresh(5);
      await broker?.publish(events);
      await arrived(events);
      await settled();
      const failures = async () => {
        const headers = { authorization: `Bearer ${adminToken}` };
        const answer = await fetchDocumented(`${relay.url}/admin/failures`, { headers });
        return ((await answer.json()) as { items: { id: string; message: string; source: string }[] }).items;
      };
      await until(async () => (await failures()).length === 2, waitMs, "both to be parked");
      const [second, first] = await failures();
      expect(first).toMatchObject({
        source: "crm",
        message: expect.stringContaining("cannot be read") as string,
      });
      const show = async (id: string | undefined) => {
        const headers = { authorization: `Bearer ${adminToken}` };
        return (await (
          await fetchDocumented(`${relay.url}/admin/events/${id}`, { headers })
        ).json()) as object;
      };
      expect(await show(first?.id)).toMatchObject({ payload: { text: "this is no event" } });
      expect(await show(second?.id)).toMatchObject({ payload: { base64: "//4A" } });
    });

    longTest(
      "wait for a broker that is away at the start and later, while everything else goes on",
      {},
      async () => {
        await broker?.kill();
        const relay = await start();
        await until(
          async () => (await status(relay)).bus?.["crm"]?.state === "away",
          waitMs,
          "the bus to be away",
        );
        expect((await status(relay)).code).toBe(200);
        const posted = await fetch(`${relay.url}/webhooks/form?key=k`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ email: "form@example.com", first_name: "Form" }),
        });
        expect(posted.status).toBe(200);
        await until(() => nameAt("form@example.com") === "Form", waitMs, "the form's contact");
        for (let round = 0; round < 2; round += 1) {
          await broker?.start();
          const events = fresh(10);
          await broker?.publish(events);
          await arrived(events);
          await settled();
          await broker?.kill();
          await until(
            async () => (await status(relay)).bus?.["crm"]?.state === "away",
            waitMs,
            "the bus to be away",
          );
        }
        const told = (text: string) => relay.output().split(text).length - 1;
        expect(told("the bus is away")).toBe(3);
        expect(told("the bus is back")).toBe(2);
      },
    );

    longTest("are all there when the relay is killed in the middle, again and again", {}, async () => {
      const events = fresh(isLong ? 1_000 : 200);
      await broker?.publish(events.slice(0, events.length / 2));
      for (let round = 0; round < 3; round += 1) {
        const relay = await start();
        await until(
          async () => (await counted(relay, "fetched")) > 0,
          waitMs,
          "a message to be fetched",
        ).catch(() => undefined);
        if (round === 1) await broker?.publish(events.slice(events.length / 2));
        await relay.end("SIGKILL");
      }
      await start();
      await arrived(events);
      await settled();
    });

    it("that were fetched when the relay stops are stored or given back at once", async () => {
      const events = fresh(100);
      const relay = await start();
      await broker?.publish(events);
      await until(() => sandbox.contacts().length > 0, waitMs, "a first contact");
      expect(await relay.end("SIGTERM")).toBe(0);
      const again = await start();
      await arrived(events);
      await settled();
      expect(again.output()).not.toContain("the bus is away");
    });

    longTest("are shared by two relays, and all there when one of them is killed", {}, async () => {
      const server = await startRedis();
      if (!server) return;
      try {
        const store = { REDIS_URL: server.url, STORE_PREFIX: `bus${process.pid}x${(made += 1)}` };
        const [one, two] = [await start(store), await start(store)];
        const events = fresh(isLong ? 1_000 : 200);
        for (let from = 0; from < events.length; from += 20)
          await broker?.publish(events.slice(from, from + 20));
        await until(() => sandbox.contacts().length > 10, waitMs, "some contacts");
        await one.end("SIGKILL");
        await arrived(events);
        await settled();
        expect(await counted(two, "stored")).toBeGreaterThan(0);
      } finally {
        await server.stop();
      }
    });

    it("are looked for by check, which names what is wrong", async () => {
      const own = { ...env, AELYST_API_URL: sandbox.url };
      const fine = await finishCommand(["check"], own);
      expect(fine.out).toMatch(/^ok +bus of crm: /m);
      expect(fine.code).toBe(0);
      await broker?.kill();
      const away = await finishCommand(["check"], own);
      expect(away.out).toMatch(/^PROBLEM +bus of crm: /m);
      expect(away.code).toBe(1);
    });
  });
}

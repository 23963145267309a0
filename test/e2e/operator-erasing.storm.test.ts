import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startEngine, type EngineName, type EngineUnderTest } from "../helpers/engines.ts";
import { openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { until } from "../helpers/relay-process.ts";

const engineNames: readonly EngineName[] = ["embedded", "redis", "postgres"];
const engines = new Map<EngineName, EngineUnderTest | undefined>();
for (const name of engineNames) engines.set(name, await startEngine(name));
afterAll(async () => {
  for (const engine of engines.values()) await engine?.stop();
});

/** Unlike anything else in the store: where one of these turns up, something of the person is left. */
const person = ["zenobia.quaggle@example.com", "+60123459876", "Zenobia", "Quaggle", "zq-lead"];
const contact = "phone:+60123459876";

/** Where in the store's own data something of the person stands. */
async function tracesIn(name: EngineName, stage: Stage): Promise<string[]> {
  switch (name) {
    case "embedded":
      return person.flatMap((text) => filesWith(join(stage.directory, "data"), text));
    case "redis":
      return await redisKeysWith(stage.env["REDIS_URL"] ?? "", stage.env["STORE_PREFIX"] ?? "");
    case "postgres":
      return await rowsWith(stage.env["DATABASE_URL"] ?? "");
  }
}

function filesWith(directory: string, text: string): string[] {
  try {
    const found = execFileSync("grep", ["-rlaF", text, directory], { encoding: "utf8" });
    return found.trim().split("\n");
  } catch {
    return [];
  }
}

async function redisKeysWith(url: string, prefix: string): Promise<string[]> {
  const client = new Redis(url);
  try {
    const keys = await client.keys(`{${prefix}}*`);
    const held: string[] = [];
    for (const key of keys) {
      const content = [key, ...(await contentOf(client, key))].join("\n");
      if (person.some((text) => content.includes(text))) held.push(key);
    }
    return held;
  } finally {
    client.disconnect();
  }
}

async function contentOf(client: Redis, key: string): Promise<string[]> {
  switch (await client.type(key)) {
    case "string":
      return [(await client.get(key)) ?? ""];
    case "hash":
      return Object.entries(await client.hgetall(key)).flat();
    case "list":
      return await client.lrange(key, 0, -1);
    case "set":
      return await client.smembers(key);
    case "zset":
      return await client.zrange(key, "0", "-1");
    case "stream":
      return (await client.xrange(key, "-", "+")).flatMap(([, fields]) => fields);
    default:
      throw new Error(`what is ${key}?`);
  }
}

async function rowsWith(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const held: string[] = [];
    for (const { name } of tables) {
      for (const text of person) {
        const { rows } = await client.query(`SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0`, [text]);
        if (rows.length > 0) held.push(name);
      }
    }
    return held;
  } finally {
    await client.end();
  }
}

describe.each(engineNames)("erasing a contact, on %s", { timeout: 6 * waitMs }, (name) => {
  const engine = engines.get(name);
  let stage: Stage;
  beforeEach(async (context) => {
    if (!engine) return context.skip(`${name}: no server found`);
    stage = await openStage(engine, { customFields: { Score: { type: "list", options: ["gold"] } } });
  });
  afterEach(async () => {
    await stage?.close();
  });

  const submission = (more: object) => ({
    email: "Zenobia.Quaggle@example.com".toLowerCase(),
    phone: "+60123459876",
    first_name: "Zenobia",
    last_name: "Quaggle",
    ...more,
  });

  /** A contact with everything: applied fields, a parked piece, a history, an event of a second run, one that waits. */
  async function fill(): Promise<{ id: string; waitingId: string }> {
    await stage.start({ BUSY_DELAY_MS: "300000" });
    const { id } = await stage.post(submission({ score: "zq-lead" }));
    await stage.parked(1);
    await stage.post({ email: "other@example.com", score: "zq-other" });
    await stage.parked(2);
    await stage.idle();
    await stage.admin(`/events/${id}/replay`, "POST");
    await stage.parked(3);
    stage.sandbox.fault({ busy: contact });
    const { id: waitingId } = await stage.post(submission({ last_name: "Quaggle-Zenobia" }));
    await until(() => stage.sandbox.requests().some(({ status }) => status === 449), waitMs, "a 449");
    await until(async () => (await queued("contacts", "delayed")) === 1, waitMs, "the contact to wait");
    return { id, waitingId };
  }

  async function queued(queue: string, state: string): Promise<number> {
    const { queues } = (await stage.admin("/status")).body as {
      queues: Record<string, Record<string, number>>;
    };
    return queues[queue]?.[state] ?? 0;
  }

  async function expectForgotten({ id, waitingId }: { id: string; waitingId: string }): Promise<void> {
    expect((await stage.admin(`/contacts/${contact}`)).status).toBe(404);
    expect((await stage.failures()).map((item) => item.contact)).toEqual(["email:other@example.com"]);
    for (const event of [id, waitingId]) {
      expect((await stage.admin(`/events/${event}`)).body).toMatchObject({
        outcome: "erased",
        updates: [],
        payload: null,
      });
      expect((await stage.admin(`/events/${event}/replay`, "POST")).status).toBe(410);
    }
    const requests = stage.sandbox.requests().length;
    expect(await stage.post(submission({ score: "zq-lead" }))).toEqual({ status: "duplicate", id });
    await stage.idle();
    expect(stage.sandbox.requests()).toHaveLength(requests);
  }

  it("by the route, nothing of the person is left in the store, and a resend is still a duplicate", async () => {
    const events = await fill();
    expect(await tracesIn(name, stage)).not.toEqual([]);
    expect(await stage.admin(`/contacts/${contact}`, "DELETE")).toEqual({
      status: 200,
      body: { status: "erased", events: 2, erased: [contact], linked: [] },
    });
    await expectForgotten(events);
    await until(async () => (await tracesIn(name, stage)).length === 0, waitMs, "the last trace to go");
    expect(await queued("contacts", "delayed")).toBe(0);
    const log = stage.relay().output();
    expect(log).toContain("contact erased by an operator");
    for (const text of person) expect(log).not.toContain(text);
    const again = await stage.admin(`/contacts/${contact}`, "DELETE");
    expect(again.body).toMatchObject({ status: "erased", events: 0 });

    stage.sandbox.clearFaults();
    await stage.post(submission({ score: "gold" }));
    await until(() => stage.sandbox.contact(contact)?.customFields["Score"] === "gold", waitMs, "new data");
    await stage.idle();
    expect((await stage.admin(`/contacts/${contact}`, "DELETE")).body).toMatchObject({ events: 1 });
    if (name !== "embedded") expect(await tracesIn(name, stage)).toEqual([]);
  });

  it("by the command while the relay is stopped, the same", async () => {
    const events = await fill();
    await stage.stop();
    const erased = await stage.command("contact", "erase", "phone:+60 12-345 9876", "--json");
    expect([erased.code, JSON.parse(erased.out)]).toEqual([
      0,
      { erased: contact, events: 2, references: [contact], linked: [] },
    ]);
    expect(await tracesIn(name, stage)).toEqual([]);
    await stage.start();
    await expectForgotten(events);
  });

  it("offers the references that the API takes for the same one, and takes them with --person", async () => {
    const [mail, other] = [`email:${person[0]}`, "email:other@example.com"];
    await stage.start();
    await stage.post(submission({ score: "gold" }));
    await stage.idle();
    await stage.post({ email: person[0], last_name: "Quaggle-Smith" });
    await stage.post({ email: "other@example.com", score: "gold" });
    await stage.idle();
    const { body: known } = await stage.admin(`/contacts/${mail}`);
    expect(known).toMatchObject({ linked: [contact], contactId: stage.sandbox.contact(contact)?.id });
    expect(Object.keys((known as { applied: object }).applied)).toContain("custom_fields.Score");
    expect((await stage.admin(`/contacts/${other}`)).body).not.toHaveProperty("linked");
    const first = await stage.command("contact", "erase", mail);
    expect(first.out).toMatch(/^email:zenobia.* erased[^]*takes phone:\+60123459876 for the same.*--person/);
    await stage.post({ email: person[0], last_name: "Quaggle" });
    await stage.idle();
    const whole = await stage.command("contact", "erase", mail, "--person", "--json");
    expect(JSON.parse(whole.out)).toMatchObject({ references: [contact, mail], linked: [] });
    for (const ref of [contact, mail]) expect((await stage.admin(`/contacts/${ref}`)).status).toBe(404);
    expect((await stage.admin(`/contacts/${other}`)).status).toBe(200);
    const { body: audit } = await stage.admin("/audit?limit=1");
    expect(audit).toMatchObject({
      items: [{ action: "erase", detail: expect.stringContaining("linked") as unknown }],
    });
  });
});

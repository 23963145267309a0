import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedis } from "../helpers/redis-server.ts";
import { startEngine, type EngineUnderTest } from "../helpers/engines.ts";
import { adminToken, openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { until } from "../helpers/relay-process.ts";

const embedded = await startEngine("embedded");
const redis = await startEngine("redis");
afterAll(async () => {
  await embedded?.stop();
  await redis?.stop();
});

function staged(engine: EngineUnderTest | undefined): () => Stage {
  let stage: Stage | undefined;
  beforeEach(async (context) => {
    if (!engine) return context.skip("no server found");
    stage = await openStage(engine);
  });
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  });
  return () => {
    if (!stage) throw new Error("the stage is opened before every test");
    return stage;
  };
}

describe("the routes of the parked", { timeout: 4 * waitMs }, () => {
  let stage: Stage;
  let ids: string[] = [];
  beforeAll(async () => {
    if (!embedded) throw new Error("the embedded engine is always there");
    stage = await openStage(embedded);
    stage.mapping({ Bad: "($f := function($n){$f($n+1)}; bad ? $f(0) : 1)" });
    stage.sandbox.fault({ status: 404 });
    await stage.start();
    for (let n = 0; n < 5; n += 1) {
      await stage.post({ email: `person${n}@example.com` });
      await stage.parked(n + 1);
    }
    await stage.post({ email: "x@example.com", bad: true });
    ids = (await stage.parked(6)).map((item) => item.id);
  });
  afterAll(async () => {
    await stage?.close();
  });

  it("nothing is told and nothing done without the right token", async () => {
    const routes = [
      ["GET", "/status"],
      ["GET", "/failures"],
      ["POST", "/failures/retry"],
      ["POST", `/failures/${ids[0] ?? ""}/retry`],
      ["DELETE", `/failures/${ids[0] ?? ""}`],
      ["GET", "/contacts/email:person0@example.com"],
      ["DELETE", "/contacts/email:person0@example.com"],
    ] as const;
    let wrong = 0;
    for (const [method, path] of routes) {
      for (const token of ["", "wrong", `${adminToken}x`]) {
        if (token !== "") wrong += 1;
        const refused = token !== "" && wrong > 10 ? 429 : 401;
        const { status, body } = await stage.admin(path, method, token);
        expect([method, path, status]).toEqual([method, path, refused]);
        expect(JSON.stringify(body)).not.toContain(adminToken);
      }
    }
    expect(await stage.failures()).toHaveLength(6);
  });

  it("pages of any size hold every item once, deliveries before events, newest first", async () => {
    for (const limit of [1, 2, 4, 6, 100]) {
      const met: string[] = [];
      let query = `?limit=${limit}`;
      for (;;) {
        const { status, body } = await stage.admin(`/failures${query}`);
        expect(status).toBe(200);
        const items = body["items"] as { id: string }[];
        expect(items.length).toBeLessThanOrEqual(limit);
        met.push(...items.map((item) => item.id));
        if (typeof body["next"] !== "string") break;
        query = `?limit=${limit}&cursor=${encodeURIComponent(body["next"])}`;
      }
      expect(met).toEqual(ids);
    }
    const items = await stage.failures();
    expect(items.map((item) => item.contact ?? item.source)).toEqual([
      ...[4, 3, 2, 1, 0].map((n) => `email:person${n}@example.com`),
      "form",
    ]);
    expect(items[0]).toMatchObject({
      reason: "contact-not-found",
      status: 404,
      message: "Contact not found!",
    });
    expect(items.at(-1)).toMatchObject({ kind: "event", reason: "unmappable", attempts: 1 });
  });

  it("a limit or a cursor that is none is refused, whatever it is", async () => {
    for (const limit of ["0", "-1", "1.5", "x", "1e3", "", "9999999999999"]) {
      expect([limit, (await stage.admin(`/failures?limit=${limit}`)).status]).toEqual([limit, 400]);
    }
    for (const cursor of ["", "x", "contacts:5", "events:1e99", "d.1.x.0", "%00", "d.1.1"]) {
      expect([cursor, (await stage.admin(`/failures?cursor=${cursor}`)).status]).toEqual([cursor, 400]);
    }
    expect((await stage.admin("/failures?limit=999999")).status).toBe(200);
  });

  it("what is not there is 404 and a malformed contact 400, never an error of ours", async () => {
    for (const id of ["x", "dlv_1.99", "dlv_999999.0", "evt_x", "wait", "meta", "%00", "a%2Fb", "%E0%A4%A"]) {
      expect([id, (await stage.admin(`/failures/${id}`)).status]).toEqual([id, 404]);
      expect([id, (await stage.admin(`/failures/${id}/retry`, "POST")).status]).toEqual([id, 404]);
      expect([id, (await stage.admin(`/failures/${id}`, "DELETE")).status]).toEqual([id, 404]);
      expect([id, (await stage.admin(`/events/${id}`)).status]).toEqual([id, 404]);
      expect([id, (await stage.admin(`/events/${id}/replay`, "POST")).status]).toEqual([id, 404]);
    }
    for (const ref of ["x", "email:", "phone:12", "id:0", "email:a%00b@example.com", "%E0%A4%A"]) {
      expect([ref, (await stage.admin(`/contacts/${ref}`)).status]).toEqual([ref, 400]);
      expect([ref, (await stage.admin(`/contacts/${ref}`, "DELETE")).status]).toEqual([ref, 400]);
    }
    expect((await stage.admin("/contacts/id:5")).status).toBe(404);
    expect((await stage.admin("/nonsense")).status).toBe(404);
    expect(stage.relay().output()).not.toContain("an admin request failed");
  });

  it("one is dropped, one retried, then all; what an operator did is in the log", async () => {
    const [first = "", second = ""] = ids;
    const event = ids.at(-1) ?? "";
    expect((await stage.admin(`/failures/${first}`, "DELETE")).body).toEqual({ status: "dropped" });
    expect((await stage.admin(`/failures/${first}`, "DELETE")).status).toBe(404);
    expect((await stage.admin(`/failures/${event}`, "DELETE")).body).toEqual({ status: "dropped" });
    await until(
      async () => (await stage.admin(`/events/${event}`)).body["reason"] === "dropped",
      waitMs,
      "the event to end",
    );
    expect((await stage.admin(`/events/${event}`)).body).toMatchObject({ outcome: "ignored", payload: null });
    expect((await stage.admin(`/events/${event}/replay`, "POST")).status).toBe(410);
    expect(await stage.post({ email: "x@example.com", bad: true })).toEqual({
      status: "duplicate",
      id: event,
    });

    stage.sandbox.clearFaults();
    expect((await stage.admin(`/failures/${second}/retry`, "POST")).body).toEqual({
      status: "retried",
      retried: 1,
    });
    expect((await stage.admin("/failures/retry", "POST")).body).toEqual({ status: "retried", retried: 3 });
    await until(() => stage.sandbox.contacts().length === 4, waitMs, "the four that were retried");
    expect(await stage.failures()).toEqual([]);
    const all = "everything parked is retried by an operator";
    await until(() => stage.relay().output().includes(all), waitMs, "the last line of the log");
    const log = stage.relay().output();
    for (const id of [first, event]) expect(log).toContain(`"failure":"${id}"`);
    expect(log).toContain("dropped by an operator");
    expect(log).not.toMatch(/person\d@|operator-token/);
  });
});

describe("a replay", { timeout: 4 * waitMs }, () => {
  const stage = staged(embedded);

  it("maps with the current mapping and wins over its own earlier run, is no duplicate, and spares newer events", async () => {
    stage().mapping({ Plan: "'one'", Own: "own" });
    await stage().start();
    const body = { email: "ada@example.com", first_name: "Ada", own: "first" };
    const { id } = await stage().post(body);
    await stage().idle();
    const newer = await stage().post({ email: "ada@example.com", first_name: "Augusta" });
    await stage().idle();
    await stage().stop();
    stage().mapping({ Plan: "'two'", Own: "own" });
    await stage().start();

    expect(await stage().admin(`/events/${id}/replay`, "POST")).toEqual({
      status: 200,
      body: { status: "replayed", id },
    });
    await until(
      () => stage().sandbox.contact("email:ada@example.com")?.customFields["Own"] === "first",
      waitMs,
      "the contact",
    );
    await stage().idle();
    expect(stage().sandbox.contact("email:ada@example.com")).toMatchObject({
      fields: { firstName: "Augusta" },
      customFields: { Plan: "one", Own: "first" },
    });
    expect(await stage().post(body)).toEqual({ status: "duplicate", id });

    expect((await stage().admin(`/events/${newer.id}/replay`, "POST")).status).toBe(200);
    await until(
      () => stage().sandbox.contact("email:ada@example.com")?.customFields["Plan"] === "two",
      waitMs,
      "the replay to win over its own earlier run",
    );
    await stage().idle();
    expect((await stage().admin(`/events/${newer.id}`)).body).toMatchObject({ replay: 1, outcome: "mapped" });
    expect((await stage().admin("/events/evt_unknown/replay", "POST")).status).toBe(404);
  });
});

describe("with Redis", { timeout: 4 * waitMs }, () => {
  const stage = staged(redis);

  it("an event that is still being worked on is not replayed: 409", async () => {
    await stage().start({ ROLE: "intake" });
    const { id } = await stage().post({ email: "ada@example.com" });
    expect((await stage().admin(`/events/${id}/replay`, "POST")).status).toBe(409);
    expect((await stage().admin(`/events/${id}`)).body).toMatchObject({ state: "waiting", replay: 0 });
  });
});

it(
  "while Redis is away an operator is told so at once, and is not kept waiting",
  { timeout: 4 * waitMs },
  async (context) => {
    const server = process.env["TEST_REDIS_URL"] ? undefined : await startRedis();
    if (!server) return context.skip("no server of our own");
    const settings = () => ({ REDIS_URL: server.url });
    const stage = await openStage({ settings, stop: () => server.stop() });
    try {
      await stage.start();
      await server.kill();
      await until(async () => (await stage.admin("/status")).status === 503, waitMs, "the status to tell it");
      expect((await stage.admin("/status")).body).toMatchObject({
        store: { engine: "redis", ok: false },
        upstream: { state: "unknown" },
      });
      for (const [method, path] of [
        ["GET", "/failures"],
        ["POST", "/failures/retry"],
        ["GET", "/contacts/id:1"],
        ["DELETE", "/contacts/id:1"],
      ] as const) {
        expect([path, (await stage.admin(path, method)).status]).toEqual([path, 503]);
      }
      const command = await stage.command("failures", "list");
      expect([command.code, command.out]).toEqual([1, ""]);
      expect(command.err).toContain("does not answer");
      expect(command.err).not.toContain("ADMIN_TOKEN");
      await server.start();
      await until(async () => (await stage.admin("/failures")).status === 200, waitMs, "Redis to be back");
    } finally {
      await stage.close();
      await server.stop();
    }
  },
);

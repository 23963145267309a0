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
      ["GET", "/numbers"],
      ["GET", "/audit"],
      ["GET", "/failures"],
      ["GET", "/failures/groups"],
      ["POST", "/failures/groups/e000000000000"],
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

  it("what is parked is told by groups, and what a group is about is no person's own", async () => {
    const { status, body } = await stage.admin("/failures/groups");
    expect(status).toBe(200);
    const groups = body["items"] as { key: string; count: number }[];
    expect(groups).toMatchObject([
      { kind: "event", reason: "unmappable", count: 1, sources: ["form"], state: "open", sample: ids.at(-1) },
      {
        kind: "delivery",
        reason: "contact-not-found",
        status: 404,
        words: "Contact not found!",
        count: 5,
        sources: [],
        state: "open",
        sample: ids[0],
      },
    ]);
    expect(JSON.stringify(groups)).not.toContain("person");
    for (const { key, count } of groups) {
      expect((await stage.admin(`/failures/groups/${key}`)).body).toMatchObject({ key, count });
      const met: string[] = [];
      let cursor = "";
      do {
        const page = await stage.admin(`/failures?group=${key}&limit=2${cursor}`);
        met.push(...(page.body["items"] as { id: string }[]).map(({ id }) => id));
        cursor = typeof page.body["next"] === "string" ? `&cursor=${page.body["next"]}` : "";
      } while (cursor !== "");
      expect(met).toEqual(count === 1 ? ids.slice(-1) : ids.slice(0, 5));
    }
    const first = await stage.admin("/failures/groups?limit=1");
    const second = await stage.admin(`/failures/groups?limit=1&cursor=${first.body["next"] as string}`);
    expect([first, second].flatMap((page) => page.body["items"] as unknown[])).toEqual(groups);
    expect(second.body["next"]).toBeNull();
  });

  it("what nobody can say of a group, and what names none, is refused", async () => {
    const [group] = (await stage.admin("/failures/groups")).body["items"] as { key: string }[];
    const path = `/failures/groups/${group?.key ?? ""}`;
    const questions: unknown[] = [
      undefined,
      "acknowledged",
      {},
      { state: "closed" },
      { state: "muted", until: "yesterday" },
      { state: "muted", until: "2020-01-01T00:00:00Z" },
      { state: "muted", until: -1 },
      { state: "muted", until: 8.64e15 + 1 },
      { state: "acknowledged", until: "2999-01-01T00:00:00Z" },
      { state: "muted", note: 5 },
      { state: "muted", note: "x".repeat(201) },
      { state: "muted", by: "somebody" },
      { state: "muted", note: "x".repeat(10_000) },
    ];
    for (const question of questions) {
      const { status, body } = await stage.admin(path, "POST", adminToken, question);
      expect([question, status]).toEqual([question, 400]);
      expect(body).toMatchObject({ error: { code: "malformed" } });
    }
    for (const key of ["x", "e000000000000", "%00", "a%2Fb", "%E0%A4%A"]) {
      expect([key, (await stage.admin(`/failures/groups/${key}`)).status]).toEqual([key, 404]);
      const asked = { state: "muted" };
      const answer = await stage.admin(`/failures/groups/${key}`, "POST", adminToken, asked);
      expect([key, answer.status]).toEqual([key, 404]);
    }
    for (const query of ["state=closed", "limit=0", "cursor=x", "cursor=1.x"]) {
      expect([query, (await stage.admin(`/failures/groups?${query}`)).status]).toEqual([query, 400]);
    }
    for (const query of ["group=x", `group=${group?.key ?? ""}&cursor=d.1.1.0`]) {
      expect([query, (await stage.admin(`/failures?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await stage.admin(path)).body).toMatchObject({ state: "open" });
    expect((await stage.admin(path)).body["mark"]).toBeUndefined();
  });

  it("a group is acknowledged, muted and opened over HTTP and by command, and the audit log says by whom", async () => {
    const [event, delivery] = (
      (await stage.admin("/failures/groups")).body["items"] as { key: string }[]
    ).map(({ key }) => key) as [string, string];
    const until = new Date(Date.now() + 60_000).toISOString();
    const muted = await stage.admin(`/failures/groups/${delivery}`, "POST", adminToken, {
      state: "muted",
      until,
      note: " the vendor knows ",
    });
    expect(muted.body).toMatchObject({
      key: delivery,
      state: "muted",
      mark: { by: "operator", until, note: "the vendor knows" },
    });
    const command = await stage.command("failures", "acknowledge", event, "--note", "mended on Monday");
    expect(command).toMatchObject({ code: 0, out: `${event} is acknowledged\n` });
    const listed = await stage.command("failures", "groups");
    expect(listed.code).toBe(0);
    expect(listed.out).toMatch(
      /e\w{12} {2}acknowledged {2}1 unmappable.*\n.*from form.*\n.*: mended on Monday/,
    );
    expect(listed.out).toContain("5 contact-not-found");
    const json = await stage.command("failures", "groups", "--state", "muted", "--json");
    expect(JSON.parse(json.out)).toMatchObject({ items: [{ key: delivery, count: 5, state: "muted" }] });
    expect((await stage.admin("/failures/groups?state=open")).body).toEqual({ items: [], next: null });

    const forDay = await stage.command("failures", "mute", event, "--for", "1d", "--json");
    const { mark } = JSON.parse(forDay.out) as { mark: { until: string } };
    expect(Date.parse(mark.until) - Date.now()).toBeGreaterThan(86_000_000);
    expect((await stage.command("failures", "open", delivery)).out).toBe(`${delivery} is open\n`);
    expect((await stage.command("failures", "open", event)).code).toBe(0);
    expect(await stage.command("failures", "mute", "e000000000000")).toMatchObject({
      code: 1,
      err: "nothing is parked in a group e000000000000\n",
    });
    expect((await stage.command("failures", "mute", event, "--for", "a while")).code).toBe(2);
    expect((await stage.admin("/failures/groups?state=open")).body["items"]).toHaveLength(2);
    // Neither retries or drops anything.
    expect((await stage.failures()).map(({ id }) => id)).toEqual(ids);

    const { body } = await stage.admin("/audit?limit=5");
    expect(body["items"]).toMatchObject([
      { who: "command line", action: "open", target: event },
      { who: "command line", action: "open", target: delivery },
      { who: "command line", action: "mute", target: event, detail: `until ${mark.until}` },
      { who: "command line", action: "acknowledge", target: event },
      { who: "operator", action: "mute", target: delivery, detail: `until ${until}` },
    ]);
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

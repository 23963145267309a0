import { Writable } from "node:stream";
import { Hono } from "hono";
import { beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { createAccess, type Access } from "./access.ts";

const right = "operator-token";
let now = 0;
let logged: string[] = [];
let metrics = createMetrics({ ofProcess: false });
let app: Hono;

function start(adminToken: string | undefined): Access {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  const access = createAccess({
    adminToken,
    clock: () => now,
    now: () => now,
    log: createLogger({ level: "info", stream }),
    metrics,
  });
  app = new Hono();
  app.get(
    "*",
    async (context) => (await access.refusal(context, "Show a token.")) ?? context.text("come in"),
  );
  return access;
}

async function ask(token: string | undefined, path = "/admin/status"): Promise<Response> {
  return await app.request(
    path,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
}

async function guess(times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let count = 0; count < times; count += 1) statuses.push((await ask(`guess-${count}`)).status);
  return statuses;
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status);

beforeEach(() => {
  now = 5_000;
  logged = [];
  metrics = createMetrics({ ofProcess: false });
  start(right);
});

describe("guessing the admin token", () => {
  it("is answered 401 ten times within a minute, then 429 with Retry-After for a minute", async () => {
    expect(await guess(12)).toEqual([...times(10, 401), 429, 429]);
    now += 20_500;
    const braked = await ask("guess");
    expect(braked.status).toBe(429);
    expect(braked.headers.get("retry-after")).toBe("40");
    expect(await braked.json()).toMatchObject({ error: { code: "too-many-wrong-tokens" } });
    now += 39_500;
    expect(await guess(11)).toEqual([...times(10, 401), 429]);
  });

  it("is not made longer by further guesses", async () => {
    await guess(10);
    for (let second = 0; second < 59; second += 1) {
      now += 1_000;
      expect(await guess(5)).toEqual(times(5, 429));
    }
    now += 1_000;
    expect(await guess(1)).toEqual([401]);
  });

  it("is not seen in wrong tokens that come slowly", async () => {
    for (let minute = 0; minute < 20; minute += 1) {
      expect(await guess(9)).toEqual(times(9, 401));
      now += 60_000;
    }
    expect(logged).toEqual([]);
  });

  it("counts by the minute that has passed, not by the clock's", async () => {
    await guess(5);
    now += 59_000;
    expect(await guess(6)).toEqual([...times(5, 401), 429]);
  });

  it("never keeps the right token out", async () => {
    for (let round = 0; round < 30; round += 1) {
      await guess(1);
      const answer = await ask(right);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe("come in");
    }
    expect(await guess(1)).toEqual([429]);
  });

  it("is told of once, without a token, and counted", async () => {
    await guess(50);
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toMatch(/guess-|operator-token/);
    expect(JSON.parse(logged[0] ?? "")).toMatchObject({ level: "warn" });
    const { body } = await metrics.render();
    expect(body).toContain('relay_admin_tokens_refused_total{status="401"} 10');
    expect(body).toContain('relay_admin_tokens_refused_total{status="429"} 40');
  });

  it("is one count for every route", async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await ask("wrong", "/metrics")).status).toBe(401);
      expect((await ask("wrong", "/admin/events")).status).toBe(401);
    }
    expect((await ask("wrong", "/metrics")).status).toBe(429);
  });

  it("in another scheme is guessing too", async () => {
    const basic = () => app.request("/metrics", { headers: { authorization: "Basic YTpi" } });
    for (let count = 0; count < 10; count += 1) expect((await basic()).status).toBe(401);
    expect((await basic()).status).toBe(429);
  });
});

it("who shows no token is told that one is needed, however often, and brakes nobody", async () => {
  for (let count = 0; count < 30; count += 1) {
    const answer = await ask(undefined);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(await answer.json()).toEqual({ error: { code: "unauthorized", message: "Show a token." } });
  }
  expect(await guess(1)).toEqual([401]);
});

it("without an admin token nobody is let in, and there is nothing to guess", async () => {
  expect(start(undefined).isOn).toBe(false);
  for (const token of ["", "undefined", right]) expect((await ask(token)).status).toBe(401);
  expect(await guess(20)).toEqual(times(20, 401));
});

describe("a session", () => {
  it("that is ended here lets nobody in from then on, although the store was just asked", async () => {
    let questions = 0;
    const access = createAccess({
      adminToken: right,
      clock: () => now,
      now: () => now,
      log: createLogger({ level: "silent" }),
      metrics,
      signOuts: {
        add: () => Promise.resolve(),
        has() {
          questions += 1;
          return Promise.resolve(false);
        },
      },
    });
    const begun = access.signIn(right);
    if (begun.kind !== "in") throw new Error("the right token was refused");
    const cookie = `contact-relay=${begun.text}`;
    const asking = new Hono();
    asking.get("*", async (context) => context.json((await access.callerOf(context)) !== undefined));
    const isIn = async () => await (await asking.request("/", { headers: { cookie } })).json();
    expect([await isIn(), await isIn(), await isIn()]).toEqual([true, true, true]);
    expect(questions).toBe(1);
    await access.signOut(begun.session);
    expect(await isIn()).toBe(false);
  });
});

import { createServer, type RequestListener, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createConnections } from "../outbound/connections.ts";
import type { Published } from "../providers/provider.ts";
import { createPublished } from "./published.ts";

const hour = 3_600_000;
let connections: ReturnType<typeof createConnections>;
let server: Server;
let origin = "";
let answer: RequestListener;
let asked: string[] = [];
let now = 0;
let published: Published;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
});

beforeEach(() => {
  asked = [];
  connections = createConnections({ http: undefined, https: undefined, none: "" });
  now = Date.UTC(2026, 0, 5);
  answer = (_request, response) => response.end(`answer ${asked.length}`);
  published = createPublished({ connections, clock: () => now, timeoutMs: 200 });
});

afterEach(async () => {
  await connections.destroy();
  server.closeAllConnections();
});

afterAll(() => void server.close());

const read = (path: string, maxAgeMs = hour) => published.read(new URL(path, origin), maxAgeMs);
const kept = (text: string) => ({ ok: true, text, isStale: false });

describe("failures", () => {
  it("an address that does not answer well is told of by its host, and never by more", async () => {
    answer = (_request, response) => response.writeHead(404).end("secret words");
    const failed = await read("/keys?token=t0ken");
    expect(failed).toEqual({ ok: false, message: `${new URL(origin).host} answered 404` });
  });

  it("a redirect is not followed", async () => {
    answer = (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end();
    expect(await read("/keys")).toMatchObject({ ok: false });
    expect(asked).toEqual(["/keys"]);
  });

  it("an answer that does not end in time, or does not end at all, is left", async () => {
    answer = () => undefined;
    expect(await read("/silent")).toMatchObject({ message: expect.stringContaining("within 200 ms") });
    answer = (_request, response) => void response.write("x".repeat(300_000));
    expect(await read("/endless")).toMatchObject({ ok: false });
  });

  it("after a failure nobody is asked for five seconds, however many want to know", async () => {
    answer = (_request, response) => response.writeHead(500).end();
    for (let times = 0; times < 20; times += 1) expect((await read("/keys")).ok).toBe(false);
    expect(asked).toHaveLength(1);
    now += 5_000;
    answer = (_request, response) => response.end("good");
    expect(await read("/keys")).toEqual(kept("good"));
  });

  it("what was had before goes on to hold for a day, and says that it is old", async () => {
    expect(await read("/keys")).toEqual(kept("answer 1"));
    answer = (_request, response) => response.writeHead(503).end();
    now += 23 * hour;
    expect(await read("/keys")).toEqual({ ok: true, text: "answer 1", isStale: true });
    now += 2 * hour;
    expect((await read("/keys")).ok).toBe(false);
  });
});

it("a connection that the other side closed meanwhile is no failure", async () => {
  expect(await read("/keys", -1)).toEqual(kept("answer 1"));
  server.closeAllConnections();
  expect(await read("/keys", -1)).toMatchObject({ ok: true, isStale: false });
});

describe("how often it is asked", () => {
  it("once, for as long as the answer is young enough", async () => {
    for (let times = 0; times < 5; times += 1) expect(await read("/keys")).toEqual(kept("answer 1"));
    now += hour;
    expect(await read("/keys")).toEqual(kept("answer 1"));
    expect(await read("/keys", 60_000)).toEqual(kept("answer 2"));
    now += hour + 1;
    expect(await read("/keys")).toEqual(kept("answer 3"));
  });

  it("once, for all who ask at the same time", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => read("/keys")));
    expect(asked).toHaveLength(1);
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it("made-up addresses are asked thirty times a minute, known ones all the same", async () => {
    await read("/known", 0);
    answer = (_request, response) => response.writeHead(404).end();
    for (let number = 0; number < 100; number += 1) await read(`/made-up-${number}`);
    expect(asked).toHaveLength(30);
    answer = (_request, response) => response.end("still here");
    now += 1;
    expect(await read("/known", 0)).toEqual(kept("still here"));
    expect(await published.visit(new URL("/visit", origin))).toMatchObject({ ok: false });
    now += 60_000;
    expect(await published.visit(new URL("/visit", origin))).toEqual({ ok: true });
  });
});

it("a visit is made each time, and tells when it was of no use", async () => {
  const visit = () => published.visit(new URL("/confirm?token=t", origin));
  expect(await visit()).toEqual({ ok: true });
  expect(await visit()).toEqual({ ok: true });
  answer = (_request, response) => response.writeHead(403).end();
  expect(await visit()).toMatchObject({ ok: false, message: expect.stringContaining("403") });
  expect(asked).toEqual(Array.from({ length: 3 }, () => "/confirm?token=t"));
});

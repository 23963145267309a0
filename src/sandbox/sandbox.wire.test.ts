import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createAelystClient } from "../aelyst/client.ts";
import { createConnections } from "../outbound/connections.ts";
import type { Fault } from "./faults.ts";
import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

const open: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ token: "secret", ratePerSecond: 0, ...options });
  open.push(sandbox);
  return sandbox;
}

const client = (sandbox: Sandbox, timeoutMs = 2_000, token = "secret") =>
  createAelystClient({ baseUrl: sandbox.url, token, timeoutMs }, connections);
const ada = { firstName: "Ada" };

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!condition() && Date.now() < end) await wait(5);
  expect(condition()).toBe(true);
}

describe("the rate", () => {
  it.each(["fixed-window", "sliding-window", "token-bucket"] as const)(
    "%s: the client is told to wait, and gets through after that",
    async (limiter) => {
      let now = 1_700_000_000_000;
      const sandbox = await start({ ratePerSecond: 2, limiter, clock: () => now });
      const kinds = [];
      for (let n = 0; n < 3; n += 1) kinds.push((await client(sandbox).update("id:1", ada)).kind);
      expect(kinds).toEqual(["ok", "ok", "limited"]);
      expect(await client(sandbox).update("id:1", ada)).toMatchObject({
        retryAfterMs: 1_000,
        allowedRate: 2,
      });
      now += 1_000;
      expect((await client(sandbox).update("id:1", ada)).kind).toBe("ok");
    },
  );

  it("counts every request with a valid token, even one that is never answered, and no other", async () => {
    const sandbox = await start({ ratePerSecond: 3, clock: () => 0 });
    for (let n = 0; n < 5; n += 1) await client(sandbox, 2_000, "wrong").update("id:1", ada);
    sandbox.fault({ unauthorized: true, times: 1 });
    await client(sandbox).update("id:1", ada);
    sandbox.fault({ drop: "before", times: 1 });
    await client(sandbox).update("id:1", ada);
    sandbox.fault({ status: 500, times: 1 });
    await client(sandbox).update("id:1", ada);
    await fetch(`${sandbox.url}/contact/nobody`, {
      method: "PUT",
      headers: { authorization: "Bearer secret" },
    });
    expect((await client(sandbox).update("id:1", ada)).kind).toBe("limited");
  });

  it("counts by contact where the fault says so, and no other contact with it", async () => {
    let now = 1_700_000_000_000;
    const sandbox = await start({ clock: () => now });
    sandbox.fault({ contactRate: 2 });
    const kinds = [];
    for (const id of ["id:1", "id:1", "id:1", "id:2"] as const) {
      kinds.push((await client(sandbox).update(id, ada)).kind);
    }
    expect(kinds).toEqual(["ok", "ok", "limited", "ok"]);
    now += 1_000;
    expect((await client(sandbox).update("id:1", ada)).kind).toBe("ok");
    expect(sandbox.faults()).toEqual([{ contactRate: 2, left: null }]);
  });

  it("a request over the limit spends no fault", async () => {
    let now = 0;
    const sandbox = await start({ ratePerSecond: 1, clock: () => now });
    await client(sandbox).update("id:1", ada);
    sandbox.fault({ status: 500, times: 1 });
    expect((await client(sandbox).update("id:1", ada)).kind).toBe("limited");
    now = 1_000;
    expect(await client(sandbox).update("id:1", ada)).toMatchObject({ kind: "unavailable", status: 500 });
  });

  it("says nothing of itself to who is not let in", async () => {
    const sandbox = await start({ ratePerSecond: 5 });
    const response = await fetch(`${sandbox.url}/contact/id:1`, { method: "PUT" });
    expect(response.status).toBe(401);
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-ratelimit"))).toEqual([]);
  });
});

describe("faults", () => {
  it.each([
    [{ status: 400 }, { kind: "invalid", message: "Validation error." }],
    [{ status: 404 }, { kind: "not-found", message: "Contact not found!" }],
    [{ status: 500 }, { kind: "unavailable", message: "Unexpected error occurred" }],
    [{ status: 429 }, { kind: "limited", retryAfterMs: undefined }],
    [
      { status: 429, retryAfter: 3 },
      { kind: "limited", retryAfterMs: 3_000 },
    ],
    [
      { status: 429, body: '{"retryAfter":4}' },
      { kind: "limited", retryAfterMs: 4_000 },
    ],
    [
      { status: 449, retryAfter: "6" },
      { kind: "busy", retryAfterMs: 6_000 },
    ],
    [
      { status: 503, retryAfter: "Wed, 21 Oct 2099 07:28:00 GMT" },
      { status: 503, retryAfterMs: 3_600_000 },
    ],
    [
      { status: 302, location: "https://login.example.com/a" },
      { message: "HTTP 302, a redirect to https://login.example.com, which is never followed" },
    ],
    [
      { status: 403, body: "<html>no</html>" },
      { kind: "unauthorized", message: "an HTML page instead of JSON" },
    ],
    [{ status: 200 }, { kind: "unavailable", reason: "not-the-contract" }],
    [{ status: 204 }, { kind: "unavailable", reason: "not-the-contract" }],
    [{ busy: "id:1" }, { kind: "busy", retryAfterMs: undefined }],
  ] satisfies [Fault, object][])("%j", async (fault, expected) => {
    const sandbox = await start();
    sandbox.fault(fault);
    expect(await client(sandbox).update("id:1", ada)).toMatchObject(expected);
    expect(sandbox.contacts()).toEqual([]);
  });

  it("a contact is busy by all of its identifiers", async () => {
    const sandbox = await start();
    await client(sandbox).update("phone:+60123456789", { email: "ada@example.com" });
    sandbox.fault({ busy: "phone:+60123456789", times: 2 });
    expect((await client(sandbox).update("email:ada@example.com", ada)).kind).toBe("busy");
    expect((await client(sandbox).update("email:bob@example.com", ada)).kind).toBe("ok");
    expect((await client(sandbox).update("id:1", ada)).kind).toBe("busy");
    expect((await client(sandbox).update("id:1", ada)).kind).toBe("ok");
  });

  it("what is late is applied all the same, though its caller has gone", async () => {
    const sandbox = await start({ latencyMs: 150 });
    expect(await client(sandbox, 50).update("id:1", ada)).toMatchObject({ reason: "timeout" });
    expect(sandbox.contacts()).toEqual([]);
    await until(() => sandbox.contacts().length === 1);
  });

  it("a sandbox closes at once, whatever it has not answered yet", async () => {
    const sandbox = await startSandbox({ latencyMs: 60_000 });
    const pending = client(sandbox, 30_000).update("id:1", ada);
    await until(() => sandbox.requests().length === 1);
    await sandbox.close();
    expect(await pending).toMatchObject({ kind: "unavailable", reason: "network" });
    expect(sandbox.contacts()).toEqual([]);
  });
});

describe("what is on the wire", () => {
  it("two requests at once for a contact are seen, and remembered", async () => {
    const sandbox = await start({ latencyMs: 100 });
    const both = [client(sandbox).update("id:1", ada), client(sandbox).update("id:1", ada)];
    await until(() => sandbox.requests().length === 2);
    expect(sandbox.requests().map(({ inFlight, status }) => [inFlight, status])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    await Promise.all(both);
    await client(sandbox).update("id:1", ada);
    expect(sandbox.requests().map(({ inFlight, status }) => [inFlight, status])).toEqual([
      [1, 200],
      [2, 200],
      [1, 200],
    ]);
    expect(sandbox.contact("id:1")).toMatchObject({ updates: 3, maxInFlight: 2 });
  });

  it("one after the other is one at a time, and so are two contacts", async () => {
    const sandbox = await start();
    for (let n = 0; n < 20; n += 1) await client(sandbox).update("id:1", ada);
    await Promise.all([client(sandbox).update("id:2", ada), client(sandbox).update("id:3", ada)]);
    expect(sandbox.contacts().map((contact) => contact.maxInFlight)).toEqual([1, 1, 1]);
  });

  it("a request that hangs stays on the wire until its caller goes", async () => {
    const sandbox = await start();
    sandbox.fault({ hang: true, times: 1 });
    const hanging = client(sandbox, 200).update("id:1", ada);
    await until(() => sandbox.requests().length === 1);
    await client(sandbox).update("id:1", ada);
    expect(sandbox.requests().map((request) => request.inFlight)).toEqual([1, 2]);
    expect(await hanging).toMatchObject({ reason: "timeout" });
    do await client(sandbox).update("id:1", ada);
    while (sandbox.requests().at(-1)?.inFlight !== 1);
  });
});

describe("the request", () => {
  const put = (url: string, headers: Record<string, string>, body: string) =>
    fetch(url, { method: "PUT", headers: { authorization: "Bearer secret", ...headers }, body });

  it("has to say that it is JSON", async () => {
    const sandbox = await start();
    const url = `${sandbox.url}/contact/id:1`;
    for (const [type, status] of [
      ["application/json", 200],
      ["Application/JSON; charset=utf-8", 200],
      ["application/merge-patch+json", 200],
      ["text/plain", 400],
      ["application/x-www-form-urlencoded", 400],
    ] as const) {
      expect((await put(url, { "content-type": type }, '{"firstName":"A"}')).status, type).toBe(status);
    }
  });

  it("works without the version in its path too, and with no other method", async () => {
    const sandbox = await start();
    const json = { "content-type": "application/json" };
    const url = `http://127.0.0.1:${sandbox.port}/contact/id:1`;
    expect((await put(url, json, '{"firstName":"A"}')).status).toBe(200);
    const post = await fetch(url, { method: "POST", headers: { authorization: "Bearer secret" } });
    expect([post.status, await post.json()]).toEqual([404, { code: 404, message: "Not found" }]);
  });

  it("is remembered with its body and its time", async () => {
    let now = 5_000;
    const sandbox = await start({ clock: () => now });
    now = 5_250;
    await client(sandbox).update("email:a@b.co", ada);
    expect(sandbox.requests()).toEqual([
      {
        at: 5_250,
        sinceMs: 250,
        method: "PUT",
        path: "/v1/contact/email:a%40b.co",
        contact: "email:a@b.co",
        status: 200,
        body: ada,
        inFlight: 1,
      },
    ]);
  });
});

it("a firewall answers an HTML page in the API's place, and changes nothing", async () => {
  const sandbox = await start();
  sandbox.fault({ firewall: "<script>" });
  const refused = await client(sandbox).update("id:1", { firstName: "<script>" });
  expect(refused).toMatchObject({ kind: "unauthorized", status: 403 });
  expect(sandbox.contacts()).toEqual([]);
  expect((await client(sandbox).update("id:1", ada)).kind).toBe("ok");
});

import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createAelystClient } from "../aelyst/client.ts";
import { createConnections } from "../outbound/connections.ts";
import { isLoopback } from "./control.ts";
import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

const open: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ ratePerSecond: 0, ...options });
  open.push(sandbox);
  return sandbox;
}

const client = (sandbox: Sandbox) =>
  createAelystClient({ baseUrl: sandbox.url, token: "any", timeoutMs: 2_000 }, connections);

async function control(sandbox: Sandbox, method: string, path: string, body?: string) {
  const init = body === undefined ? { method } : { method, body };
  const response = await fetch(`http://127.0.0.1:${sandbox.port}/_sandbox${path}`, init);
  const json: unknown = await response.json();
  return { status: response.status, json };
}

/** What is answered to bytes that no HTTP client would send. */
async function answerTo(sandbox: Sandbox, bytes: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(sandbox.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

describe("what nobody meant to send", () => {
  it.each(["//", "///", "//[", "/%", "/_sandbox/contacts/%", "http://[", "/?", "*"])(
    "a request for %s is answered, and the sandbox goes on",
    async (target) => {
      const sandbox = await start();
      for (const method of ["GET", "PUT", "OPTIONS"]) {
        const answer = await answerTo(
          sandbox,
          `${method} ${target} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
      }
      expect((await client(sandbox).update("id:1", { firstName: "A" })).kind).toBe("ok");
    },
  );

  it.each([
    ["GET", "/nothing", undefined, 404],
    ["PUT", "/faults", "{}", 404],
    ["DELETE", "/contacts", undefined, 404],
    ["GET", "/contacts/id:1", undefined, 404],
    ["GET", "/contacts/nobody", undefined, 404],
    ["POST", "/faults", "", 400],
    ["POST", "/faults", "{", 400],
    ["POST", "/faults", '{"status":"500"}', 400],
    ["POST", "/faults", `{"hang":"${"x".repeat(2_000_000)}"}`, 400],
  ])("%s %s", async (method, path, body, status) => {
    const sandbox = await start();
    const answer = await control(sandbox, method, path, body);
    expect(answer).toMatchObject({ status, json: { code: status } });
    expect(sandbox.faults()).toEqual([]);
  });

  it("a fault that is none is answered with some that are", async () => {
    const sandbox = await start();
    const { json } = await control(sandbox, "POST", "/faults", "{}");
    const { faults } = json as { faults: unknown[] };
    for (const fault of faults) {
      expect(await control(sandbox, "POST", "/faults", JSON.stringify(fault))).toMatchObject({ status: 200 });
    }
  });
});

describe("over HTTP", () => {
  it("contacts are found by any identifier, as it is written in a path", async () => {
    const sandbox = await start();
    await client(sandbox).update("phone:+60123456789", { email: "a+b@example.com", firstName: "A" });
    for (const path of ["id:1", "phone:+60123456789", "phone:%2B60123456789", "email:A%2Bb%40example.com"]) {
      expect(await control(sandbox, "GET", `/contacts/${path}`)).toMatchObject({
        status: 200,
        json: { id: 1, updates: 1, maxInFlight: 1 },
      });
    }
  });

  it("the latest requests are shown, as many as are asked for", async () => {
    const sandbox = await start();
    for (const id of ["1", "2", "3"] as const) await client(sandbox).update(`id:${id}`, { firstName: id });
    const shown = async (query: string) =>
      ((await control(sandbox, "GET", `/requests${query}`)).json as { contact: string }[]).map(
        (request) => request.contact,
      );
    expect(await shown("")).toEqual(["id:1", "id:2", "id:3"]);
    expect(await shown("?limit=2")).toEqual(["id:2", "id:3"]);
    expect(await shown("?limit=x")).toEqual(["id:1", "id:2", "id:3"]);
  });

  it("a rate is a fault like others: shown, obeyed and switched off", async () => {
    const sandbox = await start();
    const rate = { rate: 1, limiter: "sliding-window" };
    const { json } = await control(sandbox, "POST", "/faults", JSON.stringify(rate));
    expect(json).toEqual([{ ...rate, left: null }]);
    const results = [];
    for (let n = 0; n < 2; n += 1) results.push(await client(sandbox).update("id:1", { firstName: "A" }));
    expect(results).toMatchObject([{ kind: "ok" }, { kind: "limited", retryAfterMs: 1_000, allowedRate: 1 }]);
    expect(await control(sandbox, "DELETE", "/faults")).toMatchObject({ status: 200, json: [] });
    expect(sandbox.faults()).toEqual([]);
    expect((await client(sandbox).update("id:1", { firstName: "A" })).kind).toBe("ok");
  });

  it("reset forgets contacts, requests and faults", async () => {
    const sandbox = await start();
    await client(sandbox).update("id:1", { firstName: "A" });
    sandbox.fault({ status: 500 });
    sandbox.fault({ rate: 1 });
    expect(await control(sandbox, "POST", "/reset")).toMatchObject({ status: 200 });
    expect([sandbox.contacts(), sandbox.requests(), sandbox.faults()]).toEqual([[], [], []]);
  });

  it("reset gives no new contact the id of an earlier one", async () => {
    const sandbox = await start();
    await client(sandbox).update("email:ada@example.com", { firstName: "Ada" });
    await control(sandbox, "POST", "/reset");
    await client(sandbox).update("email:bob@example.com", { firstName: "Bob" });
    expect(sandbox.contacts()).toMatchObject([{ id: 2, fields: { firstName: "Bob" } }]);
  });
});

it("only this machine is let in", () => {
  for (const address of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]) {
    expect(isLoopback(address), address).toBe(true);
  }
  for (const address of ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "1127.0.0.1", "::12", "", undefined]) {
    expect(isLoopback(address), String(address)).toBe(false);
  }
});

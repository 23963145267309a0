import { createServer, type RequestListener } from "node:http";
import type { Dispatcher } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { basic, proxyPassword, startConnectProxy } from "../../test/helpers/connect-proxy.ts";
import { createAelystClient } from "../aelyst/client.ts";
import { createLookup } from "../delivery/lookup.ts";
import { createConnections, type Proxies } from "./connections.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An API that answers every request, and how many connections it was asked over. */
async function serving(listener: RequestListener = (_request, response) => response.end('{"contactId":7}')) {
  const server = createServer(listener);
  let opened = 0;
  server.on("connection", () => (opened += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return { host, url: `http://${host}`, opened: () => opened };
}

async function proxy(...behaviour: Parameters<typeof startConnectProxy>) {
  const started = await startConnectProxy(...behaviour);
  closers.push(() => started.close());
  return started;
}

function connecting(proxies: Partial<Proxies> = {}, onTunnel?: (proxy: string) => void): Dispatcher {
  const connections = createConnections(
    { http: undefined, https: undefined, none: "", ...proxies },
    onTunnel,
  );
  closers.push(() => connections.destroy());
  return connections;
}

const update = (baseUrl: string, connections: Dispatcher, timeoutMs = 5_000) =>
  createAelystClient({ baseUrl, token: "s3cret-token", timeoutMs }, connections).update("id:1", {
    firstName: "A",
  });

const lookingUp = (url: string, connections: Dispatcher) =>
  createLookup({ connections, ratePerSecond: 1_000, timeoutMs: 500, bytesMax: 1_000, clock: Date.now })(
    new URL(url),
    {},
  );

describe("a proxy", () => {
  it("carries requests to the API in a tunnel, as the user of its address", async () => {
    const api = await serving();
    const between = await proxy();
    const told: string[] = [];
    const connections = connecting({ http: between.url }, (origin) => told.push(origin));
    expect(await update(api.url, connections)).toMatchObject({ kind: "ok", contactId: 7 });
    expect(between.asked).toEqual([{ target: api.host, authorization: basic("ada", proxyPassword) }]);
    expect(told).toEqual([between.origin]);
  });

  it("carries lookups too", async () => {
    const sender = await serving();
    const between = await proxy();
    const answer = await lookingUp(sender.url, connecting({ http: between.url }));
    expect(answer).toMatchObject({ kind: "answer", status: 200 });
    expect(between.asked).toMatchObject([{ target: sender.host }]);
  });

  it("is asked for no host of NO_PROXY", async () => {
    const api = await serving();
    const between = await proxy();
    for (const none of ["127.0.0.1", `elsewhere.example, ${api.host}`, "*"]) {
      expect(await update(api.url, connecting({ http: between.url, none }))).toMatchObject({ kind: "ok" });
    }
    expect(between.asked).toEqual([]);
    await update(api.url, connecting({ http: between.url, none: "127.0.0.1:1" }));
    expect(between.asked).toHaveLength(1);
  });

  it("is taken from what is handed in alone, never from the environment of the process", async () => {
    const api = await serving();
    const between = await proxy();
    const before = { ...process.env };
    try {
      Object.assign(process.env, { HTTP_PROXY: between.url, http_proxy: between.url });
      expect(await update(api.url, connecting())).toMatchObject({ kind: "ok" });
    } finally {
      process.env = before;
    }
    expect(between.asked).toEqual([]);
  });

  it.each([
    ["refuses", "proxy: HTTP 407"],
    ["hangs up", "proxy: UND_ERR_SOCKET"],
  ] as const)("that %s is unavailability of the network, told without its password", async (how, message) => {
    const api = await serving();
    const between = await proxy(how);
    const connections = connecting({ http: between.url });
    const result = await update(api.url, connections);
    expect(result).toMatchObject({ kind: "unavailable", reason: "network", message });
    const answer = await lookingUp(api.url, connections);
    expect(answer).toEqual({ kind: "unreachable", message });
    expect(between.asked, "one tunnel for each request").toHaveLength(2);
    for (const secret of [proxyPassword, encodeURIComponent(proxyPassword), basic("ada", proxyPassword)]) {
      expect(JSON.stringify([result, answer])).not.toContain(secret);
    }
  });

  it("that nobody runs is told apart from an API that nobody runs", async () => {
    const api = await serving();
    const gone = await startConnectProxy();
    await gone.close();
    expect(await update(api.url, connecting({ http: gone.url }))).toMatchObject({
      reason: "network",
      message: "proxy: ECONNREFUSED",
    });
  });

  it("that is silent ends no later than the time of a request, and holds nobody up who closes", async () => {
    const api = await serving();
    const between = await proxy("is silent");
    const connections = connecting({ http: between.url });
    const began = Date.now();
    expect(await update(api.url, connections, 200)).toMatchObject({ kind: "unavailable", reason: "timeout" });
    expect(await lookingUp(api.url, connections)).toMatchObject({ message: "no answer in time" });
    await connections.destroy();
    expect(Date.now() - began).toBeLessThan(3_000);
  });
});

describe("connections", () => {
  it("are kept, in a tunnel too: requests one after another open no third", async () => {
    const api = await serving();
    const between = await proxy();
    for (const http of [undefined, between.url]) {
      const connections = connecting({ http });
      const before = api.opened();
      for (let n = 0; n < 20; n += 1) {
        expect(await update(api.url, connections)).toMatchObject({ kind: "ok" });
      }
      // The next request may come a moment before the connection of the last one is free.
      expect(api.opened() - before).toBeLessThanOrEqual(2);
    }
    expect(between.asked.length).toBeLessThanOrEqual(2);
  });

  it("are as many as requests are on the way, at most 256", async () => {
    const waiting: (() => void)[] = [];
    const api = await serving((_request, response) => {
      waiting.push(() => response.end('{"contactId":7}'));
    });
    const connections = connecting();
    const results = Array.from({ length: 300 }, () => update(api.url, connections, 20_000));
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(256);
    for (const answer of waiting.splice(0)) answer();
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(44);
    for (const answer of waiting.splice(0)) answer();
    expect((await Promise.all(results)).every(({ kind }) => kind === "ok")).toBe(true);
    expect(api.opened()).toBe(256);
  });

  it("that the API closed meanwhile cost at most one result of the network, and never a second request", async () => {
    let requests = 0;
    const api = await serving((request, response) => {
      requests += 1;
      // Ends the connection after its answer, without a word.
      response.end('{"contactId":7}', () => setTimeout(() => request.socket.destroy(), 1));
    });
    const connections = connecting();
    const results = [];
    for (let n = 0; n < 50; n += 1) results.push(await update(api.url, connections));
    const failed = results.filter(({ kind }) => kind !== "ok");
    for (const one of failed) expect(one).toMatchObject({ kind: "unavailable", reason: "network" });
    expect(requests).toBeGreaterThanOrEqual(results.length - failed.length);
    expect(requests).toBeLessThanOrEqual(results.length);
  });
});

import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createConnections } from "../outbound/connections.ts";
import { createLookup } from "./lookup.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

function lookup(overrides: Partial<Parameters<typeof createLookup>[0]> = {}) {
  return createLookup({
    connections,
    ratePerSecond: 1_000,
    timeoutMs: 5_000,
    bytesMax: 1_000,
    clock: Date.now,
    ...overrides,
  });
}

describe("fetching what a thin event points at", () => {
  it("answers status, headers and text, and sends the headers it was given", async () => {
    const seen: (string | undefined)[] = [];
    const base = await serve((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.writeHead(400, { "X-Usage": "1" }).end('{"error":{}}');
    });
    const get = lookup();
    expect(await get(new URL(`${base}/v1/5?fields=a`), { authorization: "Bearer t" })).toMatchObject({
      kind: "answer",
      status: 400,
      headers: { "x-usage": "1" },
      text: '{"error":{}}',
    });
    expect(seen).toEqual(["Bearer t", "/v1/5?fields=a"]);
  });

  it("does not follow a redirect: the token goes nowhere else", async () => {
    const paths: (string | undefined)[] = [];
    const base = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { Location: "/elsewhere" }).end();
    });
    expect(await lookup()(new URL(`${base}/a`), {})).toMatchObject({ kind: "answer", status: 302 });
    expect(paths).toEqual(["/a"]);
  });

  it("is unreachable, with a cause and without the address, when nobody answers", async () => {
    const answer = await lookup()(new URL("http://127.0.0.1:9/?access_token=sEcret"), {});
    expect(answer.kind).toBe("unreachable");
    expect(JSON.stringify(answer)).not.toContain("sEcret");
  });

  it("gives up on an answer that never comes, and on one without end", async () => {
    const silent = await serve(() => undefined);
    expect(await lookup({ timeoutMs: 50 })(new URL(silent), {})).toEqual({
      kind: "unreachable",
      message: "no answer in time",
    });
    server?.closeAllConnections();
    server?.close();
    const endless = await serve((_request, response) => {
      response.write("x".repeat(2_000));
    });
    expect(await lookup()(new URL(endless), {})).toEqual({
      kind: "too-large",
      message: "an answer of more than 1000 bytes",
    });
  });

  it("keeps its pace, however many ask at once", async () => {
    let now = 0;
    const sleeps: number[] = [];
    const base = await serve((_request, response) => response.end("{}"));
    const sleep = async (delayMs: number) => {
      sleeps.push(delayMs);
      now += delayMs;
    };
    const get = lookup({ ratePerSecond: 10, clock: () => now, sleep });
    await Promise.all(Array.from({ length: 4 }, () => get(new URL(base), {})));
    expect(sleeps).toEqual([100, 100, 100]);
  });
});

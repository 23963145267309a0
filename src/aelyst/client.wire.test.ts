import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSocketServer, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createConnections } from "../outbound/connections.ts";
import { createAelystClient } from "./client.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function portOf(server: { address(): ReturnType<Server["address"]> }): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** An API that answers these bytes to the beginning of a request, then ends the connection or leaves it open. */
async function servingBytes(bytes: string, ends: boolean): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => (ends ? socket.end(bytes) : socket.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

const token = "s3cret-token";
const clientOf = (baseUrl: string, timeoutMs = 2_000) =>
  createAelystClient({ baseUrl, token, timeoutMs }, connections);
const send = (baseUrl: string, timeoutMs?: number) =>
  clientOf(baseUrl, timeoutMs).update("id:1", { firstName: "A" });

describe("a connection that breaks", () => {
  it.each([
    ["before a byte", "", "UND_ERR_SOCKET"],
    ["within the headers", "HTTP/1.1 200 OK\r\nContent-Ty", "UND_ERR_SOCKET"],
    [
      "within the body of a 200",
      'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"contactId',
      "UND_ERR_SOCKET",
    ],
    ["with an answer that is no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", "an answer that is no HTTP/1.1"],
  ])("%s is the network's, by its code", async (_name, bytes, code) => {
    expect(await send(await servingBytes(bytes, true))).toEqual({
      kind: "unavailable",
      reason: "network",
      status: undefined,
      message: code,
      retryAfterMs: undefined,
    });
  });

  it("to where nobody listens is refused", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await send(`http://${host}:${port}`)).toMatchObject({
        reason: "network",
        message: "ECONNREFUSED",
      });
    }
  });

  it.each([true, false])(
    "within the body of a 429 takes nothing from its pause (closed: %s)",
    async (ends) => {
      const bytes = 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 9\r\nContent-Length: 50\r\n\r\n{"code"';
      expect(await send(await servingBytes(bytes, ends), 300)).toMatchObject({
        kind: "limited",
        retryAfterMs: 9_000,
      });
    },
  );

  it("headers that never end are a time-out", async () => {
    const base = await servingBytes("HTTP/1.1 200 OK\r\nX-A: b\r\n", false);
    expect(await send(base, 200)).toMatchObject({ reason: "timeout", message: "no answer within 200 ms" });
  });
});

describe("a body that is not what it should be", () => {
  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("%s is read like any other", async (encoding, pack) => {
    const base = await serving((_request, response) => {
      response.writeHead(200, { "Content-Encoding": encoding }).end(pack('{"contactId":7}'));
    });
    expect(await send(base)).toEqual({ kind: "ok", status: 200, contactId: 7 });
  });

  it("gzip that is none is no success", async () => {
    const base = await serving((_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end('{"contactId":7}');
    });
    expect(await send(base)).toMatchObject({
      kind: "unavailable",
      reason: "network",
      message: "Z_DATA_ERROR",
    });
  });

  it("gzip that unfolds into 64 MiB is no success", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, "x"));
    const base = await serving((_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(bomb);
    });
    expect(await send(base)).toMatchObject({ kind: "unavailable", reason: "not-the-contract" });
  });

  it("a 200 of more than 64 KiB is no success, even with a contactId in front", async () => {
    const base = await serving((_request, response) => {
      response.end(`{"contactId":7}${" ".repeat(70_000)}`);
    });
    expect(await send(base)).toMatchObject({ kind: "unavailable", reason: "not-the-contract", status: 200 });
  });

  it.each([
    ['{"contactId":1.5}', 'HTTP 200 without an integer contactId: {"contactId":1.5}'],
    ['{"contactId":null}', 'HTTP 200 without an integer contactId: {"contactId":null}'],
    ["[1]", "HTTP 200 without an integer contactId: [1]"],
    ["null", "HTTP 200 without an integer contactId: null"],
    ['{"contactId":1', 'HTTP 200 without an integer contactId: {"contactId":1'],
    ["<html>", "HTTP 200 without an integer contactId: an HTML page instead of JSON"],
    ["", "HTTP 200 without an integer contactId"],
  ])("200 %s is not the contract's, and says why", async (body, message) => {
    const base = await serving((_request, response) => void response.end(body));
    expect(await send(base)).toMatchObject({ kind: "unavailable", reason: "not-the-contract", message });
  });

  it("a body in pieces, cut within a character, is one body", async () => {
    const bytes = Buffer.from('{"message":"Zoë"}');
    const base = await serving((_request, response) => {
      response.writeHead(400).write(bytes.subarray(0, 15));
      setTimeout(() => response.end(bytes.subarray(15)), 20);
    });
    expect(await send(base)).toMatchObject({ kind: "invalid", message: "Zoë" });
  });

  it("early hints are not the answer", async () => {
    const base = await serving((_request, response) => {
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.end('{"contactId":7}');
    });
    expect(await send(base)).toMatchObject({ kind: "ok" });
  });
});

describe("what is told of an answer", () => {
  const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
    serving((_request, response) => void response.writeHead(status, headers).end(body));

  it("a 429 tells how much is allowed, when it says so", async () => {
    for (const [limit, allowedRate] of [
      ["10", 10],
      ["0", undefined],
      ["ten", undefined],
    ] as const) {
      const result = await send(await answering(429, "", { "X-RateLimit-Limit": limit }));
      expect(result).toMatchObject({ kind: "limited", allowedRate });
    }
  });

  it("a redirect tells its origin, and nothing of a person", async () => {
    const location = "https://login.example.com/next?contact=email:ada@example.com";
    expect(await send(await answering(302, "", { Location: location }))).toMatchObject({
      message: "HTTP 302, a redirect to https://login.example.com, which is never followed",
    });
    expect(await send(await answering(302, "", { Location: "http://[" }))).toMatchObject({
      message: "HTTP 302, a redirect, which is never followed",
    });
  });

  it("the token is in no message, however an API repeats it", async () => {
    const bodies = [
      token,
      `{"message":"Bearer ${token} is unknown"}`,
      `{"message":{"message":"${token}","token":"${token}"}}`,
      `{"error":"${token.replace("-", String.raw`\u002d`)}"}`,
    ];
    for (const status of [200, 400, 401, 403, 404, 409, 500]) {
      for (const body of bodies) {
        const result = await send(await answering(status, body));
        expect(JSON.stringify(result)).toContain("[token]");
        expect(JSON.stringify(result)).not.toContain(token);
      }
    }
  });

  it("what cannot be sent is told without token and URL", async () => {
    const broken = createAelystClient(
      { baseUrl: "http://127.0.0.1", token: "s3cret\ntoken", timeoutMs: 500 },
      connections,
    );
    const withUser = createAelystClient(
      { baseUrl: "http://ada:s3cret@127.0.0.1", token, timeoutMs: 500 },
      connections,
    );
    for (const client of [broken, withUser]) {
      const result = await client.update("id:1", { firstName: "A" });
      expect(result).toMatchObject({ kind: "unavailable", reason: "network" });
      expect(JSON.stringify(result)).not.toContain("s3cret");
    }
  });

  it("a message holds at most 500 characters, all of them whole", async () => {
    const result = await send(await answering(400, JSON.stringify({ message: `x${"😀".repeat(400)}` })));
    const message = "message" in result ? result.message : "";
    expect(message.length).toBe(500);
    expect(message.isWellFormed()).toBe(true);
    const lone = await send(await answering(400, String.raw`{"message":"a\ud800b"}`));
    expect("message" in lone && lone.message.isWellFormed()).toBe(true);
  });

  it("a message nested deeper than can be written is a refusal all the same", async () => {
    const deep = `{"message":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(await send(await answering(400, deep))).toMatchObject({ kind: "invalid", status: 400 });
  });
});

describe("stopping", () => {
  const hanging = () => serving(() => undefined);

  it("a request that is aborted ends at once, and is the network's", async () => {
    const stop = new AbortController();
    const pending = clientOf(await hanging(), 20_000).update("id:1", { firstName: "A" }, stop.signal);
    setTimeout(() => stop.abort(new Error("shutdown")), 30);
    expect(await pending).toMatchObject({ kind: "unavailable", reason: "network", message: "aborted" });
  });

  it("one that is aborted beforehand is never sent", async () => {
    let requests = 0;
    const base = await serving((_request, response) => {
      requests += 1;
      response.end('{"contactId":1}');
    });
    const result = await clientOf(base).update("id:1", { firstName: "A" }, AbortSignal.abort());
    expect(result).toMatchObject({ message: "aborted" });
    expect(requests).toBe(0);
  });

  it("a closed client has nothing on the wire and sends nothing more", async () => {
    const client = clientOf(await hanging(), 20_000);
    const pending = [client.update("id:1", { firstName: "A" }), client.update("id:2", { firstName: "A" })];
    await client.close();
    expect(await Promise.all(pending)).toMatchObject([{ message: "aborted" }, { message: "aborted" }]);
    expect(await client.update("id:3", { firstName: "A" })).toMatchObject({ message: "aborted" });
  });
});

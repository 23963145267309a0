import { connect } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDoor, type Door } from "../../src/http/door.ts";
import { providers } from "../../src/providers/registry.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs } from "../helpers/fuzz-settings.ts";
import { hostileTexts } from "./mutations.ts";
import { bodyLimitBytes, startDryRelay } from "./relay.ts";
import { requestsTo, type FuzzRequest } from "./requests.ts";

const relay = startDryRelay();
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
let door: Door;
let port = 0;

beforeAll(async () => {
  process.on("unhandledRejection", note);
  door = await openDoor({
    fetch: relay.fetch,
    host: "127.0.0.1",
    port: 0,
    connectionsMax: 1_000,
    log: createLogger({ level: "silent" }),
    metrics: createMetrics({ ofProcess: false }),
    clock: () => performance.now(),
  });
  port = door.port;
});

afterAll(async () => {
  process.off("unhandledRejection", note);
  await door.close(5_000);
});

/** Sends the bytes, then ends; whatever comes back until the other side ends too. */
async function exchange(bytes: Buffer): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let received = "";
    socket.setTimeout(20_000, () => {
      socket.destroy(new Error(`no end to the answer: ${received.slice(0, 200)}`));
    });
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => (received += String(chunk)));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // A server may hang up on what it has refused while more of it is still being sent.
      if (error.code === "ECONNRESET" || error.code === "EPIPE") resolve(received);
      else reject(error);
    });
    socket.on("close", () => resolve(received));
    socket.end(bytes);
  });
}

type Framing =
  "length" | "none" | "too long" | "too short" | "chunked" | "bad chunk" | "both" | "not a number" | "twice";

function framed(body: Buffer, framing: Framing): { lines: string[]; body: Buffer } {
  const length = (bytes: number | string) => [`Content-Length: ${bytes}`];
  const chunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
  const chunked = Buffer.concat([...(body.length > 0 ? [chunk] : []), Buffer.from("0\r\n\r\n")]);
  const encoding = ["Transfer-Encoding: chunked"];
  switch (framing) {
    case "length":
      return { lines: length(body.length), body };
    case "none":
      return { lines: [], body };
    case "too long":
      return { lines: length(body.length + 10), body };
    case "too short":
      return { lines: length(Math.max(0, body.length - 10)), body };
    case "chunked":
      return { lines: encoding, body: chunked };
    case "bad chunk":
      return { lines: encoding, body: Buffer.concat([Buffer.from("zz\r\n"), chunked]) };
    case "both":
      return { lines: [...length(body.length), ...encoding], body: chunked };
    case "not a number":
      return { lines: length("-1"), body };
    case "twice":
      return { lines: [...length(body.length), ...length(body.length + 1)], body };
  }
}

const framings: readonly Framing[] = [
  "length",
  "length",
  "length",
  "none",
  "too long",
  "too short",
  "chunked",
  "bad chunk",
  "both",
  "not a number",
  "twice",
];

const targets = fc.constantFrom(
  "/",
  "*",
  "//",
  "/webhooks/",
  "/webhooks/form/../shopify",
  "/webhooks/%",
  "/webhooks/%00",
  "/webhooks/%E0%A4%A?key=%E0%A4%A",
  "/webhooks/form?\u00e9=\u00ff",
  "/webhooks/form#fragment",
  "/webhooks/form\\..\\x",
  "http://[::1/webhooks/form",
  "http://other.example:99999/webhooks/form",
  "webhooks/form",
  `/webhooks/${"a".repeat(5_000)}`,
  `/webhooks/${"a".repeat(9_000)}`,
  "/admin/events/%E0%A4%A",
  "/metrics?%",
  "/healthz",
);
const rawLines = fc.oneof(
  fc.constantFrom(
    "Host: ",
    "Host: [::1",
    "Host: a b",
    "Host: relay.example:99999",
    "Expect: 100-continue",
    "Expect: something",
    "Upgrade: websocket",
    "Connection: upgrade, keep-alive",
    "Content-Encoding: gzip",
    "X-Many: 1\r\n".repeat(120).trimEnd(),
    "Content-Type: application/json\r\n folded",
    "No-Colon",
    ": no name",
    "__proto__: 1",
    "Cookie: a=1",
    "Content-Type: text/plain",
  ),
  fc.constantFrom(...hostileTexts).map((text) => `X-Hostile: ${text.replaceAll(/[\r\n]/g, "")}`),
);

interface WireRequest {
  readonly request: FuzzRequest;
  readonly method: string;
  readonly target: string | undefined;
  readonly version: string;
  readonly framing: Framing;
  readonly lines: readonly string[];
}

const wireRequests: fc.Arbitrary<WireRequest> = fc.record({
  request: fc.oneof(...providers.map(requestsTo)),
  method: fc.constantFrom(
    "POST",
    "POST",
    "POST",
    "POST",
    "POST",
    "GET",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PRI",
    "po st",
    "",
  ),
  target: fc.option(targets, { nil: undefined, freq: 3 }),
  version: fc.constantFrom(
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/9",
    "",
  ),
  framing: fc.constantFrom(...framings),
  lines: fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, fc.array(rawLines, { maxLength: 3 })),
});

function written({ request, method, target, version, framing, lines }: WireRequest): Buffer {
  const path = target ?? `/webhooks/${request.source}${request.search}`;
  const { lines: framingLines, body } = framed(request.body, framing);
  const headers = Object.entries(request.headers).filter(([name]) => name !== "content-length");
  const head = [
    `${method} ${path} ${version}`,
    ...(lines.some((line) => line.startsWith("Host:")) ? [] : ["Host: relay.example.com"]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...framingLines,
    ...lines,
    "Connection: close",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

function statusesIn(received: string): number[] {
  return [...received.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
}

describe(`requests as bytes on the wire (FUZZ_SEED=${fuzzSeed})`, () => {
  it(
    "whatever is sent, the answer is never a 5xx, and nothing is thrown",
    async () => {
      await fc.assert(
        fc.asyncProperty(wireRequests, async (request) => {
          const received = await exchange(written(request));
          for (const status of statusesIn(received)) expect(status, received.slice(0, 500)).toBeLessThan(500);
          expect(relay.takeErrors()).toEqual([]);
          relay.takeAccepted();
        }),
        { numRuns: fuzzRuns(150), seed: fuzzSeed },
      );
      expect(unhandled).toEqual([]);
      const alive = await exchange(
        Buffer.from("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      );
      expect(statusesIn(alive)).toEqual([200]);
    },
    fuzzTimeoutMs,
  );

  it("a body that ends early is told so, or its connection is closed", async () => {
    const head =
      "POST /webhooks/form HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n";
    expect(statusesIn(await exchange(Buffer.from(`${head}a=1`)))).not.toContain(200);
  });

  it("a body beyond the limit is never taken, however its length is told", async () => {
    const body = Buffer.alloc(bodyLimitBytes + 1, "a");
    for (const framing of ["length", "chunked"] as const) {
      const { lines, body: sent } = framed(body, framing);
      const head = ["POST /webhooks/form HTTP/1.1", "Host: a", ...lines, "Connection: close", "", ""].join(
        "\r\n",
      );
      const statuses = statusesIn(await exchange(Buffer.concat([Buffer.from(head), sent])));
      // None at all: the connection was closed under what was still being sent.
      expect(statuses.filter((status) => status !== 413)).toEqual([]);
    }
  });
});

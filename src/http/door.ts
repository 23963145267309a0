import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { headBytesMax, headersMax, headRefusal } from "./head-limits.ts";
import { watchConnections, type OpenConnections } from "./open-connections.ts";

/** How long a stranger may hold a connection open. */
export interface DoorTimes {
  /** Until the request line and all headers are there, from the first byte or the opening of the connection. */
  readonly headMs: number;
  /** Until the whole request is there. */
  readonly requestMs: number;
  /** Longer than the 60 s for which load balancers keep theirs, so that it is they who close. */
  readonly keepAliveMs: number;
  /** Without a byte being taken of an answer that is written. */
  readonly silenceMs: number;
  readonly checkEveryMs: number;
  /** Until a whole head is there, when others need the place or the relay stops. */
  readonly patienceMs: number;
}

export const doorTimes: DoorTimes = {
  headMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  silenceMs: 30_000,
  checkEveryMs: 2_000,
  patienceMs: 1_000,
};

export interface DoorOptions {
  readonly fetch: (request: Request, env: object) => Response | Promise<Response>;
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "connectionDropped">;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly times?: DoorTimes;
}

/** Where connections come in. */
export interface Door {
  readonly server: Server;
  /** The real one when 0 was asked for. */
  readonly port: number;
  /** Takes no more, lets requests under way be answered; a sender that is slower than the deadline is cut off. */
  close(deadlineMs: number): Promise<void>;
}

const tellEveryMs = 60_000;
const closeEveryMs = 100;

/** Listens; rejects where that is not possible. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, clock, times = doorTimes } = options;
  const server = boundedServer(options, times);
  const connections = watchConnections(server, clock);
  boundConnections(server, connections, options, times);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Node's own bounds know nothing of empty lines, with which a kept connection can be held for ever.
  const owedMsMax = times.keepAliveMs + times.headMs;
  const check = setInterval(() => connections.closeOwing(owedMsMax), times.checkEveryMs).unref();
  server.once("close", () => clearInterval(check));
  const address = server.address();
  return {
    server,
    port: typeof address === "object" && address ? address.port : port,
    close: (deadlineMs) => closeServer(server, connections, times.patienceMs, deadlineMs),
  };
}

function boundedServer({ fetch, host, connectionsMax }: DoorOptions, times: DoorTimes): Server {
  const listener = getRequestListener((request, env) => headRefusal(env.incoming) ?? fetch(request, env), {
    hostname: host,
  });
  const server = createServer(
    {
      headersTimeout: times.headMs,
      requestTimeout: times.requestMs,
      keepAliveTimeout: times.keepAliveMs,
      connectionsCheckingInterval: times.checkEveryMs,
      maxHeaderSize: headBytesMax,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.timeout = times.silenceMs;
  // One more than allowed: Node leaves out what is beyond its own bound without a word.
  server.maxHeadersCount = headersMax + 1;
  server.maxConnections = connectionsMax;
  return server;
}

/** When all places are taken, those who have not asked for anything yet make room. */
function boundConnections(
  server: Server,
  connections: OpenConnections,
  { connectionsMax, log, metrics, clock }: DoorOptions,
  { patienceMs }: DoorTimes,
): void {
  let refused = 0;
  let closed = 0;
  let toldAt = -Infinity;

  function makeRoom(): void {
    const now = connections.closeOwing(patienceMs);
    for (let count = 0; count < now; count += 1) metrics.connectionDropped("idle");
    closed += now;
  }
  function tell(): void {
    if (clock() - toldAt < tellEveryMs) return;
    toldAt = clock();
    log.warn(
      { connectionsMax, refused, closed },
      "as many connections are open as MAX_CONNECTIONS allows: new ones are refused, idle ones closed",
    );
    refused = 0;
    closed = 0;
  }
  server.on("connection", () => {
    if (connections.count() >= connectionsMax) makeRoom();
  });
  server.on("drop", () => {
    metrics.connectionDropped("full");
    refused += 1;
    makeRoom();
    tell();
  });
}

async function closeServer(
  server: Server,
  connections: OpenConnections,
  patienceMs: number,
  deadlineMs: number,
): Promise<void> {
  // A connection that was busy at first may wait for its next request by now.
  const idle = setInterval(() => {
    server.closeIdleConnections();
    connections.closeOwing(patienceMs);
  }, closeEveryMs);
  const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    connections.closeOwing(patienceMs);
  });
  clearInterval(idle);
  clearTimeout(cut);
}

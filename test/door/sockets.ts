import { connect, type Socket } from "node:net";

/** A client that says on the wire exactly what it is told to. */
export interface Stranger {
  readonly socket: Socket;
  /** Everything that has come back so far. */
  received(): string;
  isOpen(): boolean;
  send(text: string): void;
  /** Sends the same again and again, until the connection ends. */
  drip(text: string, everyMs: number): void;
  /** Milliseconds from the beginning to the end of the connection. */
  readonly closed: Promise<number>;
  leave(): void;
}

/** Settles when the connection is there. */
export async function stranger(port: number, firstWords = ""): Promise<Stranger> {
  const startedAt = performance.now();
  const socket = connect({ port, host: "127.0.0.1" });
  let received = "";
  let dripping: NodeJS.Timeout | undefined;
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (received += String(chunk)));
  // How a connection ends is not asked here: a reset is an end too.
  socket.on("error", () => undefined);
  const closed = new Promise<number>((resolve) => {
    socket.once("close", () => {
      clearInterval(dripping);
      resolve(performance.now() - startedAt);
    });
  });
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  if (firstWords !== "") socket.write(firstWords, "latin1");
  return {
    socket,
    received: () => received,
    isOpen: () => !socket.destroyed,
    send: (text) => void socket.write(text, "latin1"),
    drip(text, everyMs) {
      dripping = setInterval(() => socket.write(text, "latin1"), everyMs);
    },
    closed,
    leave: () => void socket.destroy(),
  };
}

/** Sends one request and answers what comes back until the other side ends. */
export async function exchange(port: number, text: string): Promise<string> {
  const one = await stranger(port, text);
  await one.closed;
  return one.received();
}

export function request(method: string, target: string, headers: Record<string, string> = {}, body = "") {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: relay.example.com\r\n${lines.join("")}${length}\r\n${body}`;
}

/** A request after whose answer the server ends. */
export function lastRequest(method: string, target: string, headers: Record<string, string> = {}, body = "") {
  return request(method, target, { ...headers, Connection: "close" }, body);
}

export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

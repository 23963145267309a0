import type { Msg } from "@nats-io/transport-node";
import type { BusMessage } from "../consumer.ts";

/** What the subject tells that a message is acknowledged by. */
export interface Delivery {
  /** Its place in the stream. */
  readonly sequence: number;
  /** How many were delivered by this consumer, this one included, repetitions too. */
  readonly order: number;
  /** How often this one was delivered. */
  readonly count: number;
  /** When the stream took it, in nanoseconds since the epoch. */
  readonly takenNs: bigint;
}

/** `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<order>.<time>.<pending>`; newer servers put domain and account first. */
export function deliveryOf(reply: string): Delivery | undefined {
  const words = reply.split(".");
  const from = words.length === 9 ? 4 : 6;
  const [count, sequence, order, taken] = words.slice(from);
  if (!reply.startsWith("$JS.ACK.") || words.length < 9) return undefined;
  const numbers = [count, sequence, order].map(Number);
  if (!numbers.every(Number.isSafeInteger) || taken === undefined || !/^\d+$/.test(taken)) return undefined;
  const [times = 0, place = 0, turn = 0] = numbers;
  return { sequence: place, order: turn, count: times, takenNs: BigInt(taken) };
}

const contentType = "content-type";

/**
 * By the NATS binding of CloudEvents: attributes in headers `ce-<name>`, or a `content-type` that says what the body is.
 * Without one the body is taken for JSON.
 *
 * @param stream its name, so that the position tells one stream from another
 */
export function messageOf(stream: string, message: Msg, { sequence, takenNs }: Delivery): BusMessage {
  const headers = headersOf(message);
  const isBinary = Object.keys(headers).some((name) => name.startsWith("ce-"));
  if (!isBinary) headers[contentType] ??= "application/json";
  return {
    headers,
    body: Buffer.from(message.data),
    // The time tells it from that of a stream of the same name that was made anew, which counts from 1 again.
    position: `${stream} ${sequence} ${takenNs}`,
    at: Number(takenNs / 1_000_000n),
  };
}

/** Beside the attributes of a CloudEvent. */
const kept = [contentType, "idempotency-key", "traceparent", "tracestate"];

function headersOf(message: Msg): Record<string, string> {
  const headers: Record<string, string> = {};
  try {
    for (const [name, values] of message.headers ?? []) {
      const key = name.toLowerCase();
      const [value] = values;
      if (value !== undefined && (kept.includes(key) || key.startsWith("ce-"))) headers[key] ??= value;
    }
  } catch {
    // A name that the client finds malformed hides all of them; the body is still there to be read or parked.
  }
  return headers;
}

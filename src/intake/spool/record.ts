import { createHash } from "node:crypto";
import type { RelayEvent } from "../../contact/event.ts";

/** What a log holds, piece by piece. */
export type Piece =
  | { readonly kind: "event"; readonly event: RelayEvent; readonly record: Buffer }
  /** Was written whole once, and is not what was written. */
  | { readonly kind: "damaged"; readonly bytes: Buffer }
  /** The rest of a log whose writer was cut off: it was never acknowledged. */
  | { readonly kind: "torn"; readonly bytes: number };

const newline = 0x0a;
const headerMax = 48;
const header = /^s1 (\d{1,10}) ([\w-]{22}) /;

/** One line: the format, the length of what follows, its checksum, the event as JSON, which holds no line break. */
export function encodeRecord(event: RelayEvent): Buffer {
  const json = Buffer.from(JSON.stringify(event));
  return Buffer.concat([Buffer.from(`s1 ${json.length} ${checksum(json)} `), json, Buffer.of(newline)]);
}

/** Reads a log to its end; damage costs the records it touches and no other. */
export function* readPieces(log: Buffer): Generator<Piece> {
  let at = 0;
  while (at < log.length) {
    const found = recordAt(log, at);
    if (found) {
      yield { kind: "event", event: found.event, record: log.subarray(at, found.end) };
      at = found.end;
      continue;
    }
    // Only a line break is looked for: text that a sender chose could look like a record, but never begin a line.
    const lineEnd = log.indexOf(newline, at);
    if (lineEnd === -1) {
      yield { kind: "torn", bytes: log.length - at };
      return;
    }
    yield { kind: "damaged", bytes: log.subarray(at, lineEnd + 1) };
    at = lineEnd + 1;
  }
}

/** By its length and checksum, whatever has become of the line break behind it. */
function recordAt(log: Buffer, at: number): { event: RelayEvent; end: number } | undefined {
  const head = header.exec(log.toString("latin1", at, at + headerMax));
  if (!head) return undefined;
  const [prefix, length, sum] = head;
  const start = at + prefix.length;
  const end = start + Number(length);
  if (end > log.length) return undefined;
  const json = log.subarray(start, end);
  if (checksum(json) !== sum) return undefined;
  // The checksum says that these are the bytes which `encodeRecord` wrote.
  return { event: JSON.parse(json.toString()) as RelayEvent, end: Math.min(end + 1, log.length) };
}

function checksum(json: Buffer): string {
  return createHash("sha256").update(json).digest("base64url").slice(0, 22);
}

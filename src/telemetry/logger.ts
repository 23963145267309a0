import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { redactFields } from "./redact.ts";
import { scrub } from "./scrub.ts";

export type { Logger };

interface LoggerOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly stream?: DestinationStream;
}

/** JSON lines with ISO times. Never a token, a secret, a payload, a phone number or an e-mail in clear. */
export function createLogger({ level, stream }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service: "contact-relay" },
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: redactFields,
    },
    // In place of pino's own, which copies every property of an error.
    serializers: { err: (value: unknown) => redactFields({ err: value })["err"] },
    hooks: { streamWrite: redactLine },
  };
  return stream ? pino(options, stream) : pino(options);
}

/** Once more over the finished line: a child's bindings and a formatted message pass no other way. */
function redactLine(line: string): string {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record === "object" && record !== null) return `${JSON.stringify(redactFields(record))}\n`;
  } catch {
    // Not JSON: the text itself is masked below.
  }
  return `${scrub(line.trimEnd())}\n`;
}

import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { scrub } from "./scrub.ts";

export type { Logger };

/** Keys whose values are never written, wherever they are. */
const redactedKeys = new Set(
  [
    "authorization",
    "token",
    "secret",
    "secrets",
    "key",
    "keys",
    "password",
    "payload",
    "body",
    "patch",
    "email",
    "phone",
    "firstname",
    "lastname",
    "profilepic",
    "custom_fields",
  ].map((key) => key.toLowerCase()),
);

const depthMax = 6;

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
      log: (fields: Record<string, unknown>) => cleanFields(fields, 0),
    },
    hooks: {
      logMethod(
        this: Logger,
        args: Parameters<Logger["info"]>,
        method: (this: Logger, ...args: Parameters<Logger["info"]>) => void,
      ) {
        const cleaned = args.map((arg: unknown) => (typeof arg === "string" ? scrub(arg) : arg));
        method.apply(this, cleaned as Parameters<Logger["info"]>);
      },
    },
  };
  return stream ? pino(options, stream) : pino(options);
}

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      redactedKeys.has(key.toLowerCase()) ? "[redacted]" : clean(value, depth + 1),
    ]),
  );
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === "string") return scrub(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) return "[nested]";
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item: unknown) => clean(item, depth + 1));
  return cleanFields(value, depth);
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: scrub(error.message),
    ...("code" in error ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: scrub(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}

import { scrub } from "./scrub.ts";

/** A field with one of these among the words of its name is never written: `customer_email`, `AELYST_API_TOKEN`. */
const privateWords = new Set(
  "authorization cookie password secret secrets token tokens email emails phone phones mobile".split(" "),
);

/** A field whose name ends in one of these (`rawBody`, `X-Webhook-Key`, `first_name`) is never written. */
const privateEndings = new Set(
  (
    "key keys apikey payload body patch answers signature passwd mail tel phonenumber " +
    "firstname lastname fullname profilepic customfields"
  ).split(" "),
);

const depthMax = 6;

/** A log record's fields as they may be written: private ones redacted, all texts scrubbed. */
export function redactFields(fields: object): Record<string, unknown> {
  return clean(fields, 0);
}

function clean(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(fields).map((key) => [
      scrub(key),
      isPrivate(key) ? "[redacted]" : readable(() => cleanValue(valueOf(fields, key), depth + 1)),
    ]),
  );
}

function isPrivate(name: string): boolean {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
  return (
    words.some((word) => privateWords.has(word)) ||
    privateEndings.has(words.at(-1) ?? "") ||
    privateEndings.has(words.slice(-2).join(""))
  );
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return scrub(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) return "[nested]";
  if (value instanceof Error) return cleanError(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "[bytes]";
  if (value instanceof Map) return clean(Object.fromEntries(value), depth);
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].map((item: unknown) => readable(() => cleanValue(item, depth + 1)));
  }
  const toJson = valueOf(value, "toJSON");
  return typeof toJson === "function" ? cleanValue(toJson.call(value), depth + 1) : clean(value, depth);
}

/** Only what tells a fault: an error's other properties (a driver's `detail`, a client's `input`) repeat data. */
function cleanError(error: Error, depth: number): Record<string, unknown> {
  const told = { type: error.name, message: error.message, code: valueOf(error, "code"), stack: error.stack };
  const cleaned = Object.fromEntries(
    Object.entries(told)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, cleanValue(value, depth + 1)]),
  );
  const { cause } = error;
  return {
    ...cleaned,
    ...(cause === undefined ? {} : { cause: cleanValue(cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: cleanValue(error.errors, depth + 1) } : {}),
  };
}

function valueOf(fields: object, key: string): unknown {
  return Reflect.get(fields, key);
}

/** A log line is written even when a getter or a `toJSON` throws. */
function readable(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return "[unreadable]";
  }
}

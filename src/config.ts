import type { Proxies } from "./outbound/connections.ts";
import { parseRedisUrl } from "./store/redis/address.ts";

export type Role = "all" | "intake" | "worker";
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export type StoreSettings =
  | { readonly engine: "embedded"; readonly dataDir: string }
  | { readonly engine: "redis"; readonly url: string; readonly allowEviction: boolean }
  | { readonly engine: "postgres"; readonly url: string };

/** Everything read from the environment, once, at boot. Times in milliseconds. */
export interface Config {
  readonly api: {
    readonly token: string;
    readonly baseUrl: string;
    /** Requests per second, for all replicas together. */
    readonly ratePerSecond: number;
    /** Requests per second to any one contact. */
    readonly ratePerContact: number;
    readonly timeoutMs: number;
    readonly requireFirstName: boolean;
  };
  readonly proxies: Proxies;
  readonly store: StoreSettings;
  readonly storePrefix: string;
  readonly dataDir: string;
  /** 0: nothing is spooled. */
  readonly spoolBytesMax: number;
  readonly host: string;
  readonly port: number;
  readonly role: Role;
  readonly sourcesFile: string | undefined;
  readonly adminToken: string | undefined;
  readonly bodyLimitBytes: number;
  readonly connectionsMax: number;
  readonly retentionMs: number;
  readonly retentionEvents: number;
  readonly deliveryMaxAgeMs: number;
  readonly busyDelayMs: number;
  readonly busyDelayMaxMs: number;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly authProbeMs: number;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: LogLevel;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: readonly string[] };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Reads the variables one by one, collecting every problem instead of stopping at the first. */
class Reader {
  readonly problems: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === undefined || value === "" ? undefined : value;
  }

  textOr(name: string, fallback: string): string {
    return this.text(name) ?? fallback;
  }

  number(name: string, fallback: number, bounds: { min: number; max: number; whole: boolean }): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    const fits = value >= bounds.min && value <= bounds.max && (!bounds.whole || Number.isInteger(value));
    if (fits) return value;
    const kind = bounds.whole ? "a whole number" : "a number";
    this.problems.push(`${name} must be ${kind} from ${bounds.min} to ${bounds.max}, not "${text}"`);
    return fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (["true", "1", "yes", "on"].includes(text)) return true;
    if (["false", "0", "no", "off"].includes(text)) return false;
    this.problems.push(`${name} must be true or false, not "${text}"`);
    return fallback;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const choice = choices.find((known) => known === text);
    if (choice === undefined)
      this.problems.push(`${name} must be one of ${choices.join(", ")}, not "${text}"`);
    return choice ?? fallback;
  }

  /** The value itself is never repeated in the problem: URLs carry passwords. */
  url(name: string, protocols: readonly string[]): URL | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url && protocols.includes(url.protocol)) return url;
    this.problems.push(
      `${name} must be a URL that starts with ${protocols.map((p) => `${p}//`).join(" or ")}`,
    );
    return undefined;
  }
}

function readApi(reader: Reader): Config["api"] {
  const token = reader.text("AELYST_API_TOKEN");
  if (token === undefined) {
    reader.problems.push("AELYST_API_TOKEN is required: the bearer token of your Aelyst workspace");
  } else if (!/^[\x21-\x7e]+$/.test(token)) {
    reader.problems.push("AELYST_API_TOKEN holds characters that cannot be sent in a header");
  }
  const url = reader.url("AELYST_API_URL", ["https:", "http:"]);
  if (url && (url.username !== "" || url.search !== "" || url.hash !== "")) {
    reader.problems.push("AELYST_API_URL must be a plain base URL, without user, query or fragment");
  }
  return {
    token: token ?? "",
    baseUrl: (url?.href ?? "https://api.aelyst.ai/v1").replace(/\/+$/, ""),
    ratePerSecond: reader.number("AELYST_RATE_LIMIT", 10, { min: 0.1, max: 10_000, whole: false }),
    ratePerContact: reader.number("AELYST_CONTACT_RATE_LIMIT", 5, { min: 0.1, max: 10_000, whole: false }),
    timeoutMs: reader.number("AELYST_TIMEOUT_MS", 10_000, { min: 100, max: 300_000, whole: true }),
    requireFirstName: reader.boolean("AELYST_REQUIRE_FIRST_NAME", false),
  };
}

/** The names in lower case count too, and first, as with other programs. */
function readProxies(reader: Reader): Proxies {
  const named = (name: string) => (reader.text(name.toLowerCase()) === undefined ? name : name.toLowerCase());
  const proxy = (name: string) => {
    const url = reader.url(named(name), ["http:", "https:"]);
    if (url === undefined || isDecodable(url.username + url.password)) return url?.href;
    reader.problems.push(`${named(name)} has a user or a password with a % that must be written %25`);
    return undefined;
  };
  return {
    http: proxy("HTTP_PROXY"),
    https: proxy("HTTPS_PROXY"),
    none: reader.textOr(named("NO_PROXY"), ""),
  };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function readStore(reader: Reader, dataDir: string): StoreSettings {
  const redis = reader.text("REDIS_URL");
  const database = reader.text("DATABASE_URL");
  const parsed = redis === undefined ? undefined : parseRedisUrl(redis);
  if (parsed?.ok === false) reader.problems.push(`REDIS_URL ${parsed.problem}`);
  const allowEviction = reader.boolean("REDIS_ALLOW_EVICTION", false);
  reader.url("DATABASE_URL", ["postgres:", "postgresql:"]);
  if (redis !== undefined && database !== undefined) {
    reader.problems.push("REDIS_URL and DATABASE_URL are both set: choose one store");
  }
  if (redis !== undefined) return { engine: "redis", url: redis, allowEviction };
  if (database !== undefined) return { engine: "postgres", url: database };
  return { engine: "embedded", dataDir };
}

function readDelays(reader: Reader, first: string, max: string, firstMs: number, maxMs: number) {
  const bounds = { min: 1, max: dayMs, whole: true };
  const delayMs = reader.number(first, firstMs, bounds);
  const delayMaxMs = reader.number(max, maxMs, bounds);
  if (delayMaxMs < delayMs) reader.problems.push(`${max} (${delayMaxMs}) is less than ${first} (${delayMs})`);
  return [delayMs, delayMaxMs] as const;
}

/** Reads and validates every setting; a bad or missing one is reported with all others. */
export function readConfig(env: Environment): ConfigResult {
  const reader = new Reader(env);
  const api = readApi(reader);
  const dataDir = reader.textOr("DATA_DIR", "./data");
  const store = readStore(reader, dataDir);
  const storePrefix = reader.textOr("STORE_PREFIX", "relay");
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(storePrefix)) {
    reader.problems.push("STORE_PREFIX must be 1 to 32 of a-z, 0-9 and _, starting with a letter");
  }
  const role = reader.oneOf<Role>("ROLE", ["all", "intake", "worker"], "all");
  if (role !== "all" && store.engine === "embedded") {
    reader.problems.push(`ROLE=${role} needs a shared store: set REDIS_URL or DATABASE_URL`);
  }
  const [busyDelayMs, busyDelayMaxMs] = readDelays(
    reader,
    "BUSY_DELAY_MS",
    "BUSY_DELAY_MAX_MS",
    30_000,
    300_000,
  );
  const [retryDelayMs, retryDelayMaxMs] = readDelays(
    reader,
    "RETRY_DELAY_MS",
    "RETRY_DELAY_MAX_MS",
    1_000,
    300_000,
  );
  const hours = { min: 0.01, max: 24 * 366, whole: false };
  const config: Config = {
    api,
    proxies: readProxies(reader),
    store,
    storePrefix,
    dataDir,
    spoolBytesMax: reader.number("SPOOL_MAX_BYTES", 268_435_456, {
      min: 0,
      max: 1_099_511_627_776,
      whole: true,
    }),
    host: reader.textOr("HOST", "0.0.0.0"),
    port: reader.number("PORT", 3000, { min: 0, max: 65_535, whole: true }),
    role,
    sourcesFile: reader.text("SOURCES_FILE"),
    adminToken: reader.text("ADMIN_TOKEN"),
    bodyLimitBytes: reader.number("BODY_LIMIT_BYTES", 1_048_576, { min: 1, max: 67_108_864, whole: true }),
    connectionsMax: reader.number("MAX_CONNECTIONS", 2_000, { min: 10, max: 1_000_000, whole: true }),
    retentionMs: Math.round(reader.number("RETENTION_HOURS", 168, hours) * hourMs),
    retentionEvents: reader.number("RETENTION_EVENTS", 100_000, { min: 0, max: 100_000_000, whole: true }),
    deliveryMaxAgeMs: Math.round(reader.number("DELIVERY_MAX_AGE_HOURS", 72, hours) * hourMs),
    busyDelayMs,
    busyDelayMaxMs,
    retryDelayMs,
    retryDelayMaxMs,
    authProbeMs: reader.number("AUTH_PROBE_MS", 30_000, { min: 10, max: dayMs, whole: true }),
    shutdownTimeoutMs: reader.number("SHUTDOWN_TIMEOUT_MS", 20_000, { min: 100, max: 600_000, whole: true }),
    logLevel: reader.oneOf<LogLevel>("LOG_LEVEL", logLevels, "info"),
  };
  return reader.problems.length > 0
    ? { ok: false, problems: reader.problems }
    : { ok: true, config: Object.freeze(config) };
}

import * as z from "zod";
import { aboutSettings, type About } from "./config/kinds.ts";
import { fileVariable, readSecret, type Environment, type Variable } from "./config/secret-file.ts";
import {
  addressesOf,
  settingNames,
  settings,
  type SettingName,
  type SettingValues,
} from "./config/settings.ts";
import type { Proxies } from "./outbound/connections.ts";

export type { Environment } from "./config/secret-file.ts";
export type Role = SettingValues["ROLE"];
export type LogLevel = SettingValues["LOG_LEVEL"];

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
    readonly fields: SettingValues["AELYST_FIELDS"];
    readonly missingContact: "park" | "wait" | "create";
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
  readonly sourcesWatch: boolean;
  readonly adminToken: string | undefined;
  readonly adminReadToken: string | undefined;
  readonly consoleQueues: boolean;
  readonly bodyLimitBytes: number;
  readonly connectionsMax: number;
  readonly retentionMs: number;
  readonly retentionEvents: number;
  readonly auditMs: number;
  readonly deliveryMaxAgeMs: number;
  readonly busyDelayMs: number;
  readonly busyDelayMaxMs: number;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly authProbeMs: number;
  readonly notify: {
    /** None: nobody is told of anything. */
    readonly urls: readonly string[];
    readonly format: SettingValues["NOTIFY_FORMAT"];
    readonly secret: string | undefined;
    readonly behindMinutes: number;
  };
  readonly shutdownTimeoutMs: number;
  readonly logLevel: LogLevel;
}

export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: readonly string[] };

const hourMs = 3_600_000;

/** What a setting is, beside its schema. */
export function aboutSetting(name: SettingName): About {
  const about = aboutSettings.get(settings[name] as z.ZodType);
  if (!about) throw new Error(`${name} has no description`);
  return about;
}

/** A setting as it is given: by which name, and its text, trimmed; undefined when it is not. */
export function givenSetting(
  env: Environment,
  name: SettingName,
): { readonly name: string; readonly variable: Variable } {
  const { secret = false, lowerCaseFirst = false } = aboutSetting(name);
  const lower = name.toLowerCase();
  const called = lowerCaseFirst && (env[lower]?.trim() ?? "") !== "" ? lower : name;
  const text = env[called];
  const plain: Variable = text === undefined ? { kind: "none" } : { kind: "text", text };
  const variable = secret ? readSecret(env, called) : plain;
  const isBlank = variable.kind === "text" && variable.text.trim() === "";
  return { name: called, variable: isBlank ? { kind: "none" } : variable };
}

/** Reads the variables one by one, collecting every problem instead of stopping at the first. */
function readValues(env: Environment, needsToken: boolean): { values: SettingValues; problems: string[] } {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const key of settingNames) {
    const schema: z.ZodType = settings[key];
    const { name, variable } = givenSetting(env, key);
    if (variable.kind === "problem") problems.push(variable.message);
    const text = variable.kind === "text" ? variable.text.trim() : undefined;
    const { description, required = false, default: usual } = aboutSetting(key);
    if (text === undefined && usual === undefined) {
      if (required && needsToken && variable.kind === "none")
        problems.push(`${name} is required: ${description}`);
      continue;
    }
    if (text !== undefined && /^(["'`]).*\1$/s.test(text)) {
      // As `docker run --env-file` hands them on.
      problems.push(`${name} is in quotes: give the value without them`);
    }
    const parsed = schema.safeParse(text?.replace(/^(["'`])(.*)\1$/s, "$2"));
    if (parsed.success) values[key] = parsed.data;
    else {
      problems.push(...parsed.error.issues.map(({ message }) => `${name} ${message}`));
      // What depends on it is checked all the same.
      values[key] = usual === undefined ? undefined : schema.parse(undefined);
    }
  }
  return { values: values as SettingValues, problems };
}

function storeOf(values: SettingValues): StoreSettings {
  const { REDIS_URL: redis, DATABASE_URL: database } = values;
  if (redis !== undefined) return { engine: "redis", url: redis, allowEviction: values.REDIS_ALLOW_EVICTION };
  if (database !== undefined) return { engine: "postgres", url: database };
  return { engine: "embedded", dataDir: values.DATA_DIR };
}

/** What no setting can say of itself alone. */
function contradictions(env: Environment, values: SettingValues): string[] {
  const isGiven = (name: SettingName) => givenSetting(env, name).variable.kind !== "none";
  const problems: string[] = [];
  if (isGiven("REDIS_URL") && isGiven("DATABASE_URL")) {
    problems.push("REDIS_URL and DATABASE_URL are both set: choose one store");
  }
  if (values.ROLE !== "all" && !isGiven("REDIS_URL") && !isGiven("DATABASE_URL")) {
    problems.push(`ROLE=${values.ROLE} needs a shared store: set REDIS_URL or DATABASE_URL`);
  }
  if (values.ADMIN_READ_TOKEN !== undefined && !isGiven("ADMIN_TOKEN")) {
    problems.push("ADMIN_READ_TOKEN is for reading what ADMIN_TOKEN turns on: set ADMIN_TOKEN as well");
  }
  if (values.CONSOLE_QUEUES && !isGiven("ADMIN_TOKEN")) {
    problems.push("CONSOLE_QUEUES adds to the console that ADMIN_TOKEN turns on: set ADMIN_TOKEN as well");
  }
  if (values.ADMIN_READ_TOKEN !== undefined && values.ADMIN_READ_TOKEN === values.ADMIN_TOKEN) {
    problems.push("ADMIN_READ_TOKEN is the same as ADMIN_TOKEN: whoever may only read could write");
  }
  for (const [first, max] of [
    ["BUSY_DELAY_MS", "BUSY_DELAY_MAX_MS"],
    ["RETRY_DELAY_MS", "RETRY_DELAY_MAX_MS"],
  ] as const) {
    if (values[max] < values[first]) {
      problems.push(`${max} (${values[max]}) is less than ${first} (${values[first]})`);
    }
  }
  return problems;
}

/**
 * Reads and validates every setting; a bad or missing one is reported with all others.
 *
 * `needsToken` is false where nothing is delivered to the workspace of the settings: its token may be missing then, and is
 * empty.
 */
export function readConfig(env: Environment, { needsToken = true } = {}): ConfigResult {
  const { values, problems } = readValues(env, needsToken);
  problems.push(...contradictions(env, values));
  if (problems.length > 0) return { ok: false, problems };
  const config: Config = {
    api: {
      token: values.AELYST_API_TOKEN ?? "",
      baseUrl: values.AELYST_API_URL,
      ratePerSecond: values.AELYST_RATE_LIMIT,
      ratePerContact: values.AELYST_CONTACT_RATE_LIMIT,
      timeoutMs: values.AELYST_TIMEOUT_MS,
      requireFirstName: values.AELYST_REQUIRE_FIRST_NAME,
      fields: values.AELYST_FIELDS,
      missingContact: values.AELYST_MISSING_CONTACT,
    },
    proxies: { http: values.HTTP_PROXY, https: values.HTTPS_PROXY, none: values.NO_PROXY ?? "" },
    store: storeOf(values),
    storePrefix: values.STORE_PREFIX,
    dataDir: values.DATA_DIR,
    spoolBytesMax: values.SPOOL_MAX_BYTES,
    host: values.HOST,
    port: values.PORT,
    role: values.ROLE,
    sourcesFile: values.SOURCES_FILE,
    sourcesWatch: values.SOURCES_WATCH,
    adminToken: values.ADMIN_TOKEN,
    adminReadToken: values.ADMIN_READ_TOKEN,
    consoleQueues: values.CONSOLE_QUEUES,
    bodyLimitBytes: values.BODY_LIMIT_BYTES,
    connectionsMax: values.MAX_CONNECTIONS,
    retentionMs: Math.round(values.RETENTION_HOURS * hourMs),
    retentionEvents: values.RETENTION_EVENTS,
    auditMs: Math.round(values.AUDIT_DAYS * 24 * hourMs),
    deliveryMaxAgeMs: Math.round(values.DELIVERY_MAX_AGE_HOURS * hourMs),
    busyDelayMs: values.BUSY_DELAY_MS,
    busyDelayMaxMs: values.BUSY_DELAY_MAX_MS,
    retryDelayMs: values.RETRY_DELAY_MS,
    retryDelayMaxMs: values.RETRY_DELAY_MAX_MS,
    authProbeMs: values.AUTH_PROBE_MS,
    notify: {
      urls: values.NOTIFY_URL === undefined ? [] : addressesOf(values.NOTIFY_URL),
      format: values.NOTIFY_FORMAT,
      secret: values.NOTIFY_SECRET,
      behindMinutes: values.NOTIFY_BEHIND_MINUTES,
    },
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    logLevel: values.LOG_LEVEL,
  };
  return { ok: true, config: Object.freeze(config) };
}

/** For commands that send nothing to the API: its token may be missing, or be wrong. */
export function readConfigWithoutApi(env: Environment): ConfigResult {
  return readConfig({ ...env, AELYST_API_TOKEN: "unused", [fileVariable("AELYST_API_TOKEN")]: undefined });
}

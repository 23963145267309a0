import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describeAddress, parseRedisUrl } from "../../store/redis/address.ts";
import { holdsStore } from "../open-store.ts";
import type { Environment, StoreSettings } from "../../config.ts";

/** A store of a move: where it is, and under which prefix. */
export interface Place {
  readonly settings: StoreSettings;
  readonly prefix: string;
  /** For people and for the mark in the target: never a password. */
  readonly name: string;
}

export type PlaceResult = { ok: true; place: Place } | { ok: false; problem: string };

const forms = "a directory, file:<directory>, redis://… or postgres://…";

/** Reads what `--from` or `--to` says. What was given is never repeated whole: URLs carry passwords. */
export function readPlace(option: string, text: string, prefix: string): PlaceResult {
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(prefix)) {
    return {
      ok: false,
      problem: `${option}-prefix must be 1 to 32 of a-z, 0-9 and _, starting with a letter`,
    };
  }
  const settings = readSettings(text.trim());
  if (!settings) return { ok: false, problem: `${option} must be ${forms}` };
  return { ok: true, place: { settings, prefix, name: `${address(settings)}, prefix ${prefix}` } };
}

function readSettings(text: string): StoreSettings | undefined {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return text === "" ? undefined : { engine: "embedded", dataDir: resolve(text) };
    case "file":
      return fileSettings(text);
    case "redis":
    case "rediss":
    case "redis+sentinel":
    case "rediss+sentinel":
    case "redis+cluster":
    case "rediss+cluster":
      return parseRedisUrl(text).ok ? { engine: "redis", url: text, allowEviction: true } : undefined;
    case "postgres":
    case "postgresql":
      return URL.canParse(text) ? { engine: "postgres", url: text } : undefined;
    default:
      return undefined;
  }
}

/** `file:///var/lib/relay` is a URL; `file:./data` is what a person would write for a path. */
function fileSettings(text: string): StoreSettings | undefined {
  try {
    const path = text.slice("file:".length);
    const dataDir = path.startsWith("//") ? fileURLToPath(text) : resolve(path);
    return path === "" ? undefined : { engine: "embedded", dataDir };
  } catch {
    return undefined;
  }
}

function address(settings: StoreSettings): string {
  if (settings.engine === "embedded") return `embedded ${settings.dataDir}`;
  const redis = settings.engine === "redis" ? parseRedisUrl(settings.url) : undefined;
  if (redis?.ok && redis.address.kind !== "single") return `redis ${describeAddress(redis.address)}`;
  const { hostname, port, pathname } = new URL(settings.url);
  const usualPort = settings.engine === "redis" ? "6379" : "5432";
  const database = pathname.length > 1 ? pathname : settings.engine === "redis" ? "/0" : "";
  const host = hostname === "" ? "localhost" : hostname;
  return `${settings.engine} ${host}:${port === "" ? usualPort : port}${database}`;
}

export function isMissing({ settings }: Place): boolean {
  return settings.engine === "embedded" && !holdsStore(settings.dataDir);
}

/** How the present configuration names its store, as it would be written on the command line. */
export function configuredPlace(env: Environment): string {
  const shell = (name: string) => `"$${name}"`;
  if (env["REDIS_URL"]?.trim()) return shell("REDIS_URL");
  if (env["DATABASE_URL"]?.trim()) return shell("DATABASE_URL");
  return env["DATA_DIR"]?.trim() || "./data";
}

/** The setting that makes a relay use the place. */
export function settingFor({ settings, prefix }: Place): string {
  const store =
    settings.engine === "embedded"
      ? `DATA_DIR=${settings.dataDir}`
      : `${settings.engine === "redis" ? "REDIS_URL" : "DATABASE_URL"} naming it`;
  return prefix === "relay" ? store : `${store} and STORE_PREFIX=${prefix}`;
}

/** How a person removes what is left in a place that is not used any more. */
export function removal({ settings, prefix }: Place): string {
  switch (settings.engine) {
    case "embedded":
      return `rm -r ${join(settings.dataDir, "pg")}`;
    case "redis":
      return `redis-cli --scan --pattern '{${prefix}}:*' | xargs -r -d '\\n' -n 500 redis-cli UNLINK`;
    case "postgres": {
      const queues = `('${prefix}-events', '${prefix}-contacts')`;
      const tables = ["job", "dedup", "dedup_next", "event", "meta"];
      const rows = tables.map((table) => `DELETE FROM bullmq.${table} WHERE queue IN ${queues};`);
      return [`DROP SCHEMA relay_${prefix} CASCADE;`, ...rows].join(" ");
    }
  }
}

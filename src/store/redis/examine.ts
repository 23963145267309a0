import { StoreRefused } from "../refused.ts";
import { clockNote } from "../clock-note.ts";
import type { StoreNote } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { askServer, askSetting, type RedisInfo } from "./info.ts";

const majorMin = 7;
/** Valkey began as Redis 7.2, and calls itself that to old clients. */
const unknownText = "could not be asked";

export interface ExamineOptions {
  /** A key of ours: its owner is the server that is examined. */
  readonly key: string;
  readonly place: string;
  readonly allowEviction: boolean;
  readonly clock: () => number;
}

/** What an operator should know of this server, one line each. Throws StoreRefused when it cannot be used. */
export async function examineRedis(client: RedisClient, options: ExamineOptions): Promise<StoreNote[]> {
  const askedAt = options.clock();
  const { info, timeMs } = await askServer(client, options.key);
  const answeredAt = options.clock();
  const [policy, appendFsync, save] = [
    info.get("maxmemory_policy") ?? (await askSetting(client, "maxmemory-policy")),
    await askSetting(client, "appendfsync"),
    await askSetting(client, "save"),
  ];
  return [
    versionNote(info, options.place),
    ...clusterNote(info, client),
    memoryNote(info, policy, options),
    ...persistenceNotes(info, appendFsync, save),
    ...clockNote({ server: "Redis", serverMs: timeMs, askedAt, answeredAt }),
  ];
}

function versionNote(info: RedisInfo, place: string): StoreNote {
  const valkey = info.get("valkey_version");
  const version = info.get("redis_version") ?? "0";
  if (valkey === undefined && Number.parseInt(version, 10) < majorMin) {
    throw new StoreRefused(
      `Redis at ${place} is version ${version}: ${majorMin} or newer, or Valkey, is needed`,
    );
  }
  if (info.get("role") === "slave") {
    throw new StoreRefused(
      `Redis at ${place} is a replica, which takes no writes: name its master in REDIS_URL`,
    );
  }
  const name = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  return { level: "info", message: `${name} at ${place}` };
}

function clusterNote(info: RedisInfo, client: RedisClient): StoreNote[] {
  if (info.get("redis_mode") !== "cluster" || client.isCluster) return [];
  const message =
    "this server is a node of a cluster: use redis+cluster:// so that the relay follows its keys";
  return [{ level: "warning", message }];
}

function memoryNote(info: RedisInfo, policy: string | undefined, options: ExamineOptions): StoreNote {
  const maxBytes = Number(info.get("maxmemory") ?? 0);
  const limit = maxBytes > 0 ? `memory limit ${info.get("maxmemory_human") ?? maxBytes}` : "no memory limit";
  if (policy === undefined) {
    const message = `maxmemory-policy ${unknownText}: make sure that it is noeviction, or accepted events can vanish`;
    return { level: "warning", message };
  }
  if (policy === "noeviction") return { level: "info", message: `${limit}, maxmemory-policy noeviction` };
  const consequence = `maxmemory-policy is ${policy}: when its memory is full, Redis deletes accepted events`;
  if (!options.allowEviction) {
    throw new StoreRefused(
      `Redis at ${options.place}: ${consequence}. Set it to noeviction (CONFIG SET maxmemory-policy noeviction), ` +
        "or accept the loss with REDIS_ALLOW_EVICTION=true",
    );
  }
  return { level: "warning", message: `${consequence} (allowed by REDIS_ALLOW_EVICTION)` };
}

function persistenceNotes(
  info: RedisInfo,
  appendFsync: string | undefined,
  save: string | undefined,
): StoreNote[] {
  const failing = info.get("aof_last_write_status") === "err" || info.get("rdb_last_bgsave_status") === "err";
  const notes: StoreNote[] = failing
    ? [
        {
          level: "warning",
          message: "Redis cannot write to its disk (see its log): it may refuse every event",
        },
      ]
    : [];
  return [...notes, info.get("aof_enabled") === "1" ? appendNote(appendFsync) : snapshotNote(save)];
}

function appendNote(appendFsync: string | undefined): StoreNote {
  switch (appendFsync) {
    case "always":
      return {
        level: "info",
        message: "append-only file, synced at every write: nothing accepted can be lost",
      };
    case "everysec":
      return {
        level: "info",
        message:
          "append-only file, synced every second: a power cut can lose the last second of accepted events " +
          "(appendfsync always prevents it), a crash of Redis none",
      };
    case undefined:
      return { level: "info", message: `append-only file; how often it is synced ${unknownText}` };
    default:
      return {
        level: "warning",
        message:
          `appendfsync is ${appendFsync}: a power cut can lose half a minute and more of accepted events; ` +
          "set it to everysec or always",
      };
  }
}

function snapshotNote(save: string | undefined): StoreNote {
  const remedy = "set appendonly yes";
  if (save === "") {
    const message = `NO PERSISTENCE: a restart of Redis loses every accepted event and everything that waits; ${remedy}`;
    return { level: "warning", message };
  }
  const when = save === undefined ? "" : ` (save ${save})`;
  const message =
    `SNAPSHOTS ONLY${when}: a crash of Redis loses every event accepted since the last one, minutes to an hour; ` +
    remedy;
  return { level: "warning", message };
}

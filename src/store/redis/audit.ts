import { encodeTime } from "ulid";
import {
  auditEntriesMax,
  auditPage,
  createAuditIds,
  isAuditCursor,
  usualAuditMs,
  type KeptAudit,
  type KeptAuditEntry,
} from "../audit.ts";
import type { StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { asTexts, pipelined } from "./pipelined.ts";
import { createScript } from "./script.ts";

/** All have one score, so that they sort by their text, which begins with the id. ARGV: the oldest id, how many, entries */
const putScript = `
for i = 3, #ARGV do redis.call("ZADD", KEYS[1], 0, ARGV[i]) end
redis.call("ZREMRANGEBYLEX", KEYS[1], "-", "(" .. ARGV[1])
redis.call("ZREMRANGEBYRANK", KEYS[1], 0, -ARGV[2] - 1)
return 1`;

export function createRedisAudit(client: RedisClient, options: StoreOptions, clock: () => number): KeptAudit {
  const key = `{${options.prefix}}:audit`;
  const keptMs = options.auditMs ?? usualAuditMs;
  const putAll = createScript(client, putScript);
  const withId = createAuditIds();

  async function put(entries: readonly KeptAuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const texts = entries.map(({ id, ...entry }) => `${id} ${JSON.stringify(entry)}`);
    await putAll([key], [encodeTime(Math.max(0, clock() - keptMs)), auditEntriesMax, ...texts]);
  }

  return {
    put,
    record: (entry) => put([withId(entry)]),
    async list(limit, cursor) {
      const from = cursor !== undefined && isAuditCursor(cursor) ? `(${cursor}` : "+";
      const texts = await client.zrevrangebylex(key, from, "-", "LIMIT", 0, limit + 1);
      return auditPage(texts.map(entryOf), limit);
    },
    async find(ids) {
      const found = await pipelined(
        client,
        ids,
        (line, id) => line.zrangebylex(key, `[${id} `, `(${id}!`),
        asTexts,
      );
      return found.flat().flatMap((text) => (text === undefined ? [] : [entryOf(text)]));
    },
  };
}

function entryOf(text: string): KeptAuditEntry {
  const space = text.indexOf(" ");
  return { id: text.slice(0, space), ...(JSON.parse(text.slice(space + 1)) as Omit<KeptAuditEntry, "id">) };
}

import type { Redis } from "ioredis";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import type { FieldOrigin } from "../../contact/merge.ts";
import { historyMax, stampRetentionFactor } from "../retention.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import type { DeliveryNote, Mailbox, MailboxState, Settlement, StoreOptions } from "../store.ts";

const postScript = `
local updates, events, waiting = KEYS[1], KEYS[2], KEYS[3]
local contact, now = ARGV[1], ARGV[2]
for i = 3, #ARGV, 3 do
  redis.call("HSETNX", updates, ARGV[i], ARGV[i + 1])
  redis.call("SADD", events, ARGV[i + 2])
end
redis.call("PERSIST", events)
redis.call("ZADD", waiting, "NX", now, contact)
return 1`;

/** Stamps compare byte by byte: Lua's own comparison would follow the server's locale. */
const settleScript = `
local function older(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local updates, fields, history, events, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local contact, now, keepMs, historyMax, note = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local doneCount = tonumber(ARGV[6])
for i = 7, 6 + doneCount do redis.call("HDEL", updates, ARGV[i]) end
for i = 7 + doneCount, #ARGV, 3 do
  local kept = redis.call("HGET", fields, ARGV[i])
  if not kept or older(cjson.decode(kept).stamp, ARGV[i + 1]) then redis.call("HSET", fields, ARGV[i], ARGV[i + 2]) end
end
if note ~= "" then
  redis.call("RPUSH", history, note)
  redis.call("LTRIM", history, -historyMax, -1)
end
redis.call("PEXPIRE", fields, keepMs)
redis.call("PEXPIRE", history, keepMs)
if redis.call("HLEN", updates) == 0 then
  redis.call("ZREM", waiting, contact)
  redis.call("PEXPIRE", events, keepMs)
else
  redis.call("ZADD", waiting, "XX", now, contact)
end
return 1`;

const readScript = `
return { redis.call("HVALS", KEYS[1]), redis.call("HGETALL", KEYS[2]), redis.call("LRANGE", KEYS[3], 0, -1) }`;

const eraseScript = `
local ids = redis.call("SMEMBERS", KEYS[4])
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call("ZREM", KEYS[5], ARGV[1])
return ids`;

export function createRedisMailbox(client: Redis, options: StoreOptions, clock: () => number): Mailbox {
  const { waiting: waitingKey, of: keys } = mailboxKeys(options.prefix);
  const keepMs = stampRetentionFactor * options.retentionMs;

  async function post(updates: readonly ContactUpdate[]): Promise<void> {
    for (const contact of new Set(updates.map((update) => update.contact))) {
      const key = keys(contact);
      const values = updates
        .filter((update) => update.contact === contact)
        .flatMap((update) => [update.id, JSON.stringify(update), update.eventId]);
      await client.eval(postScript, 3, key.updates, key.events, waitingKey, contact, clock(), ...values);
    }
  }

  async function read(contact: ContactRef): Promise<MailboxState> {
    const key = keys(contact);
    const [updates, fields, history] = (await client.eval(
      readScript,
      3,
      key.updates,
      key.fields,
      key.history,
    )) as [string[], string[], string[]];
    const applied = Object.create(null) as Record<string, FieldOrigin>;
    for (let index = 0; index + 1 < fields.length; index += 2) {
      applied[fields[index] ?? ""] = JSON.parse(fields[index + 1] ?? "") as FieldOrigin;
    }
    return {
      waiting: updates.map((text) => JSON.parse(text) as ContactUpdate),
      applied,
      history: history.map((text) => JSON.parse(text) as DeliveryNote),
    };
  }

  async function settle(contact: ContactRef, settlement: Settlement): Promise<void> {
    const key = keys(contact);
    const fields = Object.entries(settlement.applied).flatMap(([field, origin]) =>
      origin ? [field, origin.stamp, JSON.stringify(origin)] : [],
    );
    await client.eval(
      settleScript,
      5,
      key.updates,
      key.fields,
      key.history,
      key.events,
      waitingKey,
      contact,
      clock(),
      keepMs,
      historyMax,
      settlement.note ? JSON.stringify(settlement.note) : "",
      settlement.done.length,
      ...settlement.done,
      ...fields,
    );
  }

  async function overdue(postedBefore: number, limit: number): Promise<readonly ContactRef[]> {
    const contacts = await client.zrangebyscore(waitingKey, "-inf", `(${postedBefore}`, "LIMIT", 0, limit);
    return contacts as ContactRef[];
  }

  async function erase(contact: ContactRef): Promise<readonly string[]> {
    const key = keys(contact);
    return (await client.eval(
      eraseScript,
      5,
      key.updates,
      key.fields,
      key.history,
      key.events,
      waitingKey,
      contact,
    )) as string[];
  }

  return { post, read, settle, overdue, erase };
}

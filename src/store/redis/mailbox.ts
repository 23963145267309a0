import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { priorityOf, rankOf, type Priority } from "../../contact/priority.ts";
import type { FieldOrigin } from "../../contact/merge.ts";
import {
  erasedEventsMs,
  eventIdAt,
  forgetEventsEvery,
  historyMax,
  stampRetentionFactor,
} from "../retention.ts";
import { eventKeys } from "./event-keys.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import type { DeliveryNote, Mailbox, MailboxState, Settlement, StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { olderFunction } from "./older.ts";
import { pipelined } from "./pipelined.ts";
import { prioritizeFunction, prioritizeLeftFunction } from "./priority.ts";
import { createScript } from "./script.ts";

const postScript = `${prioritizeFunction}
local updates, events, waiting, erased, priority = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local contact, now = ARGV[1], ARGV[2]
local taken = false
for i = 3, #ARGV, 4 do
  if not redis.call("ZSCORE", erased, ARGV[i + 2]) then
    prioritize(priority, updates, contact, tonumber(ARGV[i + 3]))
    redis.call("HSETNX", updates, ARGV[i], ARGV[i + 1])
    redis.call("SADD", events, ARGV[i + 2])
    taken = true
  end
end
if not taken then return 0 end
redis.call("PERSIST", events)
redis.call("ZADD", waiting, "NX", now, contact)
return 1`;

const settleScript = `${olderFunction}${prioritizeLeftFunction}
local updates, fields, history, events, waiting, priority = unpack(KEYS)
local contact, now, keepMs, historyMax, note = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local sentCount, doneCount = tonumber(ARGV[6]), tonumber(ARGV[7])
local firstDone = 8 + sentCount
local waits = sentCount == 0
for i = 8, 7 + sentCount do waits = waits or redis.call("HEXISTS", updates, ARGV[i]) == 1 end
if not waits then return 0 end
for i = firstDone, firstDone + doneCount - 1 do redis.call("HDEL", updates, ARGV[i]) end
for i = firstDone + doneCount, #ARGV, 3 do
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
  redis.call("HDEL", priority, contact)
  redis.call("PEXPIRE", events, keepMs)
else
  prioritizeLeft(priority, updates, contact)
  redis.call("ZADD", waiting, "XX", now, contact)
end
return 1`;

/** ARGV: "1" with the history. */
const readScript = `
local notes = ARGV[1] == "1" and redis.call("LRANGE", KEYS[3], 0, -1) or {}
return { redis.call("HVALS", KEYS[1]), redis.call("HGETALL", KEYS[2]), notes }`;

/** The events of a contact for which something waits have no expiry: they keep none. */
const rememberScript = `
for i = 1, #KEYS do redis.call("PEXPIRE", KEYS[i], ARGV[1], "XX") end
return 1`;

const eraseScript = `
local ids = redis.call("SMEMBERS", KEYS[4])
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call("ZREM", KEYS[5], ARGV[1])
redis.call("HDEL", KEYS[7], ARGV[1])
for _, id in ipairs(ids) do redis.call("ZADD", KEYS[6], ARGV[2], id) end
redis.call("ZREMRANGEBYSCORE", KEYS[6], "-inf", ARGV[2] - ARGV[3])
redis.call("PEXPIRE", KEYS[6], ARGV[3])
return ids`;

/** Arguments of one command. */
const forgottenMax = 10_000;

export interface RedisMailbox extends Mailbox {
  /** To be told of contacts that something was posted for: now and then their lists of events are cleaned. */
  forgetOldEvents(contacts: readonly ContactRef[]): Promise<void>;
}

export function createRedisMailbox(
  client: RedisClient,
  options: StoreOptions,
  clock: () => number,
): RedisMailbox {
  const {
    waiting: waitingKey,
    erased: erasedKey,
    priority: priorityKey,
    of: keys,
  } = mailboxKeys(options.prefix);
  const { record } = eventKeys(options.prefix);
  const keepMs = stampRetentionFactor * options.retentionMs;

  const postAll = createScript(client, postScript);
  const readAll = createScript(client, readScript);
  const settleAll = createScript(client, settleScript);

  let posts = 0;
  async function forgetEvents(contact: ContactRef): Promise<void> {
    const key = keys(contact).events;
    const oldest = eventIdAt(clock() - keepMs);
    const old = (await client.smembers(key)).filter((id) => id < oldest).slice(0, forgottenMax);
    const kept = await pipelined(client, old, (line, id) => line.exists(record(id)), Number);
    const gone = old.filter((_, index) => kept[index] === 0);
    if (gone.length > 0) await client.srem(key, ...gone);
  }

  async function forgetOldEvents(contacts: readonly ContactRef[]): Promise<void> {
    for (const contact of contacts) {
      posts += 1;
      if (posts % forgetEventsEvery === 0) await forgetEvents(contact);
    }
  }

  async function post(updates: readonly ContactUpdate[]): Promise<void> {
    for (const contact of new Set(updates.map((update) => update.contact))) {
      const key = keys(contact);
      const values = updates
        .filter((update) => update.contact === contact)
        .flatMap((update) => [update.id, JSON.stringify(update), update.eventId, rankOf(update.priority)]);
      await forgetOldEvents([contact]);
      const postKeys = [key.updates, key.events, waitingKey, erasedKey, priorityKey];
      await postAll(postKeys, [contact, clock(), ...values]);
    }
  }

  async function read(contact: ContactRef, withHistory = true): Promise<MailboxState> {
    const key = keys(contact);
    const answer = await readAll([key.updates, key.fields, key.history], [withHistory ? "1" : "0"]);
    const [updates, fields, history] = answer as [string[], string[], string[]];
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

  async function settle(contact: ContactRef, settlement: Settlement): Promise<boolean> {
    const key = keys(contact);
    const sent = settlement.sent ?? [];
    const fields = Object.entries(settlement.applied).flatMap(([field, origin]) =>
      origin ? [field, origin.stamp, JSON.stringify(origin)] : [],
    );
    const settleKeys = [key.updates, key.fields, key.history, key.events, waitingKey, priorityKey];
    const written = await settleAll(settleKeys, [
      contact,
      clock(),
      keepMs,
      historyMax,
      settlement.note ? JSON.stringify(settlement.note) : "",
      sent.length,
      settlement.done.length,
      ...sent,
      ...settlement.done,
      ...fields,
    ]);
    return written === 1;
  }

  async function remember(contacts: readonly ContactRef[]): Promise<void> {
    const kept = contacts.map(keys).flatMap(({ fields, history, events }) => [fields, history, events]);
    if (kept.length > 0) await client.eval(rememberScript, kept.length, ...kept, keepMs);
  }

  async function eventIds(contact: ContactRef): Promise<readonly string[]> {
    return await client.smembers(keys(contact).events);
  }

  async function overdue(postedBefore: number, limit: number, skip = 0): Promise<readonly ContactRef[]> {
    const contacts = await client.zrangebyscore(waitingKey, "-inf", `(${postedBefore}`, "LIMIT", skip, limit);
    return contacts as ContactRef[];
  }

  async function priorities(contacts: readonly ContactRef[]): Promise<ReadonlyMap<ContactRef, Priority>> {
    if (contacts.length === 0) return new Map();
    const ranks = await client.hmget(priorityKey, ...contacts);
    return new Map(
      contacts.flatMap((contact, index) => {
        const rank = ranks[index];
        return typeof rank === "string" ? [[contact, priorityOf(Number(rank))]] : [];
      }),
    );
  }

  async function erase(contact: ContactRef): Promise<readonly string[]> {
    const key = keys(contact);
    return (await client.eval(
      eraseScript,
      7,
      key.updates,
      key.fields,
      key.history,
      key.events,
      waitingKey,
      erasedKey,
      priorityKey,
      contact,
      clock(),
      erasedEventsMs,
    )) as string[];
  }

  return { post, read, settle, remember, overdue, priorities, eventIds, erase, forgetOldEvents };
}

import type { FieldName } from "../../contact/contact-patch.ts";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { priorityOf, rankOf, type Priority } from "../../contact/priority.ts";
import type { Applied, FieldOrigin } from "../../contact/merge.ts";
import {
  erasedEventsMs,
  eventIdAt,
  forgetEventsEvery,
  historyMax,
  stampRetentionFactor,
} from "../retention.ts";
import { eventKeys } from "./event-keys.ts";
import { readFields } from "./mailbox-fields.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import { keptNote, readHistory } from "../history.ts";
import { keptBy, newestOf, recentMs, referencesMax, writtenBy, type Overtaken } from "../person.ts";
import type { Mailbox, MailboxState, Settled, Settlement, StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import {
  awaitScript,
  eraseScript,
  holdScript,
  readScript,
  rememberScript,
  settleScript,
} from "./mailbox-scripts.ts";
import { pipelined } from "./pipelined.ts";
import { prioritizeFunction } from "./priority.ts";
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
    awaited,
    awaitedBy,
    person,
    root,
    of: keys,
  } = mailboxKeys(options.prefix);
  const { record } = eventKeys(options.prefix);
  const keepMs = stampRetentionFactor * options.retentionMs;
  const historyMs = Math.ceil(options.retentionMs);

  const postAll = createScript(client, postScript);
  const readAll = createScript(client, readScript);
  const settleAll = createScript(client, settleScript);
  const holdOne = createScript(client, holdScript);

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
    const args = [withHistory ? "1" : "0", contact, root, person];
    const answer = await readAll([key.updates, key.fields, key.history], args);
    const [updates, fields, history, linked, theirs] = answer as ReadAnswer;
    const { applied, contactId } = readFields(fields);
    return {
      waiting: updates.map((text) => JSON.parse(text) as ContactUpdate),
      applied:
        linked.length === 0 ? applied : newestOf([applied, ...theirs.map((one) => readFields(one).applied)]),
      history: readHistory(history, clock() - historyMs),
      ...(contactId === undefined ? {} : { contactId }),
      ...(linked.length === 0 ? {} : { linked }),
    };
  }

  async function settle(contact: ContactRef, settlement: Settlement): Promise<Settled> {
    const key = keys(contact);
    const { sent = [], person: whose } = settlement;
    const { also = [], overtaken = [] } = whose ?? {};
    const fields = listed(whose ? keptBy(contact, settlement.applied, whose) : settlement.applied);
    const isMore = whose?.wrote !== undefined || overtaken.length > 0;
    const written = listed(whose && isMore ? writtenBy(settlement.applied, whose) : {});
    const givenUp = overtaken.flatMap((one) => [one.contact, one.field, one.origin.stamp]);
    const notes = (settlement.notes ?? []).slice(-historyMax).map(keptNote);
    const settleKeys = [key.updates, key.fields, key.history, key.events, waitingKey, priorityKey];
    const settled = await settleAll(settleKeys, [
      contact,
      clock(),
      keepMs,
      historyMax,
      historyMs,
      root,
      person,
      whose?.contactId ?? "",
      Math.round(whose?.holdMs ?? 0),
      referencesMax,
      whose?.isHeld ? "1" : "0",
      Math.round(recentMs(whose?.holdMs ?? 0)),
      ...counted(sent, 1),
      ...counted(settlement.done, 1),
      ...counted(notes, 1),
      ...counted(fields, 3),
      ...counted(also, 1),
      ...counted(givenUp, 3),
      ...counted(written, 3),
    ]);
    return Array.isArray(settled) ? { overtaken: readOvertaken(settled as string[]) } : settled === 1;
  }

  async function hold(contact: ContactRef, holdMs: number): Promise<number | undefined> {
    const until = await holdOne([keys(contact).fields], [contact, person, clock(), Math.round(holdMs)]);
    return Number(until) === 0 ? undefined : Number(until);
  }

  async function release(contact: ContactRef): Promise<void> {
    await holdOne([keys(contact).fields], [contact, person, clock(), 0]);
  }

  async function remember(contacts: readonly ContactRef[]): Promise<void> {
    const kept = contacts.map(keys).flatMap(({ fields, events }) => [fields, events]);
    if (kept.length > 0) await client.eval(rememberScript, kept.length, ...kept, keepMs, person);
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

  async function awaitContact(contact: ContactRef, names: readonly ContactRef[]): Promise<void> {
    const all = [...new Set(names)];
    const args = [contact, keepMs, ...all];
    const marks = [keys(contact).updates, awaitedBy(contact), ...all.map(awaited)];
    await client.eval(awaitScript, marks.length, ...marks, ...args);
  }

  async function awaiting(names: readonly ContactRef[]): Promise<readonly ContactRef[]> {
    return names.length === 0 ? [] : ((await client.sunion(names.map(awaited))) as ContactRef[]);
  }

  async function forgetAwaiting(contact: ContactRef): Promise<void> {
    const names = (await client.smembers(awaitedBy(contact))) as ContactRef[];
    await pipelined(client, names, (line, name) => line.srem(awaited(name), contact), Number);
    await client.del(awaitedBy(contact));
  }

  async function erase(contact: ContactRef): Promise<readonly string[]> {
    await forgetAwaiting(contact);
    await client.del(awaited(contact));
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
      person,
    )) as string[];
  }

  return {
    post,
    read,
    settle,
    remember,
    overdue,
    priorities,
    awaitContact,
    awaiting,
    forgetAwaiting,
    hold,
    release,
    eventIds,
    erase,
    forgetOldEvents,
  };
}

/** Updates, own fields, history, linked references, and the fields of each of these. */
type ReadAnswer = [string[], string[], string[], ContactRef[], string[][]];

function listed(applied: Applied): string[] {
  return Object.entries(applied).flatMap(([field, origin]) =>
    origin ? [field, origin.stamp, JSON.stringify(origin)] : [],
  );
}

/** A list with its length before it. */
function counted(list: readonly string[], width: number): (string | number)[] {
  return [list.length / width, ...list];
}

function readOvertaken(flat: readonly string[]): Overtaken[] {
  const all: Overtaken[] = [];
  for (let index = 0; index + 2 < flat.length; index += 3) {
    const [contact, field, origin] = flat.slice(index, index + 3);
    all.push({
      contact: contact as ContactRef,
      field: field as FieldName,
      origin: JSON.parse(origin ?? "") as FieldOrigin,
    });
  }
  return all;
}

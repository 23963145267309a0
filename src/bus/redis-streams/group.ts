import type { RedisClient } from "../../store/redis/connections.ts";
import type { Backlog } from "../consumer.ts";

export interface RedisStreamSettings {
  readonly url: string;
  readonly stream: string;
  readonly group: string;
  /** Where a group begins that is not there yet. */
  readonly start: "first" | "new";
}

/** A consumer without anything pending that was not heard of for so long is forgotten. */
const forgetMs = 86_400_000;

/** Made on first use, with its stream; one that is there keeps its place. */
export async function makeGroup(
  client: RedisClient,
  { stream, group, start }: RedisStreamSettings,
): Promise<void> {
  const from = start === "first" ? "0" : "$";
  try {
    await client.call("XGROUP", "CREATE", stream, group, from, "MKSTREAM");
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("BUSYGROUP")) throw error;
  }
}

/** Names and values in turn, as a map. */
function fieldsOf(answer: unknown): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  if (!Array.isArray(answer)) return fields;
  for (let index = 0; index + 1 < answer.length; index += 2)
    fields.set(String(answer[index]), answer[index + 1]);
  return fields;
}

export async function groupOf(
  client: RedisClient,
  stream: string,
  group: string,
): Promise<ReadonlyMap<string, unknown> | undefined> {
  const groups = (await client.call("XINFO", "GROUPS", stream)) as unknown[];
  return groups.map(fieldsOf).find((fields) => fields.get("name") === group);
}

function goneError(stream: string, group: string): Error {
  return new Error(`the group ${group} of the stream ${stream} is gone`);
}

export async function backlogOf(client: RedisClient, stream: string, group: string): Promise<Backlog> {
  const fields = await groupOf(client, stream, group);
  if (!fields) throw goneError(stream, group);
  const [lag, pending] = [fields.get("lag"), fields.get("pending")];
  return { lag: typeof lag === "number" ? lag : null, pending: typeof pending === "number" ? pending : null };
}

/**
 * How many entries their owner has removed before the group was given them, in all: those that were added and not read,
 * less those that are still there. 0 where none is missing now, or where Redis cannot tell, because the group did not begin
 * at the first one.
 */
export async function trimmedUnread(client: RedisClient, stream: string, group: string): Promise<number> {
  const [fields, about] = await Promise.all([
    groupOf(client, stream, group),
    client.call("XINFO", "STREAM", stream).then(fieldsOf),
  ]);
  if (!fields) throw goneError(stream, group);
  const [first] = (about.get("first-entry") as [string] | null) ?? [];
  const last = String(fields.get("last-delivered-id"));
  const [read, added, length] = [fields.get("entries-read"), about.get("entries-added"), about.get("length")];
  if (typeof read !== "number" || typeof added !== "number" || typeof length !== "number") return 0;
  // Of an empty stream the last one that there ever was tells whether the group was given it.
  const next = first ?? String(about.get("last-generated-id"));
  if (!isAfter(next, last)) return 0;
  return Math.max(0, added - read - length);
}

function isAfter(id: string, other: string): boolean {
  const [ms = 0, sequence = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherSequence = 0] = other.split("-").map(Number);
  return ms > otherMs || (ms === otherMs && sequence > otherSequence);
}

/** Consumers that nothing is pending for and that were not heard of for a day: each start leaves one behind. */
export async function forgetDead(client: RedisClient, stream: string, group: string): Promise<void> {
  const consumers = (await client.call("XINFO", "CONSUMERS", stream, group)) as unknown[];
  for (const fields of consumers.map(fieldsOf)) {
    const [name, pending, idle] = [fields.get("name"), fields.get("pending"), fields.get("idle")];
    if (pending !== 0 || typeof idle !== "number" || idle < forgetMs) continue;
    await client.call("XGROUP", "DELCONSUMER", stream, group, String(name));
  }
}

/** With something pending it has to stay: Redis would forget that as well. */
export async function forgetSelf(
  client: RedisClient,
  stream: string,
  group: string,
  name: string,
): Promise<void> {
  const pending = (await client.call("XPENDING", stream, group, "-", "+", 1, name)) as unknown[];
  if (pending.length === 0) await client.call("XGROUP", "DELCONSUMER", stream, group, name);
}

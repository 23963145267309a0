import { ReplyError } from "ioredis";
import { withDeadline } from "../deadline.ts";
import { StoreRefused } from "../refused.ts";
import type { StoreNote, StoreOptions } from "../store.ts";
import { describeAddress, parseRedisUrl, type RedisAddress } from "./address.ts";
import { createConnections, type Connections } from "./connection-set.ts";
import { examineRedis } from "./examine.ts";
import { fullText } from "./guard.ts";
import { askMemory, openingError } from "./info.ts";

export const connectDeadlineMs = 5_000;

export interface RedisStoreOptions extends StoreOptions {
  /** Opens even a Redis that deletes what it was given when its memory is full. */
  readonly allowEviction?: boolean;
}

/**
 * What an operator should know of the server, one line each, and why it takes no events now, if so; nothing is changed.
 * Rejects as opening it would.
 */
export async function lookAtRedis(
  url: string,
  options: Pick<RedisStoreOptions, "prefix" | "allowEviction">,
): Promise<{ notes: StoreNote[]; refuses: string | undefined }> {
  const ignored = () => undefined;
  return await connected(url, ignored, async (connections, address) => {
    const { client, key, notes } = await greet(connections, address, options);
    const { info } = await withDeadline(askMemory(client, key), connectDeadlineMs, "no answer");
    connections.disconnect();
    const refuses = fullText(Number(info.get("used_memory") ?? 0), Number(info.get("maxmemory") ?? 0));
    return { notes, refuses };
  });
}

/** Whatever goes wrong with it is said for a person, and no connection stays behind. */
export async function connected<Result>(
  url: string,
  onError: StoreOptions["onError"],
  work: (connections: Connections, address: RedisAddress) => Promise<Result>,
): Promise<Result> {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new StoreRefused(`the URL of Redis ${parsed.problem}`);
  const { address } = parsed;
  const connections = createConnections(address, onError);
  try {
    return await work(connections, address);
  } catch (error) {
    connections.disconnect();
    if (error instanceof StoreRefused) throw error;
    const cause = error instanceof ReplyError ? error : (connections.lastError() ?? error);
    throw openingError(cause, describeAddress(address));
  }
}

/** Connects and looks at the server, before anything is written to it. */
export async function greet(
  connections: Connections,
  address: RedisAddress,
  options: Pick<RedisStoreOptions, "prefix" | "allowEviction" | "signal">,
) {
  const { signal } = options;
  const client = connections.producer();
  await withDeadline(client.connect(), connectDeadlineMs, "no connection", signal);
  // A database that cannot be chosen is only reported by ioredis, which then goes on in database 0.
  const reported = connections.lastError();
  if (reported instanceof ReplyError) throw openingError(reported, describeAddress(address));
  const prefix = `{${options.prefix}}`;
  const place = describeAddress(address);
  const key = `${prefix}:store`;
  const allowEviction = options.allowEviction ?? false;
  const notes = await withDeadline(
    examineRedis(client, { key, place, allowEviction, clock: Date.now }),
    connectDeadlineMs,
    "no answer",
    signal,
  );
  return { client, prefix, place, key, notes };
}

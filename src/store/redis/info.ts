import { reasonOf } from "../reason.ts";
import { StoreRefused } from "../refused.ts";
import type { RedisClient } from "./connections.ts";

/** What `INFO` says, by field. */
export type RedisInfo = ReadonlyMap<string, string>;

/** Scripts, because in a cluster INFO itself would go to any node, while a script goes where its key is. */
const infoScript = `
local time = redis.call("TIME")
return { redis.call("INFO"), time[1], time[2] }`;
const memoryScript = `return { redis.call("INFO", "memory"), redis.call("EXISTS", KEYS[1]) }`;

export interface RedisReport {
  readonly info: RedisInfo;
  /** The server's clock, milliseconds since the epoch. */
  readonly timeMs: number;
}

export async function askServer(client: RedisClient, key: string): Promise<RedisReport> {
  const [text, seconds, micros] = (await client.eval(infoScript, 1, key)) as [string, string, string];
  return { info: parseInfo(text), timeMs: Number(seconds) * 1_000 + Number(micros) / 1_000 };
}

/** What has to be known all the time: how full the memory is, and whether our keys are still there. */
export async function askMemory(
  client: RedisClient,
  key: string,
): Promise<{ info: RedisInfo; keyExists: boolean }> {
  const [memory, exists] = (await client.eval(memoryScript, 1, key)) as [string, number];
  return { info: parseInfo(memory), keyExists: exists === 1 };
}

function parseInfo(text: string): RedisInfo {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Some values of the configuration; undefined when we may not ask (ACL, a managed service) or it is not said. */
export async function askSetting(client: RedisClient, name: string): Promise<string | undefined> {
  try {
    // In a cluster any node answers; they are configured alike.
    const answer: unknown = await client.call("CONFIG", "GET", name);
    const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A server that answered with one of these will answer so until a person has acted. */
const refusals: readonly [code: RegExp, hint: string][] = [
  [
    /^WRONGPASS|^NOAUTH|invalid (?:username-password|password)|NOAUTH|WRONGPASS/,
    "the user or password is wrong or missing",
  ],
  [
    /NOPERM|can't run this command/,
    "the user may not do what is needed: allow it the keys ~{<STORE_PREFIX>}:* and the commands +@all -@dangerous +info",
  ],
  [/DB index is out of range|SELECT is not allowed/, "there is no such database"],
  [/cluster support disabled/, "it is no cluster: use redis:// or rediss://"],
  [/^MOVED|CROSSSLOT/, "it is a node of a cluster: use redis+cluster://"],
  [/unknown command .?(?:eval|hello)/i, "it is too old"],
];

const certificateCodes = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO)/;

/** The error as one for a person: `StoreRefused` when trying again is of no use. */
export function openingError(error: unknown, place: string): Error {
  const why = reasonOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (certificateCodes.test(code)) {
    const hint = "a private authority is trusted through NODE_EXTRA_CA_CERTS";
    return new StoreRefused(`Redis at ${place} has no certificate to be trusted (${why}): ${hint}`, {
      cause: error,
    });
  }
  const refusal = refusals.find(([pattern]) => pattern.test(why));
  if (refusal) return new StoreRefused(`Redis at ${place} refuses: ${refusal[1]} (${why})`, { cause: error });
  return new Error(`Redis at ${place} does not answer: ${why}`, { cause: error });
}

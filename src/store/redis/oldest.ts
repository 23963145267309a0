import { turnsApart } from "../event-log.ts";
import type { Oldest } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { eventKeys } from "./event-keys.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import { pipelined } from "./pipelined.ts";

/** A turn is the time of acceptance in microseconds, shifted by the rank. */
const ranks = [-1, 0, 1] as const;

/** What has waited longest: the first of each priority, and the first of the mailboxes. */
export async function readOldest(client: RedisClient, prefix: string): Promise<Oldest> {
  const log = eventKeys(prefix).state("waiting");
  const [update, ...turns] = await pipelined(
    client,
    [
      [mailboxKeys(prefix).waiting, "-inf", "+inf"],
      ...ranks.map((rank) => [log, rank * turnsApart, `(${(rank + 1) * turnsApart}`] as const),
    ] as const,
    (line, [key, least, most]) => line.zrangebyscore(key, least, most, "WITHSCORES", "LIMIT", 0, 1),
    firstScore,
  );
  const micros = turns.flatMap((turn, index) =>
    turn === undefined ? [] : [turn - (ranks[index] ?? 0) * turnsApart],
  );
  return {
    ...(micros.length === 0 ? {} : { event: Math.floor(Math.min(...micros) / 1_000) }),
    ...(update === undefined ? {} : { update }),
  };
}

/** Of an answer with scores; an older protocol tells them one after the other, a newer one in pairs. */
export function firstScore(answer: unknown): number | undefined {
  const score: unknown = Array.isArray(answer) ? answer.flat(1)[1] : undefined;
  return score === undefined ? undefined : Number(score);
}

import type { ChainableCommander } from "ioredis";
import type { RedisClient } from "./connections.ts";
import { pageBytesMax, pageRecordsMax, type JobToKeep, type KeptJob } from "../archive.ts";
import { bySize } from "../pages.ts";
import { piecesOf } from "../parked-pieces.ts";
import type { WakeJobData } from "../store.ts";
import { importJobScript } from "./archive-scripts.ts";
import { asTexts, pipelined } from "./pipelined.ts";

/** BullMQ's score of a delayed job is its time and twelve bits that keep an order. */
export function dueAtOf(score: string | undefined): number | undefined {
  return score === undefined ? undefined : Math.floor(Number(score) / 4096);
}

/** `text`: its data as it is written. */
type ReadJob = KeptJob & { readonly text: string };

/** The wake-ups that failed, with what they parked, as BullMQ, whose version is pinned, keeps them on Redis. */
export function createParkedJobs(client: RedisClient, prefix: string) {
  const key = (name: string) => `{${prefix}}:contacts:${name}`;

  async function* failed(): AsyncGenerator<ReadJob[]> {
    for (let offset = 0; ; offset += pageRecordsMax) {
      const ids = await client.zrange(key("failed"), String(offset), String(offset + pageRecordsMax - 1));
      if (ids.length === 0) return;
      const sizes = await pipelined(client, ids, (line, id) => line.hstrlen(key(id), "data"), Number);
      for (const part of bySize(ids, sizes, pageBytesMax)) {
        yield (await find(part)).flatMap((job) => (job ? [job] : []));
      }
    }
  }

  async function find(ids: readonly string[]): Promise<(ReadJob | undefined)[]> {
    const fields = ["data", "timestamp", "atm", "finishedOn", "failedReason"] as const;
    const hashes = await pipelined(client, ids, (line, id) => line.hmget(key(id), ...fields), asTexts);
    return ids.map((id, index) => {
      const [data, timestamp, attempts, finishedOn, failure] = hashes[index] ?? [];
      if (data === undefined || finishedOn === undefined) return undefined;
      return {
        id,
        data: JSON.parse(data) as WakeJobData,
        text: data,
        attempts: Number(attempts ?? 0),
        acceptedAt: Number(timestamp ?? 0),
        finishedAt: Number(finishedOn),
        failure,
      };
    });
  }

  function put(line: ChainableCommander, job: JobToKeep): void {
    line.eval(
      importJobScript,
      3,
      key(job.id),
      key("failed"),
      `{${prefix}}:parked:`,
      job.id,
      job.name,
      JSON.stringify(job.data),
      JSON.stringify(job.opts),
      job.acceptedAt,
      job.attempts,
      job.finishedAt ?? job.acceptedAt,
      job.failure ?? "",
      ...piecesOf(job).flatMap(({ id, group, at }) => [id, group, at]),
    );
  }

  return { failed, find, put };
}

import type { ChainableCommander } from "ioredis";
import type { RedisClient } from "./connections.ts";
import { pageBytesMax, pageRecordsMax, type JobToKeep, type KeptJob } from "../archive.ts";
import { bySize } from "../pages.ts";
import type { QueueName } from "../store.ts";
import { importJobScript } from "./archive-scripts.ts";
import { asText, asTexts, pipelined } from "./pipelined.ts";

export type JobState = "active" | "wait" | "delayed" | "failed" | "completed";

/** BullMQ's score of a delayed job is its time and twelve bits that keep an order. */
export function dueAtOf(score: string | undefined): number | undefined {
  return score === undefined ? undefined : Math.floor(Number(score) / 4096);
}

/** The jobs of one queue as BullMQ, whose version is pinned, keeps them on Redis. */
export function createJobArchive(client: RedisClient, prefix: string, queue: QueueName, clock: () => number) {
  const key = (name: string) => `{${prefix}}:${queue}:${name}`;

  /** Oldest first where that matters: lists are taken from their right end. */
  async function* idsOf(state: JobState): AsyncGenerator<string[]> {
    const isList = state === "wait" || state === "active";
    for (let offset = 0; ; offset += pageRecordsMax) {
      const ids = isList
        ? (await client.lrange(key(state), -(offset + pageRecordsMax), -(offset + 1))).toReversed()
        : await client.zrange(key(state), String(offset), String(offset + pageRecordsMax - 1));
      if (ids.length === 0) return;
      yield ids;
    }
  }

  async function* jobsOf(state: JobState): AsyncGenerator<KeptJob[]> {
    for await (const ids of idsOf(state)) {
      const sizes = await pipelined(client, ids, (line, id) => line.hstrlen(key(id), "data"), Number);
      for (const part of bySize(ids, sizes, pageBytesMax)) {
        const jobs = await read(part, () => state);
        yield jobs.flatMap((job) => (job ? [job] : []));
      }
    }
  }

  async function scores(ids: readonly string[], name: JobState): Promise<(string | undefined)[]> {
    return await pipelined(client, ids, (line, id) => line.zscore(key(name), id), asText);
  }

  async function read(
    ids: readonly string[],
    stateAt: (index: number) => JobState,
  ): Promise<(KeptJob | undefined)[]> {
    const fields = ["data", "timestamp", "atm", "finishedOn", "returnvalue", "failedReason"] as const;
    const hashes = await pipelined(client, ids, (line, id) => line.hmget(key(id), ...fields), asTexts);
    const due = await scores(ids, "delayed");
    return ids.map((id, index) => {
      const [data, timestamp, attempts, finishedOn, result, failure] = hashes[index] ?? [];
      if (data === undefined) return undefined;
      return {
        id,
        state: stateAt(index),
        data: JSON.parse(data) as unknown,
        attempts: Number(attempts ?? 0),
        acceptedAt: Number(timestamp ?? 0),
        dueAt: dueAtOf(due[index]),
        finishedAt: finishedOn === undefined ? undefined : Number(finishedOn),
        result: result === undefined ? undefined : (JSON.parse(result) as unknown),
        failure,
      };
    });
  }

  async function find(ids: readonly string[]): Promise<(KeptJob | undefined)[]> {
    const completed = await scores(ids, "completed");
    const failed = await scores(ids, "failed");
    const delayed = await scores(ids, "delayed");
    return await read(ids, (index) => {
      if (completed[index] !== undefined) return "completed";
      if (failed[index] !== undefined) return "failed";
      return delayed[index] === undefined ? "wait" : "delayed";
    });
  }

  function put(line: ChainableCommander, job: JobToKeep): void {
    const { deduplication, ...opts } = job.opts;
    const { deduplicationId = "" } = job;
    const json = (value: unknown) => (value === undefined || value === null ? "" : JSON.stringify(value));
    const names = [`de:${deduplicationId}`, "wait", "active", "delayed", "failed", "completed", "marker"];
    line.eval(
      importJobScript,
      8,
      key(job.id),
      ...names.map(key),
      job.id,
      job.state,
      job.name,
      json(job.data),
      json({ ...opts, ...(deduplication ? { de: deduplication } : {}) }),
      job.acceptedAt,
      job.attempts,
      job.finishedAt ?? job.acceptedAt,
      job.dueAt ?? clock(),
      json(job.result),
      job.failure ?? "",
      deduplicationId,
      job.claimed ? "1" : "0",
      job.replay,
      job.withdrawn ? "1" : "0",
    );
  }

  return { jobsOf, find, put };
}

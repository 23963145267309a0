import { rankOf } from "../../contact/priority.ts";
import type { KindArchive } from "../archive-kinds.ts";
import type { ArchivedEvent, ArchivedWindow } from "../archive-port.ts";
import { pageBytesMax, pageRecordsMax } from "../archive.ts";
import { windowId } from "../event-log.ts";
import { bySize } from "../pages.ts";
import { groupOfEvent } from "../parked-groups.ts";
import type { StoreOptions } from "../store.ts";
import { importEventScript, importWindowScript } from "./archive-scripts.ts";
import type { RedisClient } from "./connections.ts";
import { eventKeys } from "./event-keys.ts";
import { headOf, recordOf } from "./event-record.ts";
import { parkedRoot } from "./parked-index.ts";
import { asText, pipelined, scannedKeys } from "./pipelined.ts";

const states = ["completed", "failed", "active", "waiting", "delayed"] as const;

export function createWindowArchive(
  client: RedisClient,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"window"> {
  const { windowPrefix: prefix } = eventKeys(options.prefix);

  async function find(ids: readonly string[]): Promise<(ArchivedWindow | undefined)[]> {
    const firsts = await pipelined(client, ids, (line, id) => line.get(prefix + id), asText);
    const ends = await pipelined(client, ids, (line, id) => line.pexpiretime(prefix + id), Number);
    return ids.map((id, index) => {
      const eventId = firsts[index];
      const expiresAt = ends[index] ?? 0;
      return eventId !== undefined && expiresAt > 0 ? { kind: "window", id, eventId, expiresAt } : undefined;
    });
  }

  return {
    async *export() {
      for await (const keys of scannedKeys(client, prefix, 1_000)) {
        for (const window of await find(keys.map((key) => key.slice(prefix.length))))
          if (window) yield window;
      }
    },
    find: (records) => find(records.map(({ id }) => id)),
    async import(records) {
      const current = records.filter(({ expiresAt }) => expiresAt > clock());
      await pipelined(
        client,
        current,
        (line, { id, eventId, expiresAt }) =>
          line.eval(importWindowScript, 1, prefix + id, eventId, Math.round(expiresAt)),
        Number,
      );
    },
  };
}

export function createEventArchive(
  client: RedisClient,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"event"> {
  const keys = eventKeys(options.prefix);

  async function* idsOf(state: (typeof states)[number]): AsyncGenerator<string[]> {
    for (let offset = 0; ; offset += pageRecordsMax) {
      const ids = await client.zrange(keys.state(state), String(offset), String(offset + pageRecordsMax - 1));
      if (ids.length === 0) return;
      yield ids;
    }
  }

  async function* exportAll(): AsyncGenerator<ArchivedEvent> {
    for (const state of states) {
      for await (const ids of idsOf(state)) {
        const sizes = await pipelined(
          client,
          ids,
          (line, id) => line.hstrlen(keys.record(id), "payload"),
          Number,
        );
        for (const part of bySize(ids, sizes, pageBytesMax)) {
          for (const event of await read(part)) if (event) yield event;
        }
      }
    }
  }

  async function read(ids: readonly string[]): Promise<(ArchivedEvent | undefined)[]> {
    const hashes = await pipelined(client, ids, (line, id) => line.hgetall(keys.record(id)), hashOf);
    const due = await pipelined(client, ids, (line, id) => line.zscore(keys.state("delayed"), id), asText);
    const events = hashes.map((hash, index) => archived(hash, due[index]));
    const firsts = await pipelined(
      client,
      events,
      (line, event) => line.get(event ? keys.window(windowId(event.event)) : keys.window("")),
      asText,
    );
    return events.map((event, index) => event && { ...event, claimed: firsts[index] === event.event.id });
  }

  return {
    export: exportAll,
    find: (records) => read(records.map(({ event }) => event.id)),
    async import(records) {
      await pipelined(
        client,
        records,
        (line, record) => line.call("EVAL", importArguments(options.prefix, record, clock())),
        Number,
      );
    },
  };
}

function hashOf(answer: unknown): Record<string, string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what HGETALL answers
  return answer as Record<string, string>;
}

function archived(
  hash: Readonly<Record<string, string>>,
  due: string | undefined,
): ArchivedEvent | undefined {
  const record = recordOf(hash);
  if (!record) return undefined;
  const { event, attempts, state, result, failure, finishedAt, waitsFor } = record;
  const acceptedAt = Math.floor(Number(hash["seq"] ?? 0) / 1_000);
  const base = { kind: "event", event, attempts, acceptedAt, claimed: false } as const;
  switch (state) {
    case "completed":
      return { ...base, state, finishedAt: finishedAt ?? acceptedAt, ...(result ? { result } : {}) };
    case "failed":
      return { ...base, state, finishedAt: finishedAt ?? acceptedAt, failure: failure ?? "unknown" };
    case "delayed":
      return {
        ...base,
        state,
        ...(due === undefined ? {} : { dueAt: Number(due) }),
        ...(waitsFor === undefined ? {} : { waitsFor }),
      };
    case "waiting":
    case "active":
      return { ...base, state: "waiting" };
  }
}

function importArguments(prefix: string, record: ArchivedEvent, now: number): (string | number)[] {
  const { event, state, attempts, acceptedAt, finishedAt, dueAt, result, failure, claimed, waitsFor } =
    record;
  return [
    importEventScript,
    2,
    eventKeys(prefix).root,
    parkedRoot(prefix),
    event.id,
    windowId(event),
    state,
    headOf(event),
    JSON.stringify(event.attributes),
    event.payload,
    attempts,
    event.replay,
    event.retriedAt ?? "",
    event.erased ? JSON.stringify(event.erased) : "",
    event.withdrawn ?? "",
    event.source,
    event.type,
    Math.round(acceptedAt),
    Math.round(finishedAt ?? acceptedAt),
    Math.round(dueAt ?? now),
    result ? JSON.stringify(result) : "",
    failure ?? "",
    claimed ? "1" : "0",
    waitsFor ?? "",
    rankOf(event.priority),
    state === "failed" ? groupOfEvent(failure ?? "unknown") : "",
  ];
}

import {
  isEventId,
  summaryOf,
  type EventFilter,
  type EventLog,
  type EventPage,
  type EventRecord,
  type FailedEvent,
} from "../event-log.ts";
import type { StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { eventKeys } from "./event-keys.ts";
import { listedOf, recordOf } from "./event-record.ts";
import { countScript, listScript } from "./event-scripts.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import { firstScore } from "./oldest.ts";
import { pipelined } from "./pipelined.ts";
import { createScript } from "./script.ts";

type Reads = Pick<EventLog, "find" | "list" | "count" | "newestOf" | "failed">;
type Field = string | null;

/** Looked at for one page: a filter that fits hardly anything must not hold the server up. */
const lookedMax = 2_000;
const everMicros = Number.MAX_SAFE_INTEGER;
const cursorPattern = /^(-?\d{1,17})\.(\w{1,70})$/;

/** What only looks into the log. */
export function createRedisEventReads(client: RedisClient, options: StoreOptions): Reads {
  const keys = eventKeys(options.prefix);
  const mailbox = mailboxKeys(options.prefix);
  const listSome = createScript(client, listScript);
  const countSome = createScript(client, countScript);

  async function find(id: string): Promise<EventRecord | undefined> {
    return isEventId(id) ? recordOf(await client.hgetall(keys.record(id))) : undefined;
  }

  async function list(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage> {
    if (limit <= 0) return { items: [], next: undefined };
    const { source = "", type = "", state = "", contact } = filter;
    const [, score = "", member = ""] = cursorPattern.exec(cursor ?? "") ?? [];
    const ofContact = contact === undefined ? keys.root : mailbox.of(contact).events;
    const [from, to] = microsOf(filter);
    const answer = await listSome(
      [keys.root, ofContact],
      [limit, lookedMax, score, member, source, type, state, from, to, contact === undefined ? "0" : "1"],
    );
    const [lastScore, last, found] = answer as [string, string, Field[][]];
    return {
      items: found.map((fields) => summaryOf(listedOf(fields))),
      next: last === "" ? undefined : `${lastScore}.${last}`,
    };
  }

  async function count(filter: EventFilter): Promise<number> {
    const { source = "", type = "", state = "", contact } = filter;
    const ofContact = contact === undefined ? keys.root : mailbox.of(contact).events;
    const [from, to] = microsOf(filter);
    let found = 0;
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const answer = await countSome(
        [keys.root, ofContact],
        [lookedMax, offset, source, type, state, from, to, contact === undefined ? "0" : "1"],
      );
      const [fitting, next] = answer as [number, number];
      found += fitting;
      offset = next === -1 ? undefined : next;
    }
    return found;
  }

  async function newestOf(sources: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const newest = await pipelined(
      client,
      sources,
      (line, source) => line.zrevrange(keys.source(source), 0, 0, "WITHSCORES"),
      firstScore,
    );
    return new Map(
      sources.flatMap((source, index) => {
        const micros = newest[index];
        return micros === undefined ? [] : [[source, Math.floor(micros / 1_000)] as const];
      }),
    );
  }

  async function failed(
    limit: number,
    behind?: { readonly at: number; readonly id: string },
  ): Promise<readonly FailedEvent[]> {
    const key = keys.state("failed");
    const rank = behind && (await client.zrevrank(key, behind.id));
    const start = !behind
      ? 0
      : typeof rank === "number"
        ? rank + 1
        : await client.zcount(key, `(${behind.at}`, "+inf");
    const ids = await client.zrevrange(key, start, start + limit - 1);
    const fields = ["source", "failure", "finished", "attempts"] as const;
    const answers = await pipelined(
      client,
      ids,
      (line, id) => line.hmget(keys.record(id), ...fields),
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what HMGET answers
      (answer) => answer as Field[],
    );
    return ids.map((id, index) => {
      const [source, reason, at, attempts] = answers[index] ?? [];
      return {
        event: { id, source: source ?? "" },
        reason: reason ?? "unknown",
        at: Number(at ?? 0),
        attempts: Number(attempts ?? 0),
      };
    });
  }

  return { find, list, count, newestOf, failed };
}

function microsOf({ from, to }: EventFilter): [number, number] {
  return [from === undefined ? 0 : from * 1_000, to === undefined ? everMicros : to * 1_000 - 1];
}

import { hostname } from "node:os";
import { ulid } from "ulid";
import { connected } from "../../store/redis/look.ts";
import { describeAddress, parseRedisUrl } from "../../store/redis/address.ts";
import { withDeadline } from "../../store/deadline.ts";
import type { Broker, BusConsumer, BusListener, BusMessage } from "../consumer.ts";
import {
  backlogOf,
  forgetDead,
  forgetSelf,
  groupOf,
  makeGroup,
  trimmedUnread,
  type RedisStreamSettings,
} from "./group.ts";
import { entryIdOf, messageOf, type Entry } from "./message.ts";

/** A read waits this long for something new. */
const blockMs = 1_000;
/** What a consumer has held so long without a word belonged to one that died. */
const abandonedMs = 30_000;
/** How often such messages are looked for. */
const claimEveryMs = 10_000;
const answerMs = 5_000;
/** Of larger entries fewer are asked for. */
const bytesMax = 8 * 1_048_576;

/** A consumer group of a Redis stream: Redis 7 or newer, Valkey, with the addresses that the store takes too. */
export function redisStream(settings: RedisStreamSettings): Broker {
  const { url, stream, group } = settings;
  const parsed = parseRedisUrl(url);
  const server = parsed.ok ? describeAddress(parsed.address) : "?";
  return {
    place: `stream ${stream} of Redis at ${server}, group ${group}`,
    open: (listener) => open(settings, listener),
    look: () => look(settings),
  };
}

async function open(settings: RedisStreamSettings, listener: BusListener): Promise<BusConsumer> {
  const { url, stream, group } = settings;
  return await connected(
    url,
    () => undefined,
    async (connections) => {
      const client = connections.producer();
      await withDeadline(client.connect(), answerMs, "no connection");
      await makeGroup(client, settings);
      const reader = connections.worker("bus");
      const name = `${hostname()}-${process.pid}-${ulid().slice(-8).toLowerCase()}`;
      let count = 0;
      let claimedAt = Number.NEGATIVE_INFINITY;
      let claimFrom = "0-0";
      /** How many were told of as lost. */
      let told = 0;
      await forgetDead(client, stream, group);

      /** What consumers that died had been given. */
      async function claim(most: number): Promise<BusMessage[]> {
        if (claimFrom === "0-0" && Date.now() - claimedAt < claimEveryMs) return [];
        claimedAt = Date.now();
        const answer = (await client.callBuffer(
          "XAUTOCLAIM",
          stream,
          group,
          name,
          abandonedMs,
          claimFrom,
          "COUNT",
          most,
        )) as [next: Buffer, entries: Entry[], gone?: Buffer[]];
        const [next, entries, gone = []] = answer;
        claimFrom = next.toString("latin1");
        // They were given to somebody who died, and trimmed away before anybody else could have them.
        if (gone.length > 0) listener.lost(gone.length);
        return entries.flatMap((entry) => messageOf(stream, entry) ?? []);
      }

      async function read(most: number): Promise<BusMessage[]> {
        const missing = await trimmedUnread(client, stream, group);
        if (missing > told) listener.lost(missing - told);
        told = Math.max(told, missing);
        const answer = (await withDeadline(
          reader.callBuffer(
            "XREADGROUP",
            "GROUP",
            group,
            name,
            "COUNT",
            most,
            "BLOCK",
            blockMs,
            "STREAMS",
            stream,
            ">",
          ),
          blockMs + answerMs,
          "Redis did not answer",
        )) as readonly unknown[] | null;
        const entries = entriesOf(answer);
        return entries.flatMap((entry) => messageOf(stream, entry) ?? []);
      }

      async function fetch(most: number): Promise<readonly BusMessage[]> {
        const asked = Math.max(1, count === 0 ? most : Math.min(most, count));
        const claimed = await claim(asked);
        const messages = claimed.length > 0 ? claimed : await read(asked);
        const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
        count =
          messages.length === 0
            ? 0
            : Math.max(1, Math.floor((bytesMax * messages.length) / Math.max(1, bytes)));
        return messages;
      }

      return {
        fetch,
        async acknowledge(messages) {
          await client.call("XACK", stream, group, ...messages.map(entryIdOf));
        },
        async giveBack(messages) {
          // Their idle time alone decides who may have them: as long as it takes to be taken for abandoned.
          const idle = ["IDLE", String(abandonedMs + 1), "JUSTID"];
          await client.call("XCLAIM", stream, group, name, 0, ...messages.map(entryIdOf), ...idle);
        },
        backlog: () => backlogOf(client, stream, group),
        async close() {
          await withDeadline(forgetSelf(client, stream, group, name), answerMs, "").catch(() => undefined);
          connections.disconnect();
        },
      };
    },
  );
}

/** Of the one stream that was asked for: a list of pairs, or one pair, by the protocol that the client speaks. */
function entriesOf(answer: readonly unknown[] | null): readonly Entry[] {
  if (!answer) return [];
  const [first, second] = answer;
  return (Array.isArray(first) ? (first as unknown[])[1] : second) as readonly Entry[];
}

/** Connects and looks at stream and group; nothing is made. */
async function look({ url, stream, group, start }: RedisStreamSettings): Promise<string> {
  return await connected(
    url,
    () => undefined,
    async (connections) => {
      const client = connections.producer();
      await withDeadline(client.connect(), answerMs, "no connection");
      try {
        const type = (await client.call("TYPE", stream)) as string;
        if (type === "none")
          return `the stream ${stream} is not there yet; it is made with the group ${group}`;
        if (type !== "stream") throw new Error(`${stream} is no stream but a ${type}`);
        if (!(await groupOf(client, stream, group)))
          return `the group ${group} is made at the first start, at ${start === "first" ? "the first" : "the next"} message`;
        const { lag, pending } = await backlogOf(client, stream, group);
        return `the group ${group} is there: ${lag ?? "?"} messages to come, ${pending ?? "?"} not acknowledged`;
      } finally {
        connections.disconnect();
      }
    },
  );
}

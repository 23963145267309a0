import { randomUUID } from "node:crypto";
import { describeAddress, parseRedisUrl } from "../../store/redis/address.ts";
import { withDeadline } from "../../store/deadline.ts";
import { connected } from "../../store/redis/look.ts";

/** A stream of a Redis that is near, which exists for one run of the demo. */
export interface DemoStream {
  readonly place: string;
  /** The value of `consume:` for it. */
  readonly consume: string;
  add(message: string): Promise<void>;
  /** Whether everything in it was taken and stored. */
  isRead(): Promise<boolean>;
  /** Removes it and lets go of the connection. */
  remove(): Promise<void>;
}

export const usualRedis = "redis://127.0.0.1:6379";

const answerMs = 2_000;
const group = "contact-relay-demo";
/** What a demo that was killed leaves behind goes by itself. */
const expireSeconds = 3_600;
/** It tells how far behind a group is. */
const versionMin = 7;

/** Rejects, with the reason, where no Redis answers that has streams with groups and their lag. */
export async function openStream(url: string): Promise<DemoStream> {
  return await connected(
    url,
    () => undefined,
    async (connections) => {
      const client = connections.producer();
      const answers = <Answer>(answer: Promise<Answer>) =>
        withDeadline(answer, answerMs, "Redis did not answer");
      await answers(client.connect());
      const info = String(await answers(client.call("INFO", "server")));
      const version = Number(/^redis_version:(\d+)/m.exec(info)?.[1] ?? 0);
      if (version < versionMin) throw new Error(`this Redis is older than ${versionMin}.0`);
      const stream = `contact-relay-demo:${randomUUID()}`;
      await answers(client.call("XGROUP", "CREATE", stream, group, "0", "MKSTREAM"));
      await answers(client.call("EXPIRE", stream, expireSeconds));
      const parsed = parseRedisUrl(url);
      return {
        place: parsed.ok ? describeAddress(parsed.address) : url,
        consume: JSON.stringify({ redis: url, stream, group }),
        async add(message) {
          await answers(client.call("XADD", stream, "*", "data", message));
        },
        async isRead() {
          const [about = []] = (await answers(client.call("XINFO", "GROUPS", stream))) as unknown[][];
          const of = (name: string) => about[about.indexOf(name) + 1];
          return of("lag") === 0 && of("pending") === 0;
        },
        async remove() {
          await answers(client.call("DEL", stream)).catch(() => undefined);
          connections.disconnect();
        },
      };
    },
  );
}

import { afterAll } from "vitest";
import { redisFound, runRedis } from "../helpers/redis-process.ts";
import { insistOnBroker } from "../helpers/engines.ts";
import { killStorm } from "./kill-storm.ts";

if (!redisFound) insistOnBroker("redis");
const server = redisFound ? await runRedis({ args: ["--appendfsync", "always"] }) : undefined;
afterAll(async () => server?.stop());

const [stream, group] = ["storm.events", "contact-relay"];

/** A message that somebody has been given and not acknowledged counts as one that nobody has read. */
async function isRead(redis: NonNullable<typeof server>): Promise<boolean> {
  const [about] = (await redis.command("XINFO", "GROUPS", stream)) as unknown[][];
  const of = (name: string) => about?.[about.indexOf(name) + 1];
  return of("name") === group && of("lag") === 0 && of("pending") === 0;
}

if (server) {
  await killStorm(
    "postgres",
    { events: 1_500, contacts: 25, replicas: 2, kills: 6 },
    {
      consume: `{ redis: "redis://127.0.0.1:${server.port}", stream: ${stream}, group: ${group} }`,
      publish: async (message) =>
        void (await server.command("XADD", stream, "*", "data", JSON.stringify(message))),
      isRead: () => isRead(server),
      kill: () => server.kill(),
      start: () => server.start(),
    },
  );
}

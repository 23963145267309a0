import { setTimeout as wait } from "node:timers/promises";
import { runRedis, withoutRedis } from "../helpers/redis-process.ts";
import { outageStorm, type StormServer } from "./outage-storm.ts";

// A kill between two syncs loses nothing, but what waits for a sync that is under way may not even be written.
const redis = withoutRedis() ? undefined : await runRedis({ args: ["--appendfsync", "always"] });

async function killed(forMs: number): Promise<void> {
  await redis?.kill();
  await wait(forMs);
  await redis?.start();
}

async function frozen(forMs: number): Promise<void> {
  const pid = redis?.pid() ?? 0;
  process.kill(pid, "SIGSTOP");
  await wait(forMs);
  process.kill(pid, "SIGCONT");
}

async function full(forMs: number): Promise<void> {
  await redis?.command("CONFIG", "SET", "maxmemory", "1000000");
  await wait(forMs);
  await redis?.command("CONFIG", "SET", "maxmemory", "0");
}

const server: StormServer | undefined = redis && {
  settings: { REDIS_URL: `redis://127.0.0.1:${redis.port}` },
  outages: [
    () => killed(2_000),
    () => frozen(4_000),
    () => full(2_000),
    () => killed(200),
    () => frozen(500),
  ],
  stop: () => redis.stop(),
};

outageStorm("Redis", server);

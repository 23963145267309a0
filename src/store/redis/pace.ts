import { parsePace, type ChangePace } from "../pace.ts";
import type { RedisClient } from "./connections.ts";
import { createScript } from "./script.ts";

const readPace = `
local time = redis.call("TIME")
return { redis.call("GET", KEYS[1]) or "", time[1], time[2] }`;
const writePace = `
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2])
return 1`;

/** One value, by the server's clock: the same pace for every replica. Written only if nobody else has in between. */
export function sharedPace(client: RedisClient, key: string): ChangePace {
  const read = createScript(client, readPace);
  const write = createScript(client, writePace);
  return async (change) => {
    for (;;) {
      const [text, seconds, micros] = (await read([key], [])) as [string, string, string];
      const before = parsePace(text === "" ? undefined : text);
      const changed = change(before, Number(seconds) * 1_000 + Number(micros) / 1_000);
      if (changed.pace === before) return changed.result;
      const written = await write([key], [text, JSON.stringify(changed.pace)]);
      if (written === 1) return changed.result;
    }
  };
}

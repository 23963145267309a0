import { numbersKeptMinutes, type MinuteCount, type Numbers } from "../numbers.ts";
import type { RedisClient } from "./connections.ts";
import { pipelined } from "./pipelined.ts";
import { createScript } from "./script.ts";

/** A hash for each hour: a day is read with few commands. ARGV: how long it is kept, then hour, field and count of each. */
const addScript = `
for i = 2, #ARGV, 3 do
  local key = KEYS[1] .. ARGV[i]
  redis.call("HINCRBY", key, ARGV[i + 1], ARGV[i + 2])
  redis.call("PEXPIRE", key, ARGV[1])
end
return 1`;

export function createRedisNumbers(client: RedisClient, prefix: string): Numbers {
  const root = `{${prefix}}:numbers:`;
  const addAll = createScript(client, addScript);
  const keptMs = (numbersKeptMinutes + 60) * 60_000;
  return {
    async add(counts) {
      if (counts.length === 0) return;
      const args = counts.flatMap(({ minute, name, count }) => [
        Math.floor(minute / 60),
        `${minute % 60} ${name}`,
        count,
      ]);
      await addAll([root], [keptMs, ...args]);
    },
    async read(from, to) {
      const hours: number[] = [];
      for (let hour = Math.floor(from / 60); hour * 60 < to; hour += 1) hours.push(hour);
      const answers = await pipelined(
        client,
        hours,
        (line, hour) => line.hgetall(`${root}${hour}`),
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what HGETALL answers
        (answer) => answer as Record<string, string>,
      );
      const counts = hours.flatMap((hour, index) =>
        Object.entries(answers[index] ?? {}).map(([field, count]): MinuteCount => {
          const space = field.indexOf(" ");
          const minute = hour * 60 + Number(field.slice(0, space));
          return { minute, name: field.slice(space + 1), count: Number(count) };
        }),
      );
      return counts.filter(({ minute }) => minute >= from && minute < to);
    },
  };
}

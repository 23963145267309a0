import type { SignOuts } from "../sign-outs.ts";
import type { RedisClient } from "./connections.ts";

export function createSignOuts(client: RedisClient, prefix: string, clock: () => number): SignOuts {
  const keyOf = (id: string) => `{${prefix}}:signed-out:${id}`;
  return {
    async add(id, until) {
      await client.set(keyOf(id), "1", "PX", Math.max(1, Math.ceil(until - clock())));
    },
    has: async (id) => (await client.exists(keyOf(id))) === 1,
  };
}

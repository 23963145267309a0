import { createHash } from "node:crypto";
import type { RedisClient } from "./connections.ts";

/** Runs a script by its digest; a server that does not know it yet is sent the text once. */
export type RunScript = (
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<unknown>;

export function createScript(client: RedisClient, text: string): RunScript {
  const digest = createHash("sha1").update(text).digest("hex");
  return async (keys, args) => {
    // As one array: a function takes only so many arguments.
    const rest = [keys.length, ...keys, ...args];
    try {
      return await client.call("EVALSHA", [digest, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await client.call("EVAL", [text, ...rest]);
    }
  };
}

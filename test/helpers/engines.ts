import { join } from "node:path";
import { startPostgres } from "./postgres-server.ts";
import { startRedis } from "./redis-server.ts";

export type EngineName = "embedded" | "redis" | "postgres";

export interface EngineUnderTest {
  /** Settings that make a relay use it. */
  settings(directory: string): Record<string, string>;
  stop(): Promise<void>;
}

let namespaces = 0;

/**
 * The engine on a real server, or undefined, with one visible line, where there is no server for it. A namespace of
 * its own for every call of `settings`.
 */
export async function startEngine(name: EngineName): Promise<EngineUnderTest | undefined> {
  if (name === "embedded") {
    return {
      settings: (directory) => ({ DATA_DIR: join(directory, "data") }),
      stop: () => Promise.resolve(),
    };
  }
  const server = name === "redis" ? await startRedis() : await startPostgres();
  if (!server) {
    insistOn(name);
    return undefined;
  }
  return {
    settings(directory) {
      namespaces += 1;
      const address = name === "redis" ? { REDIS_URL: server.url } : { DATABASE_URL: server.url };
      return {
        ...address,
        STORE_PREFIX: `t${process.pid}x${namespaces}`,
        DATA_DIR: join(directory, "data"),
      };
    },
    stop: () => server.stop(),
  };
}

/** There is no server for this engine: one visible line, or an error where `REQUIRE_ENGINES` names it. */
export function insistOn(name: EngineName): void {
  skipped(name, "REQUIRE_ENGINES");
}

/** The same for a broker and `REQUIRE_BROKERS`. */
export function insistOnBroker(name: "redis" | "nats" | "rabbitmq"): void {
  skipped(name, "REQUIRE_BROKERS");
}

function skipped(name: string, variable: string): void {
  const message = `${name}: skipped, no server found`;
  const required = (process.env[variable] ?? "").split(",").map((one) => one.trim());
  if (required.includes(name)) throw new Error(message);
  process.stderr.write(`${message}\n`);
}

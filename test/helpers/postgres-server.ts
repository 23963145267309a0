import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";
import { freePort, until } from "./relay-process.ts";
import { removeDirectory } from "./remove-directory.ts";

export interface PostgresServer {
  readonly url: string;
  /** The server's own process; absent for one that was only named. */
  readonly pid?: number | undefined;
  /** Kills it with -9, and starts it again on the same port and data. Only for a server of our own. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The server that `TEST_DATABASE_URL` names, else one of our own from local binaries, durable and on the loopback
 * interface alone. Undefined when neither is there.
 */
export async function startPostgres(
  own: { readonly settings?: readonly string[] } = {},
): Promise<PostgresServer | undefined> {
  const named = process.env["TEST_DATABASE_URL"];
  if (named) {
    const refuse = () => Promise.reject(new Error("a server that was only named is not ours to stop"));
    return { url: named, kill: refuse, start: refuse, stop: () => Promise.resolve() };
  }
  const binaries = binaryDirectory();
  if (!binaries) return undefined;
  const account = serverAccount();
  if (!account) return undefined;

  const directory = mkdtempSync(join(tmpdir(), "relay-pg-"));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const stop = async () => {
    await endProcess(server);
    await removeDirectory(directory);
  };
  try {
    if (account.uid !== undefined && account.gid !== undefined)
      chownSync(directory, account.uid, account.gid);
    const data = join(directory, "data");
    const init = spawnSync(
      join(binaries, "initdb"),
      ["-D", data, "-U", "relay", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
      { ...account, cwd: directory, encoding: "utf8" },
    );
    if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr}`);
    const fixed = ["fsync=on", "listen_addresses=127.0.0.1", `unix_socket_directories=${directory}`];
    const settings = [...fixed, ...(own.settings ?? [])].flatMap((setting) => ["-c", setting]);
    const url = `postgres://relay@127.0.0.1:${port}/postgres`;
    const start = async () => {
      server = spawn(join(binaries, "postgres"), ["-D", data, "-p", String(port), ...settings], {
        ...account,
        cwd: directory,
        stdio: "ignore",
      });
      const started = server;
      process.once("exit", () => started.kill("SIGINT"));
      await until(() => answers(url), 30_000, "PostgreSQL to answer");
    };
    await start();
    return {
      url,
      get pid() {
        return server?.pid;
      },
      async kill() {
        const ending = server;
        if (!ending?.pid || ending.exitCode !== null || ending.signalCode !== null) return;
        const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
        signalFamily(ending.pid, "SIGKILL");
        await ended;
      },
      start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function binaryDirectory(): string | undefined {
  const packaged = "/usr/lib/postgresql";
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted().toReversed() : [];
  const candidates = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...versions.map((version) => join(packaged, version, "bin")),
  ];
  return candidates.find(
    (directory) => existsSync(join(directory, "initdb")) && existsSync(join(directory, "postgres")),
  );
}

/** PostgreSQL refuses to run as root; undefined when we are root and there is no account for it. */
function serverAccount(): { uid?: number; gid?: number } | undefined {
  if (process.getuid?.() !== 0) return {};
  try {
    const idOf = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
    return { uid: idOf("-u"), gid: idOf("-g") };
  } catch {
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server and its children, which handle one connection each; the server alone where that cannot be known. */
function processFamily(parent: number): number[] {
  try {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
    return [parent, ...children.split(" ").filter(Boolean).map(Number)];
  } catch {
    return [parent];
  }
}

export function signalFamily(parent: number, signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
  for (const pid of processFamily(parent)) {
    try {
      process.kill(pid, signal);
    } catch {
      // That connection has just ended.
    }
  }
}

/** SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients, but for those a test left frozen. */
async function endProcess(server: ChildProcess | undefined): Promise<void> {
  if (!server?.pid || server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  signalFamily(server.pid, "SIGCONT");
  server.kill("SIGINT");
  await ended;
}

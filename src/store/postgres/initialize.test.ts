import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initializeDatabase } from "./initialize.ts";

const built = fileURLToPath(new URL("../../../dist/store/postgres/initialize.js", import.meta.url));
const program = `import { initializeDatabase } from ${JSON.stringify(built)};
await initializeDatabase(process.argv[1]);`;

/** The processes on this machine whose command line names the directory. */
function processesOf(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(directory))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has just ended.
    return "";
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}

const isWhole = (place: string) =>
  existsSync(join(place, "PG_VERSION")) && existsSync(join(place, "global", "pg_control"));

describe("the first start of the embedded store", () => {
  let directory: string;
  const names = () => readdirSync(directory);
  const unfinished = () => names().filter((name) => name.startsWith("pg-unfinished-"));
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "relay-first-start-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  it("makes a whole database and leaves nothing else: no process, no unfinished directory", async () => {
    await initializeDatabase(directory);
    expect(names()).toEqual(["pg"]);
    expect(isWhole(join(directory, "pg"))).toBe(true);
    expect(processesOf(directory)).toEqual([]);
  });

  it("whenever its process is killed, no half database is in its place and the next start makes a whole one", async () => {
    for (const when of ["begun", "writing"]) {
      const starting = spawn(process.execPath, ["--input-type=module", "-e", program, "--", directory]);
      const ended = new Promise((resolve) => starting.once("close", resolve));
      const hasBegun = () =>
        when === "begun"
          ? unfinished().length > 0
          : unfinished().some((name) => existsSync(join(directory, name, "PG_VERSION")));
      await until(() => hasBegun() || existsSync(join(directory, "pg")), `the database to be ${when}`);
      starting.kill("SIGKILL");
      await ended;
      expect(existsSync(join(directory, "pg"))).toBe(false);
      await until(() => processesOf(directory).length === 0, "its child to end with it");
    }
    await initializeDatabase(directory);
    expect(names()).toEqual(["pg"]);
    expect(isWhole(join(directory, "pg"))).toBe(true);
  });

  it("a child that is killed is a clear message, with nothing left of it", async () => {
    const failed = initializeDatabase(directory).then(
      () => "",
      (error: unknown) => String(error),
    );
    await until(() => unfinished().length > 0 && processesOf(directory).length > 0, "the child");
    for (const pid of processesOf(directory)) process.kill(pid, "SIGKILL");
    expect(await failed).toContain("no database could be made in it: its process was ended by SIGKILL");
    expect(names()).toEqual([]);
  });

  it("what is there and is no database is left alone", async () => {
    const place = join(directory, "pg");
    mkdirSync(place);
    writeFileSync(join(place, "letters"), "");
    await expect(initializeDatabase(directory)).rejects.toThrow(`${place} holds no database`);
    expect(readdirSync(place)).toEqual(["letters"]);
  });
});

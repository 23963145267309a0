import { spawn } from "node:child_process";
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const unfinished = "pg-unfinished-";
const saidMax = 500;

/**
 * PostgreSQL's initdb leaves several hundred megabytes behind in its process, so it has one that ends. This is a text
 * because it has to run from the sources as well, which Node 20 does not load. It says what went wrong, or nothing.
 *
 * Small segments of the log: one is written in full when it is begun, and the relay's process waits for that.
 */
const program = (pglite: string, directory: string) => `
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
const directory = ${JSON.stringify(directory)};
process.stdin.on("end", () => { throw new Error("nobody waits for it any more"); }).resume();
try {
  const { default: { PGlite } } = await import(${JSON.stringify(pglite)});
  const database = await PGlite.create(directory, { initDbStartParams: ["--wal-segsize=1"] });
  await database.close();
  const names = await readdir(directory, { recursive: true });
  await Promise.all(["", ...names].map(async (name) => {
    const file = await open(join(directory, name));
    await file.sync();
    await file.close();
  }));
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
}
process.stdin.destroy();`;

/**
 * Makes the database where there is none. It is made beside its place and renamed into it when all of it is on the disk:
 * whenever this is cut off, there is a whole database or none. Only for whoever has the directory's lock.
 */
export async function initializeDatabase(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir).filter((name) => name.startsWith(unfinished))) {
    // The process that was making it may live for a moment longer than the one that wanted it.
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const place = join(dataDir, "pg");
  if (existsSync(join(place, "PG_VERSION"))) return;
  if (existsSync(place) && readdirSync(place).length > 0) throw new Error(`${place} holds no database`);
  const making = await mkdtemp(join(dataDir, unfinished));
  try {
    await runToItsEnd(making);
    renameSync(making, place);
  } catch (error) {
    rmSync(making, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
  const directory = openSync(dataDir, "r");
  fsyncSync(directory);
  closeSync(directory);
}

/** The child's input ends with this process, however that ends; then the child does too. */
async function runToItsEnd(directory: string): Promise<void> {
  const pglite = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(pglite, directory)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, saidMax)));
  // It may have ended before its input could be closed.
  child.stdin.on("error", () => undefined);
  await new Promise<void>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code, signal) => {
      if (code === 0 && said === "") done();
      else failed(new Error(`no database could be made in it: ${reason(said, code, signal)}`));
    });
  });
}

function reason(said: string, code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `its process was ended by ${signal}; it needs 800 MB of memory for a moment`;
  return said === "" ? `its process ended with ${code}` : said;
}

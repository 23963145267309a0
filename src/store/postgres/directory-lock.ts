import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type DirectoryLock = { ok: true; release: () => void } | { ok: false; message: string };

interface Owner {
  readonly pid: number;
  /** When the kernel started that process, where that can be known: a process id may have been used again. */
  readonly startedAt: string;
}

/**
 * Takes the data directory for this process. A second process opening it would destroy it without a word,
 * so this comes before anything else touches it. The lock of a process that has died is taken over.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, "relay.lock");
  try {
    mkdirSync(directory, { recursive: true });
    const own = join(directory, `relay.lock.${randomUUID()}`);
    writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? "" }));
    try {
      for (let tries = 0; tries < 3; tries += 1) {
        if (tryLink(own, path)) return { ok: true, release: () => rmSync(path, { force: true }) };
        const owner = readOwner(path);
        if (owner && isAlive(owner)) return { ok: false, message: takenMessage(directory, owner) };
        rmSync(path, { force: true });
      }
      return { ok: false, message: `the data directory ${directory} is being opened by another process` };
    } finally {
      unlinkSync(own);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the data directory ${directory} cannot be used: ${why}` };
  }
}

function takenMessage(directory: string, owner: Owner): string {
  return (
    `the data directory ${directory} is in use by process ${owner.pid}; ` +
    `stop that one, choose another DATA_DIR, or set REDIS_URL or DATABASE_URL to share a store`
  );
}

/** A hard link is created whole or not at all, which a plain write is not. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof owner !== "object" || owner === null) return undefined;
    if (!("pid" in owner) || typeof owner.pid !== "number") return undefined;
    return { pid: owner.pid, startedAt: "startedAt" in owner ? String(owner.startedAt) : "" };
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === process.pid)
    return startOf(process.pid) === undefined || startOf(owner.pid) === owner.startedAt;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  const startedAt = startOf(owner.pid);
  return startedAt === undefined || owner.startedAt === "" || startedAt === owner.startedAt;
}

/** Boot id and start time of a process, from Linux's /proc; undefined elsewhere. */
function startOf(pid: number): string | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1);
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${afterName?.split(" ")[19] ?? ""}`;
  } catch {
    return undefined;
  }
}

import { randomUUID } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export type DirectoryLock = { ok: true; release: () => void } | { ok: false; message: string };

interface Owner {
  readonly pid: number;
  /** When the kernel started that process, where that can be known: a process id may have been used again. */
  readonly startedAt: string;
  /** Where that process id means something: containers that share a directory count their processes apart. */
  readonly namespace: string;
}

const lockName = /^relay-[0-9a-f-]+\.lock$/;
const beatEveryMs = 500;
/** How long a lock of another container has to lie untouched until its owner counts as dead. */
const patienceMs = 5_000;

/**
 * Takes the data directory for this process. A second process opening it would destroy it without a word,
 * so this comes before anything else touches it. The lock of a process that has died is taken over.
 *
 * Every process writes a lock of its own name before it looks for others, so of two that start together at most
 * one can miss the other, and removing a dead one's lock can never remove a living one's.
 */
export async function lockDirectory(directory: string, patience = patienceMs): Promise<DirectoryLock> {
  const name = `relay-${randomUUID()}.lock`;
  const path = join(directory, name);
  let beat: NodeJS.Timeout | undefined;
  const release = () => {
    clearInterval(beat);
    remove(path);
  };
  try {
    mkdirSync(directory, { recursive: true });
    writeWhole(path, JSON.stringify(ownerHere()));
    beat = setInterval(() => touch(path), beatEveryMs).unref();
    for (const other of readdirSync(directory).filter((file) => lockName.test(file) && file !== name)) {
      const otherPath = join(directory, other);
      const owner = readOwner(otherPath);
      if (owner && (await isAlive(owner, otherPath, patience))) {
        release();
        return { ok: false, message: takenMessage(directory, owner) };
      }
      remove(otherPath);
    }
    return { ok: true, release };
  } catch (error) {
    release();
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the data directory ${directory} cannot be used: ${why}` };
  }
}

function takenMessage(directory: string, owner: Owner): string {
  const where = owner.namespace === namespaceHere() ? "" : " of another container";
  return (
    `the data directory ${directory} is in use by process ${owner.pid}${where}; ` +
    `stop that one, choose another DATA_DIR, or set REDIS_URL or DATABASE_URL to share a store`
  );
}

/** A renamed file appears whole or not at all, which a written one does not. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.draft`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It lies in no directory; a lock that stays behind is recognized as a dead one's.
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The directory was taken away from under us; PGlite will say so.
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof owner !== "object" || owner === null) return undefined;
    if (!("pid" in owner) || typeof owner.pid !== "number") return undefined;
    return {
      pid: owner.pid,
      startedAt: "startedAt" in owner ? String(owner.startedAt) : "",
      namespace: "namespace" in owner ? String(owner.namespace) : "",
    };
  } catch {
    return undefined;
  }
}

function ownerHere(): Owner {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? "", namespace: namespaceHere() };
}

async function isAlive(owner: Owner, path: string, patience: number): Promise<boolean> {
  return owner.namespace === namespaceHere() ? isRunning(owner) : await isBeating(path, patience);
}

function isRunning(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  if (hasExited(owner.pid)) return false;
  const startedAt = startOf(owner.pid);
  return startedAt === undefined || owner.startedAt === "" || startedAt === owner.startedAt;
}

/** Only that the lock is touched again says anything: two machines need not agree about the time. */
async function isBeating(path: string, patience: number): Promise<boolean> {
  const first = touchedAt(path);
  if (first === undefined) return false;
  for (let waited = 0; waited < patience; waited += beatEveryMs / 2) {
    await sleep(beatEveryMs / 2);
    const latest = touchedAt(path);
    if (latest !== first) return latest !== undefined;
  }
  return false;
}

function touchedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Boot id and start time of a process, from Linux's /proc; undefined elsewhere. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${statusOf(pid)[19] ?? ""}`;
  } catch {
    return undefined;
  }
}

/** A process that has ended keeps its id until its parent asks for it, which a container's first process may never. */
function hasExited(pid: number): boolean {
  try {
    return ["Z", "X"].includes(statusOf(pid)[0] ?? "");
  } catch {
    return false;
  }
}

/** The fields after the process's name, which may itself hold spaces and brackets: see proc_pid_stat(5). */
function statusOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
}

function namespaceHere(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

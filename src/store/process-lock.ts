import { readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The process that wrote a lock. */
export interface LockOwner {
  readonly pid: number;
  /** When the kernel started that process, where that can be known: a process id may have been used again. */
  readonly startedAt: string;
  /** Where that process id means something: containers that share a directory count their processes apart. */
  readonly namespace: string;
}

/** What a look at a lock tells of its owner; `elsewhere`: its process cannot be asked for, only its beat be watched. */
export type Life = "alive" | "dead" | "elsewhere";

const beatEveryMs = 500;
/** How long a lock of another container has to lie untouched until its owner counts as dead. */
const patienceMs = 5_000;

/** Writes a lock of this process, whole or not at all, and keeps it beating until it is released. */
export function holdLock(path: string): { release: () => void } {
  const draft = `${path}.draft`;
  try {
    writeFileSync(draft, JSON.stringify(ownerHere()));
    renameSync(draft, path);
  } catch (error) {
    removeLock(draft);
    throw error;
  }
  const beat = setInterval(() => touch(path), beatEveryMs).unref();
  return {
    release() {
      clearInterval(beat);
      removeLock(path);
    },
  };
}

export function removeLock(path: string): void {
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
    // The directory was taken away from under us; whoever writes to it will say so.
  }
}

/** Undefined when there is no lock, or it is not one of ours. */
export function lockOwner(path: string): LockOwner | undefined {
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

export function isOfThisNamespace(owner: LockOwner): boolean {
  return owner.namespace === namespaceHere();
}

/** A lock without an owner is a dead one's. */
export function lifeOf(path: string): Life {
  const owner = lockOwner(path);
  if (!owner) return "dead";
  if (!isOfThisNamespace(owner)) return "elsewhere";
  return isRunning(owner) ? "alive" : "dead";
}

function ownerHere(): LockOwner {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? "", namespace: namespaceHere() };
}

function isRunning(owner: LockOwner): boolean {
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
export async function isBeating(path: string, patience = patienceMs): Promise<boolean> {
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

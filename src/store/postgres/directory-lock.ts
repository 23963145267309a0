import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  holdLock,
  isBeating,
  isOfThisNamespace,
  lifeOf,
  lockOwner,
  removeLock,
  type LockOwner,
} from "../process-lock.ts";

export type DirectoryLock = { ok: true; release: () => void } | { ok: false; message: string };

const lockName = /^relay-[0-9a-f-]+\.lock$/;

/**
 * Takes the data directory for this process. A second process opening it would destroy it without a word,
 * so this comes before anything else touches it. The lock of a process that has died is taken over.
 *
 * Every process writes a lock of its own name before it looks for others, so of two that start together at most
 * one can miss the other, and removing a dead one's lock can never remove a living one's.
 */
export async function lockDirectory(directory: string, patience?: number): Promise<DirectoryLock> {
  const name = `relay-${randomUUID()}.lock`;
  let release = (): void => undefined;
  try {
    mkdirSync(directory, { recursive: true });
    release = holdLock(join(directory, name)).release;
    for (const other of readdirSync(directory).filter((file) => lockName.test(file) && file !== name)) {
      const otherPath = join(directory, other);
      const owner = await livingOwner(otherPath, patience);
      if (owner) {
        release();
        return { ok: false, message: takenMessage(directory, owner) };
      }
      removeLock(otherPath);
    }
    return { ok: true, release };
  } catch (error) {
    release();
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the data directory ${directory} cannot be used: ${why}` };
  }
}

/** The process that has the directory now, without taking it. */
export async function directoryOwner(directory: string, patience?: number): Promise<string | undefined> {
  const locks = existsSync(directory) ? readdirSync(directory).filter((file) => lockName.test(file)) : [];
  for (const lock of locks) {
    const owner = await livingOwner(join(directory, lock), patience);
    if (owner) return ownerText(owner);
  }
  return undefined;
}

async function livingOwner(path: string, patience: number | undefined): Promise<LockOwner | undefined> {
  const owner = lockOwner(path);
  const life = lifeOf(path);
  const lives = life === "alive" || (life === "elsewhere" && (await isBeating(path, patience)));
  return lives ? owner : undefined;
}

function ownerText(owner: LockOwner): string {
  return `process ${owner.pid}${isOfThisNamespace(owner) ? "" : " of another container"}`;
}

function takenMessage(directory: string, owner: LockOwner): string {
  return (
    `the data directory ${directory} is in use by ${ownerText(owner)}; ` +
    `stop that one, choose another DATA_DIR, or set REDIS_URL or DATABASE_URL to share a store`
  );
}

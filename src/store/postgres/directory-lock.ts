import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
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
      const owner = lockOwner(otherPath);
      const life = lifeOf(otherPath);
      if (owner && (life === "alive" || (life === "elsewhere" && (await isBeating(otherPath, patience))))) {
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

function takenMessage(directory: string, owner: LockOwner): string {
  const where = isOfThisNamespace(owner) ? "" : " of another container";
  return (
    `the data directory ${directory} is in use by process ${owner.pid}${where}; ` +
    `stop that one, choose another DATA_DIR, or set REDIS_URL or DATABASE_URL to share a store`
  );
}

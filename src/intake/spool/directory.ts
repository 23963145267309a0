import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { monotonicFactory } from "ulid";

/** How processes that share a directory tell which of them live: by locks that they keep fresh. */
export interface ProcessLocks {
  hold(path: string): { release: () => void };
  /** `elsewhere`: only watching its beat tells. */
  lifeOf(path: string): "alive" | "dead" | "elsewhere";
  isBeating(path: string): Promise<boolean>;
}

/** The spool's directory: files named `<file>.<owner>.log`, and per owner a lock `<owner>.lock`. */
export interface SpoolDirectory {
  readonly path: string;
  /** A path that no other process uses, later ones sorting behind earlier ones. Rejects when nothing can be written. */
  newFile(): Promise<string>;
  /** Takes the directory into use. Rejects when nothing can be written there. */
  own(): Promise<void>;
  /** Others may take over what is left. */
  disown(): void;
  /**
   * Renames the files of dead processes to this one's, and tells their paths. Without `patient`, those of other
   * containers are left for later, because judging them takes seconds.
   */
  takeOver(patient: boolean, onTaken: (path: string) => void): Promise<void>;
}

const id = "[0-9A-HJKMNP-TV-Z]{26}";
const ownedName = new RegExp(`^(?:(${id})\\.)?(${id})\\.(?:log|lock)$`);

export function createSpoolDirectory(path: string, locks: ProcessLocks): SpoolDirectory {
  const nextId = monotonicFactory();
  const lockOf = (owner: string) => join(path, `${owner}.lock`);
  const fileOf = (file: string, owner: string) => join(path, `${file}.${owner}.log`);
  let owned: { owner: string; release: () => void } | undefined;

  async function own(): Promise<string> {
    await makeDurably(path);
    if (!owned) {
      const owner = nextId();
      owned = { owner, release: locks.hold(lockOf(owner)).release };
    }
    return owned.owner;
  }

  async function isDead(owner: string, patient: boolean): Promise<boolean> {
    const life = locks.lifeOf(lockOf(owner));
    if (life !== "elsewhere") return life === "dead";
    return patient && !(await locks.isBeating(lockOf(owner)));
  }

  async function takeFrom(
    owner: string,
    files: readonly string[],
    onTaken: (path: string) => void,
  ): Promise<void> {
    for (const file of files) {
      const mine = fileOf(file, await own());
      // Of several that try to take it over, one succeeds.
      const renamed = await unlessAbsent(rename(fileOf(file, owner), mine).then(() => true));
      if (renamed) onTaken(mine);
    }
    await rm(lockOf(owner), { force: true });
  }

  /** The files of every other owner that left a file or a lock. */
  async function others(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const name of (await unlessAbsent(readdir(path))) ?? []) {
      const [, file, owner] = ownedName.exec(name) ?? [];
      if (owner === undefined || owner === owned?.owner) continue;
      found.set(owner, [...(found.get(owner) ?? []), ...(file === undefined ? [] : [file])]);
    }
    return found;
  }

  return {
    path,
    newFile: async () => fileOf(nextId(), await own()),
    own: async () => void (await own()),
    disown() {
      owned?.release();
      owned = undefined;
    },
    async takeOver(patient, onTaken) {
      for (const [owner, files] of await others()) {
        if (await isDead(owner, patient)) await takeFrom(owner, files.toSorted(), onTaken);
      }
    },
  };
}

/** A file is as durable as its name in its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } catch (error) {
    // Some file systems have no such thing.
    if (!["EINVAL", "EPERM", "ENOTSUP"].includes(codeOf(error))) throw error;
  } finally {
    await directory.close();
  }
}

/** Its name in every directory that had to be made for it is durable too. What it holds is personal data. */
async function makeDurably(path: string): Promise<void> {
  const above = await mkdir(dirname(path), { recursive: true });
  const made = (await mkdir(path, { recursive: true, mode: 0o700 })) ?? above;
  if (made === undefined) return;
  const first = resolve(above ?? made);
  for (let at = resolve(path); at !== dirname(first); at = dirname(at)) await syncDirectory(dirname(at));
}

/** Undefined where there is no such file. */
export async function unlessAbsent<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

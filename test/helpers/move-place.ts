import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoreAt } from "../../src/commands/open-store.ts";
import { readPlace } from "../../src/commands/move/places.ts";
import type { Store } from "../../src/store/store.ts";
import { placeDatabase } from "./embedded-template.ts";
import type { EngineName, EngineUnderTest } from "./engines.ts";
import { finishCommand } from "./relay-process.ts";
import { sampleOptions } from "./store-samples.ts";

/** One store of a move: what the command line calls it, and the settings that make a relay use it. */
export interface MovePlace {
  readonly name: string;
  readonly prefix: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Opens it in this process, which has to be the only one. */
  withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result>;
  remove(): void;
}

export function newPlace(engine: EngineName, under: EngineUnderTest): MovePlace {
  const directory = mkdtempSync(join(tmpdir(), `relay-move-${engine}-`));
  const settings = under.settings(directory);
  const name = settings["REDIS_URL"] ?? settings["DATABASE_URL"] ?? settings["DATA_DIR"] ?? "";
  const prefix = settings["STORE_PREFIX"] ?? "relay";
  return {
    name,
    prefix,
    settings,
    async withStore(work) {
      const read = readPlace("--from", name, prefix);
      if (!read.ok) throw new Error(read.problem);
      if (engine === "embedded") await placeDatabase(name);
      const options = sampleOptions({ prefix, retentionMs: 168 * 3_600_000, retentionEvents: 100_000 });
      const opened = await openStoreAt(read.place.settings, options);
      if (!opened.ok) throw new Error(opened.message);
      try {
        return await work(opened.store);
      } finally {
        await opened.store.close(10_000);
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export function moveArguments(from: MovePlace, to: MovePlace, ...more: string[]): string[] {
  const prefixes = ["--from-prefix", from.prefix, "--to-prefix", to.prefix];
  return ["move", "--from", from.name, "--to", to.name, ...prefixes, ...more];
}

export interface MoveSummary {
  readonly ok: boolean;
  readonly reason?: string;
  readonly already?: boolean;
  readonly counts: Readonly<Record<string, { source: number; target: number }>>;
  readonly duplicates: number;
  readonly missing: number;
}

/** Runs the built command to its end. */
export async function moveStore(from: MovePlace, to: MovePlace, ...more: string[]) {
  const { code, out, err } = await finishCommand(moveArguments(from, to, "--json", ...more), {});
  const summary = out === "" ? undefined : (JSON.parse(out) as MoveSummary);
  return { code, err, summary };
}

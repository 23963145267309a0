import { unwatchFile, watchFile } from "node:fs";
import type { Config } from "../config.ts";
import type { SourcesResult } from "../sources/load.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Io } from "./io.ts";

const lookEveryMs = 1_000;

export interface ReloadOptions {
  readonly load: () => Promise<SourcesResult>;
  readonly take: (loaded: Extract<SourcesResult, { ok: true }>) => void;
  /** Told of what came of it, in a few words. */
  readonly counted: (result: "taken" | "rejected", detail: string) => void;
  readonly log: Logger;
}

export interface Reloading {
  /** Reads the sources anew. Asked while it does so, it reads once more afterwards. */
  again(): void;
  /** Resolves when nothing is being read. */
  settled(): Promise<void>;
}

/** Takes sources that are right in place of those that are served; wrong ones leave them as they are. */
export function reloadSources(options: ReloadOptions, served: readonly Source[]): Reloading {
  const { load, take, counted, log } = options;
  let names = served.map(({ name }) => name);
  let reading: Promise<void> | undefined;
  let asked = false;

  async function read(): Promise<void> {
    const loaded = await load();
    if (!loaded.ok) {
      for (const problem of loaded.problems) log.error(problem);
      log.error(
        { problems: loaded.problems.length, sources: names },
        "the sources are wrong: those of before stay",
      );
      counted("rejected", `${loaded.problems.length} problems`);
      return;
    }
    take(loaded);
    const now = loaded.sources.map(({ name }) => name);
    const added = now.filter((name) => !names.includes(name));
    const removed = names.filter((name) => !now.includes(name));
    names = now;
    for (const line of loaded.notes) log.info(line);
    log.info({ sources: now, added, removed }, "the sources were read anew");
    counted("taken", changesText(now, added, removed));
  }

  async function readUntilCalm(): Promise<void> {
    while (asked) {
      asked = false;
      await read().catch((error: unknown) => log.error({ error }, "the sources could not be read anew"));
    }
    reading = undefined;
  }

  return {
    again() {
      asked = true;
      reading ??= readUntilCalm();
    },
    async settled() {
      await reading;
    },
  };
}

function changesText(now: readonly string[], added: readonly string[], removed: readonly string[]): string {
  const changes = [
    added.length > 0 ? `added ${added.join(", ")}` : "",
    removed.length > 0 ? `removed ${removed.join(", ")}` : "",
  ].filter((text) => text !== "");
  return [`${now.length} sources`, ...changes].join("; ");
}

/** Calls back on a SIGHUP and, with `SOURCES_WATCH`, when the file has changed; until the returned function is called. */
export function watchSources(
  io: Io,
  config: Pick<Config, "sourcesFile" | "sourcesWatch">,
  changed: () => void,
) {
  const callOff = io.onHangup?.(changed);
  const { sourcesFile, sourcesWatch } = config;
  const watched = sourcesWatch ? sourcesFile : undefined;
  // Looked at by its name: an editor or a cluster puts another file in its place.
  if (watched !== undefined) watchFile(watched, { interval: lookEveryMs, persistent: false }, changed);
  return () => {
    callOff?.();
    if (watched !== undefined) unwatchFile(watched, changed);
  };
}

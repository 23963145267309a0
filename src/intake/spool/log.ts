import { open, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory, unlessAbsent, type SpoolDirectory } from "./directory.ts";
import { readPieces, type Piece } from "./record.ts";

/** One file of the log. */
export interface Segment {
  readonly path: string;
  /** What is durably in it. */
  bytes: number;
  events: number;
  /** How many of its events, from its beginning, need it no more. */
  drained: number;
  /** Holds something that could not be brought to the store: it is set aside in the end, not removed. */
  flawed: boolean;
}

export type LogFile = Pick<FileHandle, "appendFile" | "datasync" | "truncate" | "close">;
export type OpenLogFile = (path: string) => Promise<LogFile>;

export const createLogFile: OpenLogFile = (path) => open(path, "ax", 0o600);

/** The files of one process, oldest first. `append` and `seal` must not overlap. */
export interface SegmentLog {
  readonly segments: readonly Segment[];
  /** Resolves once the records are durable, in this process's own file. After a rejection none of them counts. */
  append(records: readonly Buffer[]): Promise<void>;
  /** Whether records may still be appended to it. */
  isOpen(segment: Segment): boolean;
  /** Closes the current file; the next record opens a new one. */
  seal(): Promise<void>;
  /** Puts a file that was taken over to the others, by its age. */
  include(segment: Segment): void;
  /** Answers where it was set aside, if it was. */
  remove(segment: Segment): Promise<string | undefined>;
}

const takeOversMax = 3;

export function createSegmentLog(
  directory: SpoolDirectory,
  options: {
    readonly segmentBytes: number;
    readonly openFile: OpenLogFile;
    /** Other processes took this one for dead and its files with them. */
    readonly onTakenOver: () => void;
  },
): SegmentLog {
  let segments: Segment[] = [];
  let active: { readonly segment: Segment; readonly file: LogFile } | undefined;

  async function begin(): Promise<NonNullable<typeof active>> {
    const path = await directory.newFile();
    const file = await options.openFile(path);
    const segment: Segment = { path, bytes: 0, events: 0, drained: 0, flawed: false };
    active = { segment, file };
    segments = [...segments, segment];
    await syncDirectory(dirname(path));
    return active;
  }

  /** Nothing may follow a record that was cut off, nor a sync that failed: the next record opens a new file. */
  async function abandon(): Promise<void> {
    if (!active) return;
    const { segment, file } = active;
    active = undefined;
    await file.truncate(segment.bytes).catch(() => undefined);
    await file.close().catch(() => undefined);
    if (segment.events === 0) await remove(segment).catch(() => undefined);
  }

  async function remove(segment: Segment): Promise<string | undefined> {
    const aside = segment.flawed ? segment.path.replace(/(\.[^.]*)?\.log$/, ".set-aside") : undefined;
    if (aside === undefined) await rm(segment.path, { force: true });
    else await unlessAbsent(rename(segment.path, aside));
    segments = segments.filter((other) => other !== segment);
    return aside;
  }

  async function seal(): Promise<void> {
    const file = active?.file;
    active = undefined;
    // Everything in it has been synced.
    await file?.close().catch(() => undefined);
  }

  async function append(records: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(records);
    for (let tries = 1; tries <= takeOversMax; tries += 1) {
      try {
        const { segment, file } = active ?? (await begin());
        await file.appendFile(bytes);
        await file.datasync();
        // Whoever takes a file over renames it before reading it, so what is still in place now will be read.
        if (await unlessAbsent(stat(segment.path))) {
          segment.bytes += bytes.length;
          segment.events += records.length;
          if (segment.bytes >= options.segmentBytes) await seal();
          return;
        }
      } catch (error) {
        await abandon();
        throw error;
      }
      await seal();
      segments = [];
      directory.disown();
      options.onTakenOver();
    }
    throw new Error(`the files in ${directory.path} are taken away as soon as they are written`);
  }

  return {
    get segments() {
      return segments;
    },
    append,
    isOpen: (segment) => active?.segment === segment,
    seal,
    include(found) {
      segments = [...segments, found].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    },
    remove,
  };
}

/** What a file holds; undefined when it is gone. */
export async function readSegment(path: string): Promise<Piece[] | undefined> {
  const bytes = await unlessAbsent(readFile(path));
  return bytes && [...readPieces(bytes)];
}

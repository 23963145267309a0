import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { RelayEvent } from "../../contact/event.ts";
import { unlessAbsent } from "./directory.ts";
import type { DrainSource } from "./drain.ts";
import { readSegment, type Segment, type SegmentLog } from "./log.ts";
import type { SpoolNotice } from "./notice.ts";

export interface Contents extends DrainSource {
  /** Puts files that were taken over to the others and shows what they hold, one after the other: all are many. */
  include(paths: readonly string[], show: (events: readonly RelayEvent[]) => void): Promise<void>;
  /** Lets go of what was read ahead. */
  forget(): void;
}

const batchBytesMax = 1_048_576;

/** What a log holds, read back in order. */
export function createContents(
  log: SegmentLog,
  options: {
    /** Closes the current file between two writes. */
    readonly seal: () => Promise<void>;
    readonly notify: (notice: SpoolNotice) => void;
    /** These need the log no more. */
    readonly onGone: (events: readonly RelayEvent[]) => void;
    /** A file is gone with what it held, whatever that was. */
    readonly onVanished: () => void;
  },
): Contents {
  const { notify } = options;
  const read = new Map<Segment, readonly RelayEvent[]>();
  const reported = new WeakSet<Segment>();

  /** Undefined when the file is gone. */
  async function load(segment: Segment): Promise<readonly RelayEvent[] | undefined> {
    const pieces = await readSegment(segment.path);
    if (!pieces) return undefined;
    const file = basename(segment.path);
    for (const piece of reported.has(segment) ? [] : pieces) {
      if (piece.kind === "event") continue;
      if (piece.kind === "damaged") segment.flawed = true;
      const bytes = piece.kind === "damaged" ? piece.bytes.length : piece.bytes;
      notify({ kind: piece.kind, file, bytes });
    }
    reported.add(segment);
    const events = pieces.flatMap((piece) => (piece.kind === "event" ? [piece.event] : []));
    segment.events = events.length;
    return events;
  }

  /** Of a file that is gone, nothing. */
  async function eventsOf(segment: Segment): Promise<readonly RelayEvent[]> {
    if (log.isOpen(segment)) await options.seal();
    const known = read.get(segment);
    if (known) return known;
    const events = await load(segment);
    if (events) {
      read.set(segment, events);
      return events;
    }
    notify({ kind: "vanished", file: basename(segment.path), events: segment.events - segment.drained });
    segment.drained = segment.events;
    options.onVanished();
    return [];
  }

  /** Removes the oldest files as long as they hold nothing more. */
  async function tidy(): Promise<void> {
    for (const segment of log.segments) {
      if (log.isOpen(segment) || segment.drained < segment.events) return;
      const aside = await log.remove(segment);
      read.delete(segment);
      if (aside !== undefined) notify({ kind: "set-aside", file: basename(aside) });
    }
  }

  async function oldest(count: number): Promise<readonly RelayEvent[]> {
    const found: RelayEvent[] = [];
    let bytes = 0;
    for (const segment of log.segments) {
      // One whose first write failed is about to be removed: there is nothing to read, and nothing to miss.
      if (segment.drained >= segment.events) continue;
      const events = await eventsOf(segment);
      for (const event of events.slice(segment.drained)) {
        bytes += event.payload.length;
        if (found.length === count || (found.length > 1 && bytes > batchBytesMax)) return found;
        found.push(event);
      }
    }
    await tidy();
    return found;
  }

  async function taken(count: number): Promise<void> {
    let left = count;
    for (const segment of log.segments) {
      const events = (read.get(segment) ?? []).slice(segment.drained, segment.drained + left);
      segment.drained += events.length;
      left -= events.length;
      options.onGone(events);
      if (left === 0) break;
    }
    await tidy();
  }

  return {
    isEmpty: () => log.segments.every(({ events, drained }) => events === drained),
    oldest,
    taken,
    async setAside(cause) {
      const [event] = await oldest(1);
      const segment = log.segments.find(({ events, drained }) => drained < events);
      if (!event || !segment) return;
      segment.flawed = true;
      notify({ kind: "refused", eventId: event.id, source: event.source, cause });
      await taken(1);
    },
    async include(paths, show) {
      for (const path of paths) {
        // Until it is read it counts as holding something.
        const segment: Segment = { path, bytes: 0, events: 1, drained: 0, flawed: false };
        log.include(segment);
        try {
          segment.bytes = (await unlessAbsent(stat(path)))?.size ?? 0;
          show((await load(segment)) ?? []);
        } catch (error) {
          notify({ kind: "unusable", cause: error });
        }
      }
      await tidy();
    },
    forget: () => read.clear(),
  };
}

import type { PacerState, QueueCounts } from "../store/store.ts";
import type { NoticeKind, Sighting } from "./kinds.ts";
import { minutesUntilDone } from "./until-done.ts";

type IsOpen = (about: { readonly kind: NoticeKind; readonly subject?: string }) => boolean;

/** How it stands with one workspace. */
export interface WorkspaceFigures {
  /** Its destination; undefined where the relay has one workspace. */
  readonly destination: string | undefined;
  readonly pace: PacerState;
  readonly queues: { readonly events: QueueCounts; readonly contacts: QueueCounts };
  /** Items that are parked in groups which nobody has acknowledged or muted; undefined where they could not be counted. */
  readonly parked: number | undefined;
}

/** What of a workspace needs a person. */
export function workspaceSightings(
  { destination, pace, queues, parked }: WorkspaceFigures,
  behindMinutes: number,
  isOpen: IsOpen,
): Sighting[] {
  const subject = destination === undefined ? {} : { subject: destination };
  const found: Sighting[] = [];
  if (pace.reason === "unauthorized") found.push({ kind: "token-refused", ...subject, level: 1 });
  if (pace.reason === "failing") found.push({ kind: "api-failing", ...subject, level: 1 });
  // What was told and cannot be counted now is not over.
  const level = parked ?? (isOpen({ kind: "parked", ...subject }) ? 1 : 0);
  if (level > 0) found.push({ kind: "parked", ...subject, level });
  // While the API takes nothing, that says it: how long it takes then nobody knows. What was told before is not over.
  const stands = pace.reason === "unauthorized" || pace.reason === "failing";
  const isBehind = isOpen({ kind: "behind", ...subject });
  const minutes = stands && !isBehind ? 0 : minutesUntilDone(pace.rate, queues);
  const limit = isBehind ? behindMinutes / 2 : behindMinutes;
  if (minutes > limit) found.push({ kind: "behind", ...subject, level: Math.ceil(minutes) });
  return found;
}

/** Buses of sources that do not answer. */
export function busSightings(
  buses: Readonly<Record<string, { readonly state: "up" | "away" | "waiting" }>>,
): Sighting[] {
  return Object.entries(buses)
    .filter(([, { state }]) => state === "away")
    .map(([source]) => ({ kind: "bus-away", subject: source, level: 1 }));
}

/** What lies in the spool of this process, by its name. */
export function spoolSightings(
  spool: { readonly events: number; readonly bytes: number },
  bytesMax: number,
  process: string,
): Sighting[] {
  const found: Sighting[] = [];
  if (bytesMax > 0 && spool.bytes > bytesMax / 2) {
    found.push({ kind: "spool-half-full", subject: process, level: spool.bytes });
  }
  if (spool.events > 0) found.push({ kind: "spool-filling", subject: process, level: spool.events });
  return found;
}

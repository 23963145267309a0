import type { DeliveryNote, NotedField, NoteOutcome } from "./mailbox-port.ts";
import { historyMax } from "./retention.ts";

/** A line as it is kept: short, because there are many, and `at` first, because the script of Redis looks for it there. */
interface KeptNote {
  readonly at: number;
  readonly o: NoteOutcome;
  readonly ms?: number;
  readonly s?: number | "network" | "timeout";
  readonly m?: string;
  /** Event -> its fields. */
  readonly f: Readonly<Record<string, readonly string[]>>;
  /** Superseded events. */
  readonly x?: readonly string[];
  readonly p?: string;
  readonly pid?: string;
}

/** As lines were kept when they told no more than this. */
interface FormerNote {
  readonly at: number;
  readonly outcome: string;
  readonly status?: number;
  readonly fields: readonly string[];
  readonly eventIds: readonly string[];
}

const messageLengthMax = 500;
const supersededMax = 20;

export function keptNote(note: DeliveryNote): string {
  const byEvent = new Map<string, string[]>();
  for (const { field, eventId = "" } of note.fields) {
    const known = byEvent.get(eventId);
    if (known) known.push(field);
    else byEvent.set(eventId, [field]);
  }
  const kept: KeptNote = {
    at: Math.round(note.at),
    o: note.outcome,
    ...(note.durationMs === undefined ? {} : { ms: Math.round(note.durationMs) }),
    ...(note.status === undefined ? {} : { s: note.status }),
    ...(note.message === undefined ? {} : { m: note.message.slice(0, messageLengthMax) }),
    f: Object.fromEntries(byEvent),
    ...(note.superseded?.length ? { x: note.superseded.slice(0, supersededMax) } : {}),
    ...(note.parked === undefined ? {} : { p: note.parked }),
    ...(note.parkedId === undefined ? {} : { pid: note.parkedId }),
  };
  return JSON.stringify(kept);
}

export function readNote(text: string): DeliveryNote {
  const kept = JSON.parse(text) as KeptNote | FormerNote;
  if ("outcome" in kept) return fromFormer(kept);
  const fields = Object.entries(kept.f).flatMap(([eventId, names]) =>
    names.map((field): NotedField => (eventId === "" ? { field } : { field, eventId })),
  );
  return {
    at: kept.at,
    outcome: kept.o,
    ...(kept.ms === undefined ? {} : { durationMs: kept.ms }),
    ...(kept.s === undefined ? {} : { status: kept.s }),
    ...(kept.m === undefined ? {} : { message: kept.m }),
    fields,
    ...(kept.x === undefined ? {} : { superseded: kept.x }),
    ...(kept.p === undefined ? {} : { parked: kept.p }),
    ...(kept.pid === undefined ? {} : { parkedId: kept.pid }),
  };
}

function fromFormer({ at, outcome, status, fields, eventIds }: FormerNote): DeliveryNote {
  const [eventId, ...others] = eventIds;
  const isOnes = eventId !== undefined && others.length === 0;
  const [, parked] = /^parked: (.*)$/s.exec(outcome) ?? [];
  return {
    at,
    outcome:
      parked !== undefined ? "parked" : outcome.startsWith("not found") ? "not-found" : ("applied" as const),
    ...(status === undefined ? {} : { status }),
    fields: fields.map((field) => (isOnes ? { field, eventId } : { field })),
    ...(parked === undefined ? {} : { parked }),
  };
}

/** Lines as they were found, by time and without those that are too old or too many. */
export function readHistory(texts: readonly string[], oldest: number): readonly DeliveryNote[] {
  return texts
    .map(readNote)
    .filter(({ at }) => at > oldest)
    .toSorted((a, b) => a.at - b.at)
    .slice(-historyMax);
}

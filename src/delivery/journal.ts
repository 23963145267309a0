import type { ApiResult } from "../aelyst/result.ts";
import { patchEntries, type FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Applied } from "../contact/merge.ts";
import type { DeliveryNote, Mailbox, NotedField, NoteOutcome, Parked } from "../store/store.ts";

/** One request as whoever made it tells of it. */
export interface RequestMade {
  /** When it left. Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  readonly result: ApiResult;
  /** It was to make the contact, not to change it. */
  readonly isCreation?: boolean;
}

interface Line {
  readonly note: DeliveryNote;
  /** What of it is set aside. */
  readonly parked?: Parked;
}

/**
 * The requests of one run that are not in the contact's history yet. They are written with what the run settles anyway,
 * in the same step; only a run that goes on waiting writes them by themselves.
 */
export interface Journal {
  made(request: RequestMade, origins: Applied): void;
  /** Of the latest request something is set aside; `own` is false where no request was made for it. */
  setAside(item: Parked, own: boolean): void;
  /** The lines so far, which are then no more here. `keptIds` are where the parked can be found. */
  take(settled?: { readonly superseded?: readonly string[]; readonly keptIds?: KeptIds }): DeliveryNote[];
  /** Writes them for a contact that goes on waiting. One that was erased meanwhile gets none. */
  write(mailbox: Mailbox, contact: ContactRef, waiting: readonly ContactUpdate[]): Promise<void>;
}

export type KeptIds = ReadonlyMap<Parked, string>;

/** A run that the API limits makes its request again and again. */
const linesMax = 20;

export function createJournal(): Journal {
  let lines: Line[] = [];

  function take({ superseded = [], keptIds }: Parameters<Journal["take"]>[0] = {}): DeliveryNote[] {
    const taken = lines;
    lines = [];
    return taken.map(({ note, parked }, index) => {
      const id = parked && keptIds?.get(parked);
      const isLast = index === taken.length - 1;
      return {
        ...note,
        ...(isLast && superseded.length > 0 ? { superseded } : {}),
        ...(parked ? { parked: parked.reason } : {}),
        ...(id === undefined ? {} : { parkedId: id }),
      };
    });
  }

  return {
    made(request, origins) {
      lines = [...lines, { note: requestNote(request, origins) }].slice(-linesMax);
    },
    setAside(item, own) {
      const last = own ? lines.at(-1) : undefined;
      if (last && !last.parked) lines = [...lines.slice(0, -1), { ...last, parked: item }];
      else lines = [...lines, { note: parkedNote(item), parked: item }];
    },
    take,
    async write(mailbox, contact, waiting) {
      const notes = take();
      if (notes.length === 0 || waiting.length === 0) return;
      const sent = waiting.map(({ id }) => id);
      // The updates wait whatever becomes of these lines.
      await mailbox.settle(contact, { done: [], applied: {}, notes, sent }).catch(() => false);
    },
  };
}

/** A line for updates that needed no request, because something newer had been applied. */
export function supersededNote(at: number, updates: readonly ContactUpdate[]): DeliveryNote {
  return { at, outcome: "superseded", fields: [], superseded: eventsOf(updates) };
}

/** The events that have no field among these. */
export function eventsWithout(updates: readonly ContactUpdate[], origins: Applied): readonly string[] {
  const within = new Set(Object.values(origins).map((origin) => origin?.eventId));
  return eventsOf(updates).filter((id) => !within.has(id));
}

function eventsOf(updates: readonly ContactUpdate[]): string[] {
  return [...new Set(updates.map(({ eventId }) => eventId))];
}

function requestNote({ at, durationMs, result, isCreation }: RequestMade, origins: Applied): DeliveryNote {
  return {
    at,
    outcome: isCreation && result.kind === "ok" ? "created" : outcomeOf(result),
    durationMs,
    ...statusOf(result),
    ...("message" in result ? { message: result.message } : {}),
    fields: Object.entries(origins).flatMap(([field, origin]): NotedField[] =>
      origin ? [{ field, eventId: origin.eventId }] : [],
    ),
  };
}

function outcomeOf({ kind }: ApiResult): NoteOutcome {
  switch (kind) {
    case "ok":
      return "applied";
    case "unavailable":
      return "failed";
    case "limited":
    case "busy":
    case "unauthorized":
    case "invalid":
    case "not-found":
    case "taken":
    case "refused":
      return kind;
  }
}

function statusOf(result: ApiResult): Pick<DeliveryNote, "status"> {
  if (result.kind !== "unavailable" || result.status !== undefined) {
    return result.status === undefined ? {} : { status: result.status };
  }
  return { status: result.reason === "timeout" ? "timeout" : "network" };
}

function parkedNote(item: Parked): DeliveryNote {
  const isOf = (field: FieldName) => item.fields === undefined || item.fields.includes(field);
  return {
    at: item.at,
    outcome: "parked",
    ...(item.message === undefined ? {} : { message: item.message }),
    fields: item.updates.flatMap(({ eventId, patch }) =>
      patchEntries(patch).flatMap(([field]) => (isOf(field) ? [{ field, eventId }] : [])),
    ),
  };
}

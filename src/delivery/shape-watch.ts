import type { FieldReport, MappingReport, RelayEvent } from "../contact/event.ts";

/** What has become different in a source's payloads. */
export interface ShapeChange {
  readonly source: string;
  /** The type of the events it was seen in. */
  readonly type: string;
  /** The form they came from, where they say so. */
  readonly form?: string;
  readonly kind: "field-missing" | "new-answer";
  /** The field that is missing, or the answer's name. */
  readonly name: string;
  /** Where the field's value used to be found. */
  readonly from?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type Observed = Pick<RelayEvent, "source" | "type" | "attributes">;

export interface ShapeWatch {
  /** Looks at one mapped event; answers what has just been noticed. */
  observe(event: Observed, report: MappingReport): readonly ShapeChange[];
  /** What was noticed and still holds, of one source. */
  changes(source: string): readonly ShapeChange[];
  /** Begins anew: the mapping has changed, so that payloads are expected to look different. */
  forget(): void;
}

/** Before so many events of a type nothing is known well enough to be missed, or to be new. */
const eventsMin = 20;
/** A change is noticed when this would be the chance that it only looks like one. */
const accident = 1e-6;
/** A new answer is so until this would be the chance that it is not. */
const doubt = 1e-3;
/** A field in fewer events than this share is missing more often than not. */
const shareMin = 0.05;
/** An answer that was seen less often may be one that hardly anybody gives. */
const sightingsMin = 5;
/** The one that has been quiet for longest is forgotten for a new one. */
const shapesMax = 500;
const answersMax = 200;
const textMax = 200;

interface Seen {
  present: number;
  missingInARow: number;
  missing: number;
  from: string;
}

interface Answer {
  /** The number of the event it was first seen in. */
  readonly first: number;
  sightings: number;
  /** The numbers of the last events it was seen in. */
  last: readonly number[];
  told: boolean;
}

/** The events of one form, or of one type where they say nothing of a form. */
interface Shape {
  readonly source: string;
  readonly type: string;
  readonly form: string | undefined;
  events: number;
  readonly fields: Map<string, Seen>;
  readonly answers: Map<string, Answer>;
  readonly changes: Map<string, ShapeChange>;
}

/**
 * Notices that a mapped path has stopped appearing, or that a form has a new answer that nothing uses. What it knows
 * begins with the process.
 */
export function createShapeWatch(clock: () => number): ShapeWatch {
  const shapes = new Map<string, Shape>();

  function shapeOf(event: Observed): Shape {
    const [source, type, form] = [event.source, bounded(event.type), formOf(event)];
    const key = JSON.stringify([source, type, form]);
    const known = shapes.get(key);
    const fresh = { events: 0, fields: new Map(), answers: new Map(), changes: new Map() };
    const shape = known ?? { source, type, form, ...fresh };
    // The last one is the one that was seen last.
    shapes.delete(key);
    shapes.set(key, shape);
    const [quietest] = shapes.keys();
    if (shapes.size > shapesMax && quietest !== undefined) shapes.delete(quietest);
    return shape;
  }

  function notice(shape: Shape, kind: ShapeChange["kind"], name: string, from?: string): ShapeChange {
    const { source, type, form } = shape;
    const whose = { source, type, ...(form === undefined ? {} : { form }) };
    const change = { ...whose, kind, name, ...(from === undefined ? {} : { from }), at: clock() };
    shape.changes.set(changeKey(kind, name), change);
    return change;
  }

  return {
    observe(event, report) {
      const shape = shapeOf(event);
      shape.events += 1;
      const found: ShapeChange[] = [];
      for (const field of report.fields) {
        const gone = lookAt(shape, field);
        if (gone === "gone") {
          found.push(notice(shape, "field-missing", field.field, shape.fields.get(field.field)?.from));
        }
        if (gone === "back") shape.changes.delete(changeKey("field-missing", field.field));
      }
      for (const name of new Set(report.unusedAnswers.map(bounded))) {
        const answer = see(shape, name);
        if (!answer || !isNew(shape, answer) || shape.changes.has(changeKey("new-answer", name))) continue;
        const change = notice(shape, "new-answer", name);
        if (!answer.told) found.push(change);
        answer.told = true;
      }
      for (const [key, { kind, name }] of shape.changes) {
        const answer = kind === "new-answer" ? shape.answers.get(name) : undefined;
        if (answer && isPast(shape, answer)) shape.changes.delete(key);
      }
      return found;
    },
    changes: (source) =>
      [...shapes.values()]
        .filter((shape) => shape.source === source)
        .flatMap((shape) => [...shape.changes.values()]),
    forget: () => shapes.clear(),
  };
}

function changeKey(kind: ShapeChange["kind"], name: string): string {
  return `${kind} ${name}`;
}

/** What the providers of forms put beside their events as `formId`, `formID` or `form`. */
function formOf({ attributes }: Observed): string | undefined {
  const named = Object.entries(attributes).find(([name]) => /^form(?:_?id)?$/i.test(name));
  return named && bounded(named[1]);
}

function bounded(text: string): string {
  return text.slice(0, textMax);
}

function see(shape: Shape, name: string): Answer | undefined {
  const known = shape.answers.get(name);
  if (!known && shape.answers.size >= answersMax) return undefined;
  const answer = known ?? { first: shape.events, sightings: 0, last: [], told: false };
  answer.sightings += 1;
  answer.last = [...answer.last, shape.events].slice(-sightingsMin);
  shape.answers.set(name, answer);
  return answer;
}

/**
 * Forms leave out what was not answered, so a question that few answer comes late, too. It is new when the chance is small
 * that all its sightings, thrown among all events, fall behind those before the first one.
 */
function isNew(shape: Shape, answer: Answer): boolean {
  const { events } = shape;
  const { first, sightings } = answer;
  if (first <= eventsMin || sightings < sightingsMin) return false;
  const since = events - first + 1;
  let chance = 1;
  for (let sighting = 0; sighting < sightings && chance >= accident; sighting += 1) {
    chance *= (since - sighting) / (events - sighting);
  }
  return chance < accident && !isPast(shape, answer);
}

/** Given so seldom of late that nobody could have missed it before: it was taken out of the form again. */
function isPast({ events }: Shape, { first, last }: Answer): boolean {
  const share = last.length / (events - (last[0] ?? first) + 1);
  return (1 - share) ** (first - 1) > doubt;
}

function lookAt(shape: Shape, report: FieldReport): "gone" | "back" | undefined {
  const seen = shape.fields.get(report.field);
  if (report.was !== undefined && report.from !== undefined) {
    const wasGone = seen !== undefined && isGone(seen);
    shape.fields.set(report.field, {
      present: (seen?.present ?? 0) + 1,
      missing: (seen?.missing ?? 0) + (wasGone ? 0 : (seen?.missingInARow ?? 0)),
      missingInARow: 0,
      from: bounded(report.from),
    });
    return wasGone ? "back" : undefined;
  }
  if (!seen) return undefined;
  const before = isGone(seen);
  seen.missingInARow += 1;
  return !before && isGone(seen) ? "gone" : undefined;
}

/** Missing in a row for longer than its share of the events before would let it by accident. */
function isGone({ present, missing, missingInARow }: Seen): boolean {
  if (present < eventsMin) return false;
  const share = present / (present + missing);
  if (share < shareMin) return false;
  const rare = share >= 1 ? 0 : Math.ceil(Math.log(accident) / Math.log(1 - share));
  return missingInARow >= Math.max(eventsMin, rare);
}

import type { FieldReport, MappingReport, RelayEvent } from "../contact/event.ts";

/** What has become different in a source's payloads. */
export interface ShapeChange {
  readonly source: string;
  /** The type of the events it was seen in. */
  readonly type: string;
  readonly kind: "field-missing" | "new-answer";
  /** The field that is missing, or the answer's name. */
  readonly name: string;
  /** Where the field's value used to be found. */
  readonly from?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ShapeWatch {
  /** Looks at one mapped event; answers what has just been noticed. */
  observe(event: Pick<RelayEvent, "source" | "type">, report: MappingReport): readonly ShapeChange[];
  /** What was noticed and still holds, of one source. */
  changes(source: string): readonly ShapeChange[];
}

/** Before so many events of a type nothing is known well enough to be missed. */
const eventsMin = 20;
/** A field counts as gone when this would be the chance that it is missing so often by accident. */
const accident = 1e-6;
/** A field in fewer events than this share is missing more often than not. */
const shareMin = 0.05;
const shapesMax = 500;
const answersMax = 200;

interface Seen {
  present: number;
  missingInARow: number;
  missing: number;
  from: string;
}

interface Shape {
  events: number;
  readonly fields: Map<string, Seen>;
  readonly answers: Set<string>;
}

/**
 * Notices that a mapped path has stopped appearing, or that a form has a new answer that nothing uses. What it knows
 * begins with the process.
 */
export function createShapeWatch(clock: () => number): ShapeWatch {
  const shapes = new Map<string, Shape>();
  const noticed = new Map<string, ShapeChange>();

  function shapeOf(key: string): Shape | undefined {
    const known = shapes.get(key);
    if (known || shapes.size >= shapesMax) return known;
    const shape = { events: 0, fields: new Map<string, Seen>(), answers: new Set<string>() };
    shapes.set(key, shape);
    return shape;
  }

  return {
    observe({ source, type }, report) {
      const shape = shapeOf(JSON.stringify([source, type]));
      if (!shape) return [];
      shape.events += 1;
      const found: ShapeChange[] = [];
      const notice = (kind: ShapeChange["kind"], name: string, from?: string) => {
        const change = { source, type, kind, name, ...(from === undefined ? {} : { from }), at: clock() };
        noticed.set(keyOf(change), change);
        found.push(change);
      };
      for (const field of report.fields) {
        const gone = lookAt(shape, field);
        if (gone === "gone") notice("field-missing", field.field, shape.fields.get(field.field)?.from);
        if (gone === "back")
          noticed.delete(keyOf({ source, type, kind: "field-missing", name: field.field }));
      }
      for (const answer of report.unusedAnswers) {
        if (shape.answers.has(answer) || shape.answers.size >= answersMax) continue;
        shape.answers.add(answer);
        if (shape.events > eventsMin) notice("new-answer", answer);
      }
      return found;
    },
    changes: (source) => [...noticed.values()].filter((change) => change.source === source),
  };
}

function keyOf({ source, type, kind, name }: Pick<ShapeChange, "source" | "type" | "kind" | "name">): string {
  return JSON.stringify([source, type, kind, name]);
}

function lookAt(shape: Shape, report: FieldReport): "gone" | "back" | undefined {
  const seen = shape.fields.get(report.field);
  if (report.was !== undefined && report.from !== undefined) {
    const wasGone = seen !== undefined && isGone(seen);
    shape.fields.set(report.field, {
      present: (seen?.present ?? 0) + 1,
      missing: (seen?.missing ?? 0) + (wasGone ? 0 : (seen?.missingInARow ?? 0)),
      missingInARow: 0,
      from: report.from,
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

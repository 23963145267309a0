import { z } from "zod";
import { contactAnswer } from "../schemas/contacts.ts";
import { errorAnswer } from "../schemas/error.ts";
import {
  eventAnswer,
  eventsAnswer,
  eventSummary,
  eventUpdate,
  mappingReport,
  mappingWarning,
  previewAnswer,
  previewQuestion,
} from "../schemas/events.ts";
import { failureAnswer, failuresAnswer } from "../schemas/failures.ts";
import { foretoldAnswer, replayAnswer, replayQuestion, replaysAnswer } from "../schemas/replays.ts";
import {
  readinessAnswer,
  sourcesAnswer,
  spoolState,
  statusAnswer,
  statusUnavailable,
  storeState,
  upstreamState,
} from "../schemas/state.ts";
import { contactPatch, contactRef, eventId, stamp } from "../schemas/values.ts";
import { receipt, receiptsAnswer } from "../schemas/webhooks.ts";

/** The schemas that have a name in the document; all others stand where they are used. */
const named: Readonly<Record<string, z.ZodType>> = {
  Contact: contactAnswer,
  ContactPatch: contactPatch,
  ContactRef: contactRef,
  Error: errorAnswer,
  Event: eventAnswer,
  EventId: eventId,
  EventPage: eventsAnswer,
  EventSummary: eventSummary,
  EventUpdate: eventUpdate,
  Failure: failureAnswer,
  FailurePage: failuresAnswer,
  MappingReport: mappingReport,
  MappingWarning: mappingWarning,
  Preview: previewAnswer,
  PreviewQuestion: previewQuestion,
  Readiness: readinessAnswer,
  Receipt: receipt,
  Receipts: receiptsAnswer,
  Replay: replayAnswer,
  ReplayForetold: foretoldAnswer,
  ReplayPage: replaysAnswer,
  ReplayQuestion: replayQuestion,
  Sources: sourcesAnswer,
  Spool: spoolState,
  Stamp: stamp,
  Status: statusAnswer,
  StatusUnavailable: statusUnavailable,
  Store: storeState,
  Upstream: upstreamState,
};

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Components {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** The schema itself, or where it stands. */
  of(schema: z.ZodType): JsonSchema;
}

/** The named schemas and those of `used`, as JSON Schema 2020-12, which is what OpenAPI 3.1 holds. */
export function components(used: readonly z.ZodType[]): Components {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const places = new Map([...new Set(used)].map((schema, index) => [schema, `${place}${index}`]));
  // Around each a schema of its own: what stands in it is a reference where it has a name, and itself where it has none.
  for (const [schema, id] of places) registry.add(z.optional(schema), { id });
  const { schemas } = z.toJSONSchema(registry, {
    // What a client sends and what it gets: transforms are the relay's own business.
    io: "input",
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => withoutNoise(jsonSchema),
  });
  const bare = new Map<string, JsonSchema>();
  for (const [id, { $schema: _, $id: __, ...schema }] of Object.entries(schemas)) bare.set(id, schema);
  return {
    schemas: Object.fromEntries([...bare].filter(([id]) => !id.startsWith(place))),
    of: (schema) => bare.get(places.get(schema) ?? "") ?? {},
  };
}

const place = "place:";

/** What zod's types say to the compiler and to nobody else. */
function withoutNoise(schema: z.core.JSONSchema.BaseSchema): void {
  delete schema.readOnly;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  const { propertyNames } = schema;
  if (typeof propertyNames === "object" && Object.keys(propertyNames).join() === "type") {
    delete schema.propertyNames;
  }
}

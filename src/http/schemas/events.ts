import { z } from "zod";
import { parseContactRef } from "../../contact/contact-ref.ts";
import { priorities } from "../../contact/priority.ts";
import { eventStates } from "../../store/event-log.ts";
import { eventStep } from "./history.ts";
import {
  destinationOf,
  contactPatch,
  contactRef,
  count,
  cursorText,
  eventId,
  fieldValue,
  limitDocumented,
  page,
  pageDefault,
  pageMax,
  stamp,
  time,
} from "./values.ts";

const noTime = "`from` and `to` are times such as 2026-01-31T08:00:00Z, or milliseconds since the epoch.";

export const timeAsked = (description: string) =>
  z
    .string()
    .meta({
      description: `${description} An ISO time, or milliseconds since the epoch.`,
      examples: ["2026-01-31T08:00:00Z", "1769846400000"],
    })
    .transform((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)))
    .refine((time) => !Number.isNaN(time), noTime)
    .exactOptional();

/** Which events a list is of. */
export const eventsFilter = z.object({
  source: z.string().describe("The source that received them.").exactOptional(),
  type: z
    .string()
    .meta({ description: "The provider's event type.", examples: ["orders/create"] })
    .exactOptional(),
  state: z
    .enum(eventStates, `There is no such state; there are: ${eventStates.join(", ")}.`)
    .describe("What is done with them at present.")
    .exactOptional(),
  contact: contactRef
    .transform((text, context) => {
      const contact = parseContactRef(text);
      if (contact) return contact;
      context.addIssue("`contact` is a reference such as phone:+60123456789, email:a@b.co or id:123.");
      return z.NEVER;
    })
    .exactOptional()
    .describe("Those that spoke of this contact."),
  from: timeAsked("Accepted at or after this time."),
  to: timeAsked("Accepted before this time."),
});

/** Anything is a limit here: what is none counts as absent. */
export const eventsLimit = z
  .string()
  .meta(limitDocumented)
  .optional()
  .transform((text) => Math.min(pageMax, Math.max(1, Math.floor(Number(text)) || pageDefault)));

export const eventsQuery = eventsFilter.extend({ limit: eventsLimit, cursor: cursorText.optional() });

/** What every view of an event begins with. */
const head = {
  id: eventId,
  source: z.string().describe("The configured source that received it."),
  destination: destinationOf,
  provider: z.string().meta({ description: "What sent it.", examples: ["shopify"] }),
  type: z.string().meta({ description: "The provider's event type.", examples: ["orders/create"] }),
  occurredAt: time("The provider's time of the event, else that of its arrival."),
  receivedAt: time("When it was accepted."),
  replay: count("0 for the first run. Each replay counts one up."),
  retriedAt: z
    .int()
    .optional()
    .describe("When it was last replayed or retried, in milliseconds since the epoch."),
  erased: z.array(z.string()).readonly().optional().describe("Tags of the contacts that it has erased."),
  withdrawn: z.enum(["erased", "dropped"]).optional().describe("Why its payload is gone for good."),
  priority: z
    .enum(priorities)
    .optional()
    .describe(
      "How soon its turn comes, where that is not the usual: its source's, or `low` for a replay by a filter.",
    ),
  state: z.enum(eventStates),
};

const reason = z.string().describe("Why it failed, was ignored, or what it waits for.");

export const eventSummary = z
  .strictObject({
    ...head,
    outcome: z
      .string()
      .optional()
      .meta({
        description: "Of an event that is done.",
        examples: ["mapped", "ignored", "erased", "failed"],
      }),
    reason: reason.optional(),
    contacts: z.array(contactRef).readonly().describe("The contacts it has updates for."),
  })
  .describe("An event in a list: everything but what it told.");
export type EventSummaryAnswer = z.infer<typeof eventSummary>;

export const eventsAnswer = page(eventSummary);

export const mappingWarning = z
  .strictObject({ field: z.string(), message: z.string() })
  .describe("A field that was left out of an update, and why.");

export const mappingReport = z
  .strictObject({
    fields: z
      .array(
        z.strictObject({
          field: z.string().meta({
            description: "A field of the API, or `id`, which names the contact.",
            examples: ["firstName", "custom_fields.Plan"],
          }),
          from: z
            .string()
            .optional()
            .describe("The path in the payload where the value was found, or the source's own expression."),
          was: fieldValue.optional().describe("What was found there, shortened."),
          became: fieldValue.optional().describe("What is in the update."),
          note: z.string().optional().describe("What a person should know of how the value was read."),
          why: z.string().optional().describe("Why the field is not in the update."),
        }),
      )
      .readonly(),
    unusedAnswers: z.array(z.string()).readonly().describe("Answers of a form that no field was made of."),
  })
  .describe("What mapping did, field by field.");

const appliedAt = time("When it was applied, where the history still tells.").optional();

const fieldFate = z.union([
  z.strictObject({ state: z.literal("applied"), at: appliedAt }),
  z.strictObject({
    state: z.literal("superseded"),
    by: eventId.describe("The newer event that set the field."),
    at: appliedAt,
  }),
  z.strictObject({ state: z.enum(["waiting", "parked", "unknown"]) }),
]);
export type FieldFate = z.infer<typeof fieldFate>;

export const eventUpdate = z
  .strictObject({
    id: z.string(),
    contact: contactRef,
    patch: contactPatch,
    stamp,
    fields: z
      .record(z.string(), fieldFate)
      .describe("What became of each field, as far as it is still known."),
  })
  .describe("What the event wanted changed on one contact.");
export type EventUpdateAnswer = z.infer<typeof eventUpdate>;

export const eventAnswer = z
  .strictObject({
    ...head,
    identity: z.string().describe("Hash of what makes the event itself within its source."),
    attributes: z.record(z.string(), z.string()).describe("What the provider said around the payload."),
    attempts: count("How often mapping was begun since it was accepted, replayed or retried."),
    outcome: z.enum(["pending", "mapped", "ignored", "erased", "failed"]),
    reason: reason.optional(),
    warnings: z.array(mappingWarning).readonly(),
    mapping: mappingReport.optional(),
    updates: z.array(eventUpdate).readonly(),
    history: z
      .array(eventStep)
      .readonly()
      .describe(
        "What became of it, oldest first: received, stored, mapped, then each request that carried it.",
      ),
    payload: z
      .unknown()
      .describe("As JSON, as its text where reading it would change a number, null when it is gone."),
  })
  .describe("One event: its payload, its updates and what became of each.");
export type EventAnswer = z.infer<typeof eventAnswer>;

export const replayedAnswer = z.strictObject({ status: z.literal("replayed"), id: eventId });

const mapAsked = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .optional()
  .describe("In place of the source's own `map`: as in the sources file, as YAML or as JSON.");

export const previewQuestion = z
  .union([
    z.object({
      source: z.string().describe("The name of a configured source."),
      payload: z.unknown().describe("The body as JSON, or as a text for any other content type."),
      headers: z
        .record(z.string(), z.string())
        .optional()
        .describe("Headers that the sender would send with it."),
      type: z
        .string()
        .optional()
        .catch(undefined)
        .describe("The event's type, for providers that send it in a header."),
      map: mapAsked,
    }),
    z.object({ event: eventId.describe("A recorded event, in place of a payload."), map: mapAsked }),
  ])
  .meta({
    description: "What would this payload, or this recorded event, become?",
    examples: [{ source: "form", payload: { email: "ada@example.com", first_name: "Ada" } }],
  });

export const previewAnswer = z
  .strictObject({
    source: z.string(),
    provider: z.string(),
    updates: z
      .array(
        z.strictObject({
          contact: contactRef,
          patch: contactPatch,
          stamp,
          warnings: z.array(mappingWarning).readonly(),
        }),
      )
      .readonly(),
    events: z
      .array(
        z.strictObject({
          type: z.string(),
          outcome: z.enum(["mapped", "ignored", "erase", "failed", "later", "malformed", "unsupported"]),
          reason: z.string().optional(),
          message: z.string().optional(),
          occurredAt: time("When it counts as having happened.").optional(),
          warnings: z.array(mappingWarning).readonly().optional(),
          mapping: mappingReport.optional(),
          contacts: z.array(contactRef).readonly().optional().describe("Whom it would erase."),
          unreadable: z
            .array(z.enum(["phone", "email"]))
            .readonly()
            .optional()
            .describe("What it names people by and nobody can be found by."),
        }),
      )
      .readonly(),
    paths: z
      .array(z.string())
      .readonly()
      .describe(
        "What a map may name, as the first event has it: each value by the expression that finds it.",
      ),
  })
  .describe("What a payload would become. Nothing was stored, sent or asked.");

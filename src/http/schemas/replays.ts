import { z } from "zod";
import { replayStates, type SkipReason } from "../../store/replays.ts";
import { eventsFilter, eventsLimit } from "./events.ts";
import { contactRef, count, cursorText, destinationOf, eventId, page, time } from "./values.ts";

export const shareDefault = 0.2;
export const sampleDefault = 1_000;
const sampleMax = 10_000;

const noTime = "`from` and `to` are times such as 2026-01-31T08:00:00Z, or milliseconds since the epoch.";

const timeAsked = (description: string) =>
  z
    .union([z.string(), z.int(noTime).min(0, noTime)], noTime)
    .meta({
      description: `${description} An ISO time, or milliseconds since the epoch.`,
      examples: ["2026-01-31T08:00:00Z", 1_769_846_400_000],
    })
    .transform((given) => (/^\d{1,15}$/.test(String(given)) ? Number(given) : Date.parse(String(given))))
    .refine((at) => !Number.isNaN(at), noTime)
    .exactOptional();

const named = (name: string) => z.string(`\`${name}\` is a text.`).min(1, `\`${name}\` must not be empty.`);

const onlyKnown = (text: string) => ({
  error: (issue: { readonly code?: string }) => (issue.code === "unrecognized_keys" ? text : undefined),
});

/** Which events are replayed. Other than for a list, a name that is misspelt is refused: it would be all of them. */
const filterAsked = z
  .strictObject(
    {
      source: named("source").describe("The source that received them.").exactOptional(),
      type: named("type")
        .meta({ description: "The provider's event type.", examples: ["orders/create"] })
        .exactOptional(),
      state: z
        .enum(["completed", "failed"], "`state` is completed or failed: all others are mapped anyway.")
        .describe("What became of them, when their turn comes.")
        .exactOptional(),
      contact: eventsFilter.shape.contact,
      from: timeAsked("Accepted at or after this time."),
      to: timeAsked("Accepted before this time; the time of this request by default, and never later."),
    },
    onlyKnown("`filter` knows source, type, state, contact, from and to, and nothing else."),
  )
  .refine(
    (filter) => Object.keys(filter).length > 0,
    "The filter names nothing: name a source, a type, a state, a contact or a time.",
  )
  .describe("Which events. At least one of these.");

export const replayQuestion = z
  .strictObject(
    {
      filter: filterAsked,
      share: z
        .number("`share` is a number above 0 and at most 1.")
        .gt(0, "`share` is a number above 0 and at most 1.")
        .lte(1, "`share` is a number above 0 and at most 1.")
        .optional()
        .describe(`Of the destination's rate. ${shareDefault} by default.`),
      dryRun: z
        .boolean("`dryRun` is true or false.")
        .optional()
        .describe("Only say what would change. Nothing is changed, and nobody is asked."),
      sample: z
        .int(`\`sample\` is a whole number from 1 to ${sampleMax}.`)
        .min(1, `\`sample\` is a whole number from 1 to ${sampleMax}.`)
        .max(sampleMax, `\`sample\` is a whole number from 1 to ${sampleMax}.`)
        .optional()
        .describe(`How many events a dry run looks at, the newest first. ${sampleDefault} by default.`),
    },
    onlyKnown("Send {filter, share?, dryRun?, sample?} and nothing else."),
  )
  .meta({
    description: "Replay what this filter finds.",
    examples: [{ filter: { source: "shop", from: "2026-01-31T00:00:00Z" }, share: 0.2, dryRun: true }],
  });

const filterAnswer = z
  .strictObject({
    source: z.string().optional(),
    type: z.string().optional(),
    state: z.enum(["completed", "failed"]).optional(),
    contact: contactRef.optional(),
    from: time("Accepted at or after this time.").optional(),
    to: time("Accepted before this time. It was set when the replay was made."),
  })
  .describe("Which events: a closed range, so that what arrives later is never part of it.");
export type ReplayFilterAnswer = z.infer<typeof filterAnswer>;

const share = z.number().describe("Of the destination's rate.");
const rate = z.number().describe("Events per second.");
const estimate = z
  .number()
  .nullable()
  .describe("Seconds until it is done, at this rate; null where that cannot be told, as during a pause.");

export const replayId = z
  .string()
  .meta({ description: "The id of a replay.", examples: ["rpl_01KG8Z3V0QX5M7N2B4C6D8E9FA"] });

export const replayAnswer = z
  .strictObject({
    id: replayId,
    destination: destinationOf,
    state: z
      .enum(replayStates)
      .describe("`failed` where the store went on to refuse it: see `message`. What was replayed stays so."),
    message: z.string().optional().describe("Why it failed."),
    filter: filterAnswer,
    share,
    by: z.string().describe("Who asked for it."),
    createdAt: time("When it was asked for."),
    finishedAt: time("When it ended.").optional(),
    of: count("Events that matched when it was made."),
    replayed: count("Events that were set waiting to be mapped again."),
    skipped: z
      .strictObject({
        gone: count("Their payload was erased or dropped.").optional(),
        "not-finished": count("They are still worked on, with the current mapping.").optional(),
        "not-found": count("Their record has gone with its retention.").optional(),
      } satisfies Record<SkipReason, z.ZodType>)
      .describe("Events that were not replayed, by reason."),
    failed: count(
      "Of those that were replayed, the ones seen to be parked because they could not be mapped.",
    ),
    rate,
    estimateSeconds: estimate,
  })
  .describe("A replay, and how far it is.");
export type ReplayAnswer = z.infer<typeof replayAnswer>;

export const replaysAnswer = page(replayAnswer);
export const replaysQuery = { limit: eventsLimit, cursor: cursorText.optional() };

const outcome = {
  change: "A field at least would get another value than the event gave before.",
  unchanged: "They would give what they gave before.",
  newer: "Whatever they would change has been set by newer events.",
  ignored: "They would be ignored.",
  unreadable: "They would be parked: what names their contact cannot be read.",
  unmappable: "They would be parked because they cannot be mapped.",
  erase: "They ask to erase somebody, and would do so again.",
  fetched: "What they say is fetched from their sender's API, which a dry run does not ask.",
  "not-finished": "They are still worked on and would not be replayed.",
  gone: "Their payload was erased or dropped: they would not be replayed.",
} as const;

const perOutcome = <Value extends z.ZodType>(value: (description: string) => Value) =>
  Object.fromEntries(Object.entries(outcome).map(([name, text]) => [name, value(text)])) as Record<
    keyof typeof outcome,
    Value
  >;

export const foretoldAnswer = z
  .strictObject({
    status: z.literal("dry-run"),
    destination: destinationOf,
    filter: filterAnswer,
    share,
    matching: count("Events that match."),
    lookedAt: count("How many of them this is about, the newest first."),
    events: z.strictObject(perOutcome(count)).describe("What would become of those that were looked at."),
    otherContact: count("Events that would give another contact what they gave before."),
    fields: z
      .record(
        z.string(),
        z.strictObject({
          change: count("Events that would set another value."),
          newer: count("Events that would set another value, were it not for newer events."),
          leftOut: count("Events that gave the field before and would no more. What they gave stays."),
        }),
      )
      .describe("Which fields, each with the number of events."),
    examples: z
      .strictObject(perOutcome((text) => z.array(eventId).readonly().optional().describe(text)))
      .describe("A few events of each kind."),
    rate,
    estimateSeconds: estimate,
  })
  .describe("What a replay would do.");
export type ForetoldAnswer = z.infer<typeof foretoldAnswer>;

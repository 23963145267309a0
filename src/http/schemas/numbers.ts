import { z } from "zod";
import { timeAsked } from "./events.ts";
import { count, time } from "./values.ts";

export const requestClasses = [
  "200",
  "400",
  "401/403",
  "404",
  "429",
  "449",
  "5xx",
  "network",
  "other",
] as const;

export const stepMax = 60;
export const stepDefault = 5;

export const numbersQuery = z.object({
  from: timeAsked("The first minute; a day before `to` by default, and no more than two days ago."),
  to: timeAsked("The end; now by default."),
  step: z
    .string()
    .meta({
      description: "Minutes of one entry.",
      type: "integer",
      minimum: 1,
      maximum: stepMax,
      default: stepDefault,
    })
    .transform(Number)
    .refine(
      (step) => Number.isInteger(step) && step >= 1 && step <= stepMax,
      `\`step\` is 1 to ${stepMax} minutes.`,
    )
    .exactOptional(),
});

const events = {
  accepted: count("New events, stored or spooled."),
  duplicate: count("Events that had been seen before."),
  ignored: count("Events that nobody wants: not selected by the source, or no update was made of them."),
  unverified: count("Requests with a wrong signature or key."),
  malformed: count("Other requests that were refused: unreadable, too large, of a wrong type."),
  unavailable: count(
    "Requests answered 503, because the store could not take them: senders that repeat come again.",
  ),
  mapped: count("Events that updates were made of."),
};

const numbers = {
  ...events,
  delivered: count("Updates that the API has taken, or that were older than what it took with them."),
  parked: count("Events and updates set aside for a person."),
  requests: z
    .partialRecord(z.enum(requestClasses), z.int().min(0))
    .describe(
      "Requests to the API by status; 422 counts as 400, a time-out as `network`. What is absent is 0.",
    ),
  secondsToDelivery: z
    .strictObject({
      count: count("How many updates were delivered."),
      sum: z.number().min(0).describe("Seconds from acceptance to delivery of all of them."),
      median: z
        .number()
        .nullable()
        .describe("An estimate, from a coarse histogram; null where there is none."),
      p95: z.number().nullable().describe("The same: 95 % were delivered within it."),
    })
    .describe("How long updates waited."),
};

export const numbersTotal = z.strictObject(numbers);
export type NumbersTotal = z.infer<typeof numbersTotal>;

export const numbersAnswer = z
  .strictObject({
    from: time("The beginning of the first entry."),
    to: time("The end of the last one."),
    stepMinutes: z.int().min(1).max(stepMax),
    total: numbersTotal.describe("All of it together."),
    series: z
      .array(z.strictObject({ at: time("The beginning of these minutes."), ...numbers }))
      .readonly()
      .describe("One entry for each step, oldest first, with those in which nothing happened."),
    sources: z
      .record(
        z.string(),
        z.strictObject({
          accepted: z.array(z.int().min(0)).readonly().describe("New events, for each entry of `series`."),
          total: z.strictObject(events),
          refusedSignatures: count("As `total.unverified`."),
          lastEventAt: time("When its newest event that is kept was stored.").nullable(),
        }),
      )
      .describe("The configured sources."),
  })
  .describe("What all replicas have counted, minute by minute, in the last two days.");
export type NumbersAnswer = z.infer<typeof numbersAnswer>;

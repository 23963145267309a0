import { z } from "zod";
import { isGroupKey } from "../../store/store.ts";
import {
  contactPatch,
  contactRef,
  count,
  cursorText,
  destinationOf,
  eventId,
  limitDocumented,
  page,
  pageMax,
  stamp,
  time,
} from "./values.ts";

const noLimit = `limit must be a whole number from 1; at most ${pageMax} are given.`;

export const failuresLimit = z
  .string()
  .meta(limitDocumented)
  .refine((text) => /^[0-9]{1,9}$/.test(text) && Number(text) > 0, noLimit)
  .transform((text) => Math.min(pageMax, Number(text)))
  .optional();

/** The cursor is checked by the store, which alone can read it. */
export const failuresQuery = z.object({
  group: z
    .string()
    .refine(isGroupKey, "group must be the key of a group.")
    .meta({ description: "Those of one group alone, newest first.", examples: ["d3f0c1a9b7e24"] })
    .optional(),
  limit: failuresLimit,
  cursor: cursorText.optional(),
});

export const failureId = z.string().meta({
  description: "The event's id for an event, `dlv_…` for a delivery.",
  examples: ["dlv_12.0", "evt_01KG8Z3V0QX5M7N2B4C6D8E9FA"],
});

export const failureAnswer = z
  .strictObject({
    id: failureId,
    kind: z
      .enum(["event", "delivery"])
      .describe("`event`: it could not be mapped. `delivery`: the API did not take it."),
    source: z.string().optional().describe("Of an event."),
    destination: destinationOf,
    contact: contactRef.optional(),
    reason: z.string().meta({
      description: "Why it is parked, in one word.",
      examples: ["unmappable", "invalid", "contact-not-found"],
    }),
    status: z.int().optional().describe("The API's status, where it answered."),
    message: z.string().optional().describe("The API's own words, or those of the mapping."),
    at: time("When it was parked."),
    attempts: count("How often it was tried."),
    fields: z.array(z.string()).readonly().optional().describe("The fields that were refused."),
    updates: z
      .array(z.strictObject({ id: z.string(), eventId, patch: contactPatch, stamp }))
      .readonly()
      .optional()
      .describe("What a retry would deliver."),
  })
  .describe("Something set aside for a person. Nothing leaves it but by retry or drop.");
export type FailureAnswer = z.infer<typeof failureAnswer>;

export const failuresAnswer = page(failureAnswer);

export const retriedAnswer = z.strictObject({
  status: z.literal("retried"),
  retried: count("How many items were taken up again."),
});

export const droppedAnswer = z.strictObject({ status: z.literal("dropped") });

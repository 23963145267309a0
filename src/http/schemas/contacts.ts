import { z } from "zod";
import { historyLine } from "./history.ts";
import { contactPatch, contactRef, count, eventId, stamp } from "./values.ts";

export const contactAnswer = z
  .strictObject({
    contact: contactRef,
    contactId: z
      .int()
      .optional()
      .describe("What the API last answered to a request by this reference; absent before the first one."),
    linked: z
      .array(contactRef)
      .readonly()
      .optional()
      .describe("Other references that the API answered with the same id: they share what was applied."),
    waiting: z
      .array(z.strictObject({ eventId, patch: contactPatch, stamp }))
      .readonly()
      .describe("Updates that are not delivered yet, oldest first."),
    applied: z
      .partialRecord(z.string(), z.strictObject({ stamp, eventId }))
      .describe(
        "For each field (`firstName`, `custom_fields.Plan`) the event that set it at the API, and its stamp.",
      ),
    history: z
      .array(historyLine)
      .readonly()
      .describe("The last 50 requests that spoke of the contact, newest first, as long as events are kept."),
  })
  .describe("What is known of a contact here. The values it has are kept at the API alone.");
export type ContactAnswer = z.infer<typeof contactAnswer>;

export const erasedAnswer = z.strictObject({
  status: z.literal("erased"),
  events: count("How many events spoke of the contact. 0 where nothing was known of it."),
  erased: z.array(contactRef).readonly().describe("The references that were erased."),
  linked: z
    .array(contactRef)
    .readonly()
    .describe("Other references that the API takes for the same contact, and that are still here."),
});
export type ErasedAnswer = z.infer<typeof erasedAnswer>;

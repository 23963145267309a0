import { z } from "zod";
import { contactPatch, contactRef, count, eventId, stamp, time } from "./values.ts";

export const contactAnswer = z
  .strictObject({
    contact: contactRef,
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
      .array(
        z.strictObject({
          at: time("When the API was asked."),
          outcome: z.string().meta({ description: "What came of it.", examples: ["delivered", "parked"] }),
          status: z.int().optional().describe("The API's status, where it answered."),
          fields: z.array(z.string()).readonly(),
          eventIds: z.array(eventId).readonly(),
        }),
      )
      .readonly()
      .describe("The last requests that were made for the contact, newest last."),
  })
  .describe("What is known of a contact here. The values it has are kept at the API alone.");
export type ContactAnswer = z.infer<typeof contactAnswer>;

export const erasedAnswer = z.strictObject({
  status: z.literal("erased"),
  events: count("How many events spoke of the contact. 0 where nothing was known of it."),
});

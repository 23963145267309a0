import { z } from "zod";
import { noteOutcomes } from "../../store/store.ts";
import { contactRef, eventId, time } from "./values.ts";

/** One request to the API. */
export const historyLine = z
  .strictObject({
    at: time("When the request left, or when it was settled without one."),
    outcome: z.enum(noteOutcomes).meta({
      description:
        "What came of it. `superseded` and `parked` needed no request: everything was older, or could not be sent.",
      examples: ["applied"],
    }),
    method: z
      .enum(["PUT", "POST"])
      .optional()
      .describe("`POST` where it created the contact. Absent where no request was made."),
    identifier: contactRef.describe("The contact as it was named in the request."),
    status: z
      .union([z.int(), z.enum(["network", "timeout"])])
      .optional()
      .describe("The API's status, or why there was none."),
    durationMs: z.int().min(0).optional().describe("How long the answer took, in milliseconds."),
    message: z.string().optional().describe("The API's own words, shortened."),
    fields: z
      .array(
        z.strictObject({
          field: z.string().meta({ examples: ["phone", "custom_fields.Plan"] }),
          eventId: eventId.optional().describe("The event that the value came from."),
        }),
      )
      .readonly()
      .describe("What it carried. The values are in the events."),
    superseded: z
      .array(eventId)
      .readonly()
      .optional()
      .describe("Events that were settled with it, all of whose fields something newer had set."),
    parked: z.string().optional().describe("Why something of it was parked."),
    parkedId: z
      .string()
      .optional()
      .meta({
        description: "The parked item, for `/admin/failures`. Absent after a move to another store.",
        examples: ["dlv_12.0"],
      }),
  })
  .describe("One request to the API, or what was settled without one.");
export type HistoryLine = z.infer<typeof historyLine>;

/** What became of an event, step by step. */
export const eventStep = z.union([
  z.strictObject({
    at: time("When."),
    step: z
      .enum(["received", "stored", "mapped", "ignored", "failed", "erased", "dropped"])
      .describe("`stored` is when it was safe; what follows is what mapping made of it."),
    reason: z.string().optional(),
  }),
  z.strictObject({
    ...historyLine.shape,
    step: z.literal("request").describe("A request that carried a field of it, or settled it."),
  }),
]);
export type EventStep = z.infer<typeof eventStep>;

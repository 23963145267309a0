import { z } from "zod";
import { eventId } from "./values.ts";

const kept = z.strictObject({
  status: z
    .enum(["accepted", "duplicate"])
    .describe("`accepted`: stored durably. `duplicate`: seen before, under this id."),
  id: eventId,
});

const ignored = z.strictObject({
  status: z.literal("ignored"),
  reason: z.string().meta({
    description: "Why there is nothing to do.",
    examples: ["event-not-selected", "ping"],
  }),
});

export const receipt = z.union([kept, ignored]).describe("What became of one event.");

export const receiptsAnswer = z
  .union([
    receipt,
    z.strictObject({
      status: z.literal("accepted"),
      events: z.array(receipt).readonly().describe("One for each event of the request, in its order."),
    }),
  ])
  .meta({
    description: "What became of a request. All its events are stored, or none is and the answer is 503.",
    examples: [{ status: "accepted", id: "evt_01KG8Z3V0QX5M7N2B4C6D8E9FA" }],
  });
/** What senders read that want their own words. */
export const acknowledgement = z
  .union([
    z.strictObject({ status: z.literal("SUCCESS") }),
    z.strictObject({
      statuses: z.array(z.strictObject({ entryId: z.string(), status: z.literal("SUCCESS") })).readonly(),
    }),
    z.strictObject({ validationResponse: z.string() }),
  ])
  .describe(
    "To Dapr: everything is stored, of a bulk delivery each entry. To Event Grid: the code by which it asked before.",
  );

export const subscriptions = z
  .array(
    z.strictObject({
      pubsubname: z.string().describe("The component that has the topic."),
      topic: z.string(),
      route: z.string().describe("Where its events are posted to."),
      metadata: z.strictObject({ rawPayload: z.literal("true") }).optional(),
      bulkSubscribe: z
        .strictObject({
          enabled: z.literal(true),
          maxMessagesCount: z.number(),
          maxAwaitDurationMs: z.number(),
        })
        .optional(),
    }),
  )
  .readonly()
  .describe("One for each topic of each source whose key was shown.");

export type ReceiptsAnswer = z.infer<typeof receiptsAnswer>;

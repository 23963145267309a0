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
export type ReceiptsAnswer = z.infer<typeof receiptsAnswer>;

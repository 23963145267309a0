import { z } from "zod";
import { auditWho, groupNoteMax, groupStates, isGroupKey } from "../../store/store.ts";
import { failuresLimit } from "./failures.ts";
import { count, cursorText, destinationOf, page, time } from "./values.ts";

const noState = `\`state\` is ${groupStates.join(", ")}.`;
export const noUntil =
  "`until` is a time to come such as 2026-01-31T08:00:00Z, or milliseconds since the epoch.";
const noNote = `\`note\` is a text of at most ${groupNoteMax} characters.`;

export const groupKey = z
  .string()
  .refine(isGroupKey, "That is no key of a group.")
  .meta({ description: "The key of a group.", examples: ["d3f0c1a9b7e24"] });

export const groupsQuery = z.object({
  state: z
    .string()
    .meta({
      description:
        "Those of this state alone, or of several: `open`, `acknowledged`, `muted`, with commas between.",
      examples: ["open", "acknowledged,muted"],
    })
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(groupStates, noState)))
    .optional(),
  limit: failuresLimit,
  cursor: cursorText.optional(),
});

const state = z
  .enum(groupStates)
  .describe(
    "`open`: it needs a person. `acknowledged`: somebody knows; it is open again as soon as something new is parked in it. `muted`: it needs nobody, whatever comes, until it is opened or its time is over.",
  );

const mark = z
  .strictObject({
    by: z.enum(auditWho).describe("Who has said so."),
    at: time("When that was said."),
    note: z.string().optional().describe("Why, in the words of whoever said it."),
    until: time("Until when it is muted.").optional(),
    reopenedAt: time("When something new opened it again.").optional(),
  })
  .describe("What was last said of it. Absent where nobody has said anything.");

export const groupAnswer = z
  .strictObject({
    key: groupKey,
    destination: destinationOf,
    kind: z.enum(["event", "delivery"]),
    reason: z.string().meta({ description: "Why its items are parked.", examples: ["invalid"] }),
    status: z.int().optional().describe("The API's status, of the newest item."),
    words: z
      .string()
      .optional()
      .describe("The API's own words, or those of the mapping, without what is one contact's own."),
    fields: z.array(z.string()).readonly().describe("The fields that were refused."),
    count: count("How many items are in it."),
    first: time("When the oldest was parked."),
    last: time("When the newest was parked."),
    sources: z.array(z.string()).readonly().describe("Of events: their sources, at most 20 of them."),
    sample: z.string().describe("The id of the newest item."),
    state,
    mark: mark.optional(),
  })
  .describe("Parked items with the same trouble: the same reason, fields and words.");
export type GroupAnswer = z.infer<typeof groupAnswer>;

export const groupsAnswer = page(groupAnswer);

export const markedAnswer = z.strictObject({ key: groupKey, destination: destinationOf, state, mark });
export type MarkedAnswer = z.infer<typeof markedAnswer>;

export const markQuestion = z
  .strictObject(
    {
      state: z.enum(groupStates, noState),
      note: z
        .string(noNote)
        .trim()
        .max(groupNoteMax, noNote)
        .describe("Why, for whoever looks next. It is kept as it is: name nobody in it.")
        .exactOptional(),
      until: z
        .union([z.string(), z.int(noUntil).min(0, noUntil)], noUntil)
        .meta({
          description:
            "Until when it is muted. Without it, it is muted for good. An ISO time, or milliseconds since the epoch.",
          examples: ["2026-01-31T08:00:00Z"],
        })
        .transform((given) => (/^\d{1,15}$/.test(String(given)) ? Number(given) : Date.parse(String(given))))
        .refine((at) => !Number.isNaN(at), noUntil)
        .exactOptional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" ? "It knows state, note and until, and nothing else." : undefined,
    },
  )
  .refine(
    ({ state: asked, until }) => until === undefined || asked === "muted",
    "`until` is for `muted` alone.",
  );
export type MarkAsked = z.output<typeof markQuestion>;

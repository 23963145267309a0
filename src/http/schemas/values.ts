import { z } from "zod";
import type { CoreField } from "../../contact/contact-patch.ts";

/** A time in an answer: as `Date.toISOString` writes it. */
export const time = (description: string) =>
  z.string().meta({ description, format: "date-time", examples: ["2026-01-31T08:00:00.000Z"] });

export const count = (description: string) => z.int().min(0).describe(description);

export const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item).readonly().describe("Newest first."),
    next: z.string().nullable().describe("The `cursor` of the next page; null on the last one."),
  });

/** Where there are several workspaces. */
export const destinationOf = z
  .string()
  .optional()
  .meta({ description: "The workspace that it belongs to, where there are several.", examples: ["acme"] });

export const destinationAsked = z
  .string()
  .optional()
  .meta({
    description:
      "Which workspace, where there are several. Without it lists go through all of them, and an id is looked for in all.",
    examples: ["acme"],
  });

export const personalAsked = z
  .enum(["masked"])
  .optional()
  .describe(
    "`masked` hides personal data, as it always is for `ADMIN_READ_TOKEN`. Masked references of contacts can be used in place of theirs.",
  );

export const pageDefault = 50;
export const pageMax = 500;

export const limitDocumented = {
  description: `How many items to give. More than ${pageMax} count as ${pageMax}.`,
  type: "integer",
  minimum: 1,
  default: pageDefault,
  examples: [100],
} as const;

export const cursorText = z
  .string()
  .describe("The `next` of the page before. Without it the first page is given.");

export const eventId = z
  .string()
  .meta({ description: "The id of an event.", examples: ["evt_01KG8Z3V0QX5M7N2B4C6D8E9FA"] });

export const contactRef = z.string().meta({
  description:
    "What names a contact at the API: `phone:`, `email:` or `id:` and the value. Phone numbers are E.164, e-mail addresses in lower case.",
  examples: ["phone:+60123456789", "email:ada@example.com", "id:123"],
});

export const stamp = z.string().meta({
  description:
    "The order of updates as one text that sorts: event time and arrival in milliseconds since the epoch, event id, replay. The later one wins, field by field.",
  examples: ["001769846400000-001769846400125-evt_01KG8Z3V0QX5M7N2B4C6D8E9FA-000000"],
});

export const fieldValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const core = (description: string, example: string) =>
  fieldValue.optional().meta({ description, examples: [example] });

export const contactPatch = z
  .strictObject({
    firstName: core("The only one that the API never takes as null.", "Ada"),
    lastName: core("A text.", "Lovelace"),
    phone: core("E.164.", "+60123456789"),
    email: core("In lower case.", "ada@example.com"),
    language: core("ISO 639-1.", "en"),
    profilePic: core("A URL.", "https://example.com/ada.png"),
    countryCode: core("ISO 3166-1 alpha-2.", "MY"),
    custom_fields: z
      .array(z.strictObject({ name: z.string(), value: fieldValue }))
      .readonly()
      .optional(),
  } satisfies Record<CoreField | "custom_fields", z.ZodType>)
  .describe("Fields in the words of the API. What is absent is left alone, null clears.");

import { z } from "zod";
import { auditActions, auditWho } from "../../store/store.ts";
import { cursorText, destinationOf, page, time } from "./values.ts";
import { eventsLimit } from "./events.ts";

export const auditQuery = z.object({ limit: eventsLimit, cursor: cursorText.optional() });

export const auditEntry = z
  .strictObject({
    id: z.string().describe("Sorts by time."),
    destination: destinationOf,
    at: time("When."),
    who: z.enum(auditWho).meta({
      description:
        "`operator` has shown ADMIN_TOKEN, `viewer` a token for reading alone; `command line` is a command of contact-relay; the `relay` has read its files anew.",
      examples: ["operator"],
    }),
    action: z.enum(auditActions).meta({ description: "What was done.", examples: ["retry"] }),
    target: z
      .string()
      .optional()
      .meta({
        description: "An event, a parked item, a group of them, or the tag by which the log names a contact.",
        examples: ["evt_01KG8Z3V0QX5M7N2B4C6D8E9FA", "dlv_12.0", "c_4f2a9c01d7b3"],
      }),
    detail: z.string().optional().describe("What came of it."),
  })
  .describe("One entry. It names no person.");
export type AuditEntryAnswer = z.infer<typeof auditEntry>;

export const auditAnswer = page(auditEntry);

import type { ContactRef } from "../contact/contact-ref.ts";
import type { Applied } from "../contact/merge.ts";
import type { EventLog } from "../store/event-log.ts";

/** What a contact is named by since an update that was applied to it changed the identifier it is kept under here. */
export type RenamedTo = (contact: ContactRef, applied: Applied) => Promise<ContactRef | undefined>;

/** Known as long as the event that changed it is kept. */
export function createRenamedTo(events: Pick<EventLog, "find">): RenamedTo {
  return async (contact, applied) => {
    const kind = contact.startsWith("email:") ? "email" : contact.startsWith("phone:") ? "phone" : undefined;
    const origin = kind && applied[kind];
    if (!kind || !origin) return undefined;
    const result = (await events.find(origin.eventId))?.result;
    const updates = result?.outcome === "mapped" ? result.updates : [];
    const value = updates.find((update) => update.contact === contact)?.patch[kind];
    return typeof value === "string" && `${kind}:${value}` !== contact ? `${kind}:${value}` : undefined;
  };
}

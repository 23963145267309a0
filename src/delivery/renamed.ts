import type { ContactRef } from "../contact/contact-ref.ts";
import type { Applied } from "../contact/merge.ts";
import type { EventLog } from "../store/event-log.ts";

/**
 * What a contact is named by since an update that was applied to it changed the identifier it is kept under here.
 *
 * @param linked other references of the same person: the update may have come by one of these
 */
export type RenamedTo = (
  contact: ContactRef,
  applied: Applied,
  linked?: readonly ContactRef[],
) => Promise<ContactRef | undefined>;

/** Known as long as the event that changed it is kept. */
export function createRenamedTo(events: Pick<EventLog, "find">): RenamedTo {
  return async (contact, applied, linked = []) => {
    const kind = contact.startsWith("email:") ? "email" : contact.startsWith("phone:") ? "phone" : undefined;
    const origin = kind && applied[kind];
    if (!kind || !origin) return undefined;
    const names = [contact, ...linked];
    const result = (await events.find(origin.eventId))?.result;
    const updates = result?.outcome === "mapped" ? result.updates : [];
    const value = updates
      .filter((update) => names.includes(update.contact))
      .map(({ patch }) => patch[kind])
      .find((given) => typeof given === "string");
    return typeof value === "string" && `${kind}:${value}` !== contact ? `${kind}:${value}` : undefined;
  };
}

import type { ContactUpdate, RelayEvent } from "../contact/event.ts";
import { makeStamp } from "../contact/stamp.ts";
import type { Source } from "../sources/source.ts";
import type { EventResult, Store } from "../store/store.ts";

export type MapOutcome =
  | EventResult
  /** Cannot be mapped now; the event is kept with its payload until it is replayed. */
  | { outcome: "failed"; message: string };

/**
 * Maps one stored event and puts its update into the contact's mailbox.
 * Safe to run twice: posting and waking are idempotent, and the event's job completes only after both.
 */
export async function mapEvent(
  event: RelayEvent,
  sources: ReadonlyMap<string, Source>,
  store: Pick<Store, "mailbox" | "events" | "wake">,
): Promise<MapOutcome> {
  const source = sources.get(event.source);
  if (!source) return { outcome: "failed", message: `source "${event.source}" is not configured any more` };
  const mapped = await source.map(event);
  switch (mapped.kind) {
    case "failed":
      return { outcome: "failed", message: mapped.message };
    case "ignored":
      return { outcome: "ignored", reason: mapped.reason, warnings: mapped.warnings };
    case "erase": {
      for (const contact of mapped.contacts) {
        await store.events.erase(await store.mailbox.erase(contact));
      }
      await store.events.erase([event.id]);
      return { outcome: "erased" };
    }
    case "update": {
      const update: ContactUpdate = {
        id: event.replay === 0 ? event.id : `${event.id}.r${event.replay}`,
        eventId: event.id,
        contact: mapped.contact,
        patch: mapped.patch,
        stamp: makeStamp(event),
        receivedAt: event.receivedAt,
      };
      await store.mailbox.post([update]);
      await store.wake(update.contact);
      return { outcome: "mapped", updates: [update], warnings: mapped.warnings };
    }
  }
}

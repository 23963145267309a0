import { rawBody, unreadableBecause } from "../contact/unreadable.ts";
import type { ProviderEvent } from "./provider.ts";

/**
 * An event of what can never be read, from a sender that would send it again for ever were it refused: it is kept as failed,
 * with its bytes, for a person. No selection leaves it out.
 *
 * @param id what tells it from others, where the request holds more than it
 */
export function unreadableEvent(message: string, body: Buffer, id?: string): ProviderEvent {
  return {
    id,
    type: "unreadable",
    occurredAt: undefined,
    attributes: { [unreadableBecause]: message },
    payload: JSON.stringify(rawBody(body)),
    mandatory: true,
  };
}

import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied, type Merged } from "../contact/merge.ts";
import type { Stamp } from "../contact/stamp.ts";

/**
 * An update with nothing but the firstName that the API holds already, from one that waits again: a workspace that insists
 * on firstName gets it beside the rest of that update. Undefined when a newer one was applied, whose value is not known.
 */
export function knownFirstName(
  updates: readonly ContactUpdate[],
  applied: Applied,
): ContactUpdate | undefined {
  return firstNameAt(applied.firstName?.stamp, updates);
}

/** The newest firstName of what waits, alone, or the one that was applied from it before. */
export function newestFirstName(
  updates: readonly ContactUpdate[],
  applied: Applied,
): ContactUpdate | undefined {
  const newest = mergeUpdates(updates, applied).origins.firstName;
  return firstNameAt(newest?.stamp, updates) ?? knownFirstName(updates, applied);
}

/** What is sent with a firstName that the API holds already, beside the rest. */
export function withFirstName(
  { patch, stamp, eventId }: ContactUpdate,
  { patch: rest, origins }: Merged,
): Merged {
  return { patch: { ...patch, ...rest }, origins: { firstName: { stamp, eventId }, ...origins } };
}

/** Parts of one update share its stamp, and not all have its firstName. */
function firstNameAt(stamp: Stamp | undefined, updates: readonly ContactUpdate[]): ContactUpdate | undefined {
  for (const update of updates) {
    const { firstName } = update.patch;
    if (update.stamp !== stamp || firstName === undefined) continue;
    return { ...update, id: `${update.eventId}/firstName/${update.stamp}`, patch: { firstName } };
  }
  return undefined;
}

import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied } from "../contact/merge.ts";

/**
 * An update with nothing but the firstName that the API holds already, from one that waits again: a workspace that insists
 * on firstName gets it beside the rest of that update. Undefined when a newer one was applied, whose value is not known.
 */
export function knownFirstName(
  updates: readonly ContactUpdate[],
  applied: Applied,
): ContactUpdate | undefined {
  return firstNameOf(updates.find((update) => update.stamp === applied.firstName?.stamp));
}

/** The newest firstName of what waits, alone, or the one that was applied from it before. */
export function newestFirstName(
  updates: readonly ContactUpdate[],
  applied: Applied,
): ContactUpdate | undefined {
  const { stamp } = mergeUpdates(updates, applied).origins.firstName ?? {};
  return firstNameOf(updates.find((update) => update.stamp === stamp)) ?? knownFirstName(updates, applied);
}

function firstNameOf(update: ContactUpdate | undefined): ContactUpdate | undefined {
  const firstName = update?.patch.firstName;
  return update && firstName !== undefined
    ? { ...update, id: `${update.id}/firstName`, patch: { firstName } }
    : undefined;
}

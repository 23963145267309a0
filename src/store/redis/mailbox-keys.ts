import type { ContactRef } from "../../contact/contact-ref.ts";

/** The keys of one contact's mailbox, all under the store's hash tag. */
export function mailboxKeys(prefix: string) {
  const root = `{${prefix}}:mailbox`;
  return {
    /** Sorts contacts by their oldest waiting update. */
    waiting: `${root}-waiting`,
    /** Sorts the ids of erased events by when that was. */
    erased: `${root}-erased`,
    /** A hash, contact -> the highest rank of what waits, where it is not the usual one. */
    priority: `${root}-priority`,
    /** What every contact's keys begin with. */
    root: `${root}:`,
    of: (contact: ContactRef) => ({
      /** Id -> update. */
      updates: `${root}:${contact}:updates`,
      /** Field -> stamp and event. */
      fields: `${root}:${contact}:fields`,
      /** A list, newest last. */
      history: `${root}:${contact}:history`,
      /** A set of ids. */
      events: `${root}:${contact}:events`,
    }),
  };
}

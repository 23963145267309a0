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
    /** A set: the contacts that wait for this name to exist at the API. */
    awaited: (name: ContactRef) => `${root}-awaited:${name}`,
    /** A set: the names that the contact waits for. */
    awaitedBy: (contact: ContactRef) => `${root}-awaited-by:${contact}`,
    /** What a hash begins with, reference -> until when it has a request on the wire, of the contact with an id. */
    person: `${root}-person:`,
    /** What every contact's keys begin with. */
    root: `${root}:`,
    of: (contact: ContactRef) => ({
      /** Id -> update. */
      updates: `${root}:${contact}:updates`,
      /** Field -> stamp and event; and `contactId`, what the API last answered to a request by this reference. */
      fields: `${root}:${contact}:fields`,
      /** A list, newest last. */
      history: `${root}:${contact}:history`,
      /** A set of ids. */
      events: `${root}:${contact}:events`,
    }),
  };
}

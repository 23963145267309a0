import type { ContactRef } from "../contact/contact-ref.ts";
import type { Applied } from "../contact/merge.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Mailbox, Parked } from "../store/store.ts";
import type { Wake } from "../store/wakes.ts";
import type { FieldWatch } from "./field-watch.ts";
import type { RenamedTo } from "./renamed.ts";
import type { Schedule } from "./retry-schedule.ts";
import type { Sender, SetAside } from "./send.ts";

export interface DeliveryPolicy {
  readonly maxAgeMs: number;
  readonly busy: Schedule;
  readonly retry: Schedule;
  readonly requireFirstName: boolean;
  /** What becomes of updates for a contact that the API does not have. */
  readonly missing: MissingContact;
  /** How long a request may be on the wire, and a little more. */
  readonly holdMs: number;
}

export type MissingContact = "park" | "wait" | "create";

/** Consecutive bad answers of one contact, kept by its wake-up job. */
export interface Attempts {
  readonly busy: number;
  readonly failures: number;
  /** Tries in a row at which the API did not have the contact. */
  readonly missing?: number;
  /** When what waits for a missing contact has waited for too long. Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** What a creation may have written without an answer. */
  readonly wrote?: Applied;
  /** It was created just now, and the API asks for a pause. */
  readonly created?: true;
}

export type Delivery =
  /** Nothing waits that could be sent now. `requests` is 0 when everything was already applied or superseded. */
  | { kind: "settled"; requests: number }
  | {
      kind: "wait";
      because: "busy" | "failing" | "missing" | "created" | "linked" | SetAside["because"];
      delayMs: number;
      attempts: Attempts;
      message: string;
    }
  /** The API does not know the contact by this reference; its updates wait for other ones that they carry. */
  | { kind: "readdressed" }
  /** `remaining`: other updates still wait, and the contact has to be woken again. */
  | { kind: "parked"; parked: readonly Parked[]; remaining: boolean }
  /** Shutdown came before the request; nothing was changed. */
  | { kind: "interrupted" };

export interface DeliveryObserver {
  updatesPerRequest(count: number): void;
  acceptedToDelivered(seconds: number): void;
}

export interface ContactDelivery {
  readonly mailbox: Mailbox;
  readonly send: Sender;
  /** The same for requests that create the contact. */
  readonly create: Sender;
  /** Keeps what a creation is about to write: its answer may be lost. */
  readonly creating: (wrote: Applied) => Promise<void>;
  /** Whether other names of the same person are kept from the API. Of one run. */
  readonly lane?: { isHeld: boolean };
  /** What an earlier creation of this contact may have written. */
  readonly wrote?: Applied;
  readonly policy: DeliveryPolicy;
  readonly clock: () => number;
  readonly random: () => number;
  readonly observer: DeliveryObserver;
  /** Keeps what is set aside durably, before it leaves the mailbox. Answers the id of each. */
  readonly keep: (parked: readonly Parked[]) => Promise<readonly string[]>;
  readonly wake: (wakes: readonly Wake[]) => Promise<void>;
  /** Whoever waits for one of these names to exist at the API has a reason to be tried again at once. */
  readonly wakeMissing: (names: readonly ContactRef[]) => Promise<void>;
  readonly renamedTo: RenamedTo;
  /** Where values that cannot fit are left out before they cost a request. */
  readonly fields?: FieldWatch | undefined;
  /** What an event was mapped to, as long as it is kept. */
  readonly updatesOf: (eventId: string) => Promise<readonly ContactUpdate[]>;
  /** Told of the updates that the next request is made of. */
  readonly composed?: (updates: readonly ContactUpdate[]) => void;
  readonly signal: AbortSignal;
}

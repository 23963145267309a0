import type { Mailbox, Parked } from "../store/store.ts";
import type { Wake } from "../store/wakes.ts";
import type { RenamedTo } from "./renamed.ts";
import type { Schedule } from "./retry-schedule.ts";
import type { Sender, SetAside } from "./send.ts";

export interface DeliveryPolicy {
  readonly maxAgeMs: number;
  readonly busy: Schedule;
  readonly retry: Schedule;
  readonly requireFirstName: boolean;
}

/** Consecutive bad answers of one contact, kept by its wake-up job. */
export interface Attempts {
  readonly busy: number;
  readonly failures: number;
}

export type Delivery =
  /** Nothing waits that could be sent now. `requests` is 0 when everything was already applied or superseded. */
  | { kind: "settled"; requests: number }
  | {
      kind: "wait";
      because: "busy" | "failing" | SetAside["because"];
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
  readonly policy: DeliveryPolicy;
  readonly clock: () => number;
  readonly random: () => number;
  readonly observer: DeliveryObserver;
  /** Keeps what is set aside durably, before it leaves the mailbox. */
  readonly keep: (parked: readonly Parked[]) => Promise<void>;
  readonly wake: (wakes: readonly Wake[]) => Promise<void>;
  readonly renamedTo: RenamedTo;
  readonly signal: AbortSignal;
}

import type { ContactPatch, FieldValue } from "./contact-patch.ts";
import type { ContactRef } from "./contact-ref.ts";
import type { Priority } from "./priority.ts";
import type { Stamp } from "./stamp.ts";
import type { TraceContext } from "./trace-context.ts";

/** Why an event is ignored that only says that the API has a contact. */
export const contactExists = "contact-exists";

/** One verified inbound event, as it is kept. Times are milliseconds since the epoch. */
export interface RelayEvent {
  /** `evt_…`, sorts by arrival. */
  readonly id: string;
  /** The configured source that received it. */
  readonly source: string;
  readonly provider: string;
  /** Hash of what makes the event itself within its source: the deduplication key. */
  readonly identity: string;
  /** The provider's event type, such as `orders/create`. */
  readonly type: string;
  /**
   * What the provider said around the payload (CloudEvents attributes, the shop's domain), and where its trace goes on.
   * Informational.
   */
  readonly attributes: Readonly<Record<string, string>>;
  readonly occurredAt: number;
  readonly receivedAt: number;
  /** 0 for the first run; each replay counts one up. */
  readonly replay: number;
  /** JSON text, byte for byte what was received where that was JSON. */
  readonly payload: string;
  /** When an operator last had it replayed or retried: the age of its updates counts from then. */
  readonly retriedAt?: number;
  /** Tags of the contacts that it has erased: a retry must not take what they have given since. */
  readonly erased?: readonly string[];
  /** Its payload is gone for good, and nothing is delivered for it any more. */
  readonly withdrawn?: "erased" | "dropped";
  /** Its source's when it was accepted, or what its replay was given; absent where it is the usual one. */
  readonly priority?: Priority;
}

/** What one event wants changed on one contact. */
export interface ContactUpdate {
  /** Unique per event, run and contact; posting it twice posts it once. */
  readonly id: string;
  readonly eventId: string;
  readonly contact: ContactRef;
  readonly patch: ContactPatch;
  readonly stamp: Stamp;
  /** When the event was accepted, or last retried: the update's age counts from here. Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Of its event; absent where it is the usual one. */
  readonly priority?: Priority;
  /** Of its event; absent where that belongs to no trace. */
  readonly trace?: TraceContext;
}

/** How one field of an update came to be, or why it did not. */
export interface FieldReport {
  /** A core field, `custom_fields.<name>`, or `id`, which names the contact. */
  readonly field: string;
  /** The path in the payload where the value was found, or the source's own expression. */
  readonly from?: string;
  /** What was found there, shortened; a list or an object as JSON text. */
  readonly was?: FieldValue;
  readonly became?: FieldValue;
  /** Why the field is not in the update. */
  readonly why?: string;
  /** What a person should know of how the value was read. */
  readonly note?: string;
}

/** What mapping did, for whoever asks why a contact is what it is. */
export interface MappingReport {
  readonly fields: readonly FieldReport[];
  /** Answers of a form that no field was made of, by their label, key or reference. */
  readonly unusedAnswers: readonly string[];
}

/** A field that was left out of an update, and why. */
export interface MappingWarning {
  readonly field: string;
  readonly message: string;
}

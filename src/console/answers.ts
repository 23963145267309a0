import type { ContactAnswer, ErasedAnswer } from "../http/schemas/contacts.ts";
import type { EventAnswer, EventSummaryAnswer } from "../http/schemas/events.ts";
import type { GroupAnswer } from "../http/schemas/failure-groups.ts";
import type { FailureAnswer } from "../http/schemas/failures.ts";
import type { NumbersAnswer } from "../http/schemas/numbers.ts";
import type { SourcesAnswer, StatusAnswer, Upstream } from "../http/schemas/state.ts";

/** What the admin API answers, as far as the pages use it. Where a relay tells less, a page shows less. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

export type Queues = StatusAnswer["queues"];
export type StatusOfSome = Omit<StatusAnswer, "queues" | "upstream"> &
  Partial<Pick<StatusAnswer, "queues" | "upstream">> & {
    readonly destinations?: Readonly<
      Record<string, { readonly queues: Queues; readonly upstream: Upstream }>
    >;
  };

export type Contact = ContactAnswer;
export type Erasure = ErasedAnswer;
export type EventShown = EventAnswer;
export type EventLine = EventSummaryAnswer;
export type ParkedItem = FailureAnswer;
export type ParkedGroup = GroupAnswer;
export type SourceShown = SourcesAnswer["items"][number];

export type Numbers = NumbersAnswer;

export interface AuditLine {
  readonly at: string;
  readonly who: string;
  readonly action: string;
  readonly target?: string;
  readonly detail?: unknown;
}

/** One field of a mapping's report. */
export type FieldLine = NonNullable<EventAnswer["mapping"]>["fields"][number];

export interface PreviewShown {
  readonly source: string;
  readonly updates: readonly { readonly contact: string; readonly patch: Patch }[];
  readonly events: readonly {
    readonly type: string;
    readonly outcome: string;
    readonly reason?: string;
    readonly message?: string;
    readonly mapping?: EventAnswer["mapping"];
  }[];
  readonly paths: readonly string[];
}

type Value = string | number | boolean | null;
export interface Patch {
  readonly custom_fields?: readonly { readonly name: string; readonly value: Value }[] | undefined;
  readonly [field: string]: unknown;
}

/** A patch as one value per field, custom ones under their own name. */
export function fieldsOf(patch: Patch): ReadonlyMap<string, unknown> {
  const { custom_fields: custom = [], ...core } = patch;
  return new Map([
    ...Object.entries(core),
    ...custom.map(({ name, value }): [string, unknown] => [`custom_fields.${name}`, value]),
  ]);
}

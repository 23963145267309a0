import type { ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef, IdentifierKind } from "../contact/contact-ref.ts";
import type { MappingReport, MappingWarning, RelayEvent } from "../contact/event.ts";
import type { Priority } from "../contact/priority.ts";
import type { Attestation, Credentials, Lookup, MappableEvent, Provider } from "../providers/provider.ts";

import type { Consume } from "./consume.ts";
import type { Example } from "./examples.ts";
import type { CustomRule } from "./field-mapping.ts";

/** What a source makes of one event. */
export type Mapped =
  | {
      kind: "update";
      contact: ContactRef;
      patch: ContactPatch;
      warnings: readonly MappingWarning[];
      report: MappingReport;
    }
  /** Nothing to deliver, as `no-identifier` or `no-fields`. */
  | { kind: "ignored"; reason: string; warnings: readonly MappingWarning[]; report: MappingReport }
  /** `unreadable`: what the request names people by and nobody can be found by. */
  | {
      kind: "erase";
      contacts: readonly ContactRef[];
      unreadable: readonly Extract<IdentifierKind, "phone" | "email">[];
    }
  /** The mapping itself could not be carried out; the event is kept and can be replayed. */
  | { kind: "failed"; message: string }
  /**
   * There is a phone number or an e-mail, and none of them can be read: somebody wrote to us. The event is kept and can be
   * replayed. `message` holds no value.
   */
  | {
      kind: "unreadable";
      message: string;
      warnings: readonly MappingWarning[];
      report: MappingReport;
    };

/** What can be told of an event before it is delivered. */
export type Foretold =
  | Mapped
  /** Nothing yet: what there is to map is fetched from the sender's API when the event is delivered. */
  | { kind: "later"; message: string };

/** One configured endpoint `/webhooks/<name>`. */
export interface Source {
  readonly name: string;
  readonly provider: Provider;
  /** The workspace that its contacts belong to, `default` for the one of the settings. */
  readonly destination: string;
  readonly credentials: Credentials;
  /** The proof beside a key; undefined where the settings that it needs are not there. */
  readonly attestation?: Attestation | undefined;
  /** Whether the provider's announcement tells of it. */
  readonly announced?: boolean | undefined;
  /** With what thin events are completed before they are mapped; undefined where they are not. */
  readonly completion: Pick<Lookup, "accessToken" | "apiUrl"> | undefined;
  /** False for event types the configuration leaves out. */
  selects(type: string): boolean;
  readonly identify: readonly IdentifierKind[];
  /** What it pulls from, beside being posted to; undefined where it only waits for posts. */
  readonly consume: Consume | undefined;
  /** Tests of its mapping, from the configuration. */
  readonly examples: readonly Example[];
  /** Where a browser is sent after a form, when it wants HTML. */
  readonly redirect: string | undefined;
  /** Origins that may post from a browser script. */
  readonly cors: readonly string[];
  /** Of what comes from it, among everything that waits. */
  readonly priority: Priority;
  /** A form field people do not see: filled means a robot. */
  readonly honeypot: string | undefined;
  /** Maps a stored event with the current configuration. Never rejects. */
  map(event: RelayEvent): Promise<Mapped>;
  /** What a map may name in the event: each value by the expression that finds it, as many as are of use. */
  paths?(event: MappableEvent): readonly string[];
  /** The custom fields that its own `map` makes; none where it has no `map`. */
  readonly customFields?: readonly CustomRule[] | undefined;
  /** Its own `map` as YAML; undefined where it has none. */
  readonly mapText?: string | undefined;
  /** The same with another `map`, as it would stand in the sources file. */
  remap?(text: string): Trial;
}

/** A mapping to be tried, or what is wrong with it. */
export type Trial =
  | { readonly ok: true; map(event: RelayEvent): Promise<Mapped> }
  | { readonly ok: false; readonly problems: readonly string[] };

import type { SandboxContact } from "./contacts.ts";
import type { CustomFieldsInForce, CustomFieldsSettings } from "./custom-fields.ts";
import type { Fault, ListedFault } from "./faults.ts";
import type { Webhook, WebhookState } from "./webhooks.ts";
import type { Workspace, WorkspaceChange } from "./workspace.ts";

/** What was done to contacts from beside the API. `message` says why it was not. */
export type Managed =
  { ok: true; contact: SandboxContact | undefined } | { ok: false; status: 400 | 404; message: string };

/** One request, as it is remembered. */
export interface SandboxRequest {
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number;
  /** The same, since the sandbox was started. */
  readonly sinceMs: number;
  readonly method: string;
  readonly path: string;
  readonly contact: string | undefined;
  /** 0 when it is not answered yet, or its connection was dropped or left hanging. */
  readonly status: number;
  readonly body: unknown;
  /** The trace that it came with. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** How many requests for this contact were on the wire when it arrived, itself included. */
  readonly inFlight: number;
}

export interface Sandbox {
  /** For `AELYST_API_URL`. */
  readonly url: string;
  readonly port: number;
  contacts(): SandboxContact[];
  /** A contact by any of its identifiers. */
  contact(ref: string): SandboxContact | undefined;
  /** The latest 100 000, in the order in which they arrived. */
  requests(): readonly SandboxRequest[];
  customFields(): CustomFieldsInForce;
  /** From now on; what is not given stays as it is. */
  setCustomFields(settings: CustomFieldsSettings): void;
  fault(fault: Fault): void;
  faults(): ListedFault[];
  clearFaults(): void;
  /** A contact appears by another way than the API: a first message, an import. `body` as that of an update. */
  create(body: unknown): Managed;
  /** The older of the two stays and takes over what named the other, whose id vanishes. */
  merge(ref: string, other: string): Managed;
  /** A phone or e-mail leaves its contact and becomes one of its own. */
  split(ref: string): Managed;
  remove(ref: string): Managed;
  workspace(): Workspace;
  /** What is left out stays as it is. */
  setWorkspace(change: WorkspaceChange): void;
  webhook(): WebhookState;
  /** Undefined switches it off. */
  setWebhook(webhook: Webhook | undefined): void;
  /** Forgets contacts, requests and faults, and how workspace and custom fields were changed. Its webhook stays; ids go on. */
  reset(): void;
  close(): Promise<void>;
}

import type { SandboxContact } from "./contacts.ts";
import type { Fault, ListedFault } from "./faults.ts";

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
  fault(fault: Fault): void;
  faults(): ListedFault[];
  clearFaults(): void;
  /** Forgets contacts, requests and faults. */
  reset(): void;
  close(): Promise<void>;
}

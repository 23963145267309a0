/**
 * What the relay has told of itself, as one text, and which process decides about it: replicas tell everything once
 * between them. Leases are by the store's clock.
 */
export interface Notices {
  /** For whoever only shows it; undefined when nothing was written yet. */
  read(): Promise<string | undefined>;
  /** Takes the lease, or lets it begin anew, and answers what is written; undefined while another process has it. */
  claim(holder: string, leaseMs: number): Promise<NoticesClaim | undefined>;
  /** Writes and lets the lease begin anew; false, and nothing written, when it is not this one's any more. */
  save(holder: string, text: string, leaseMs: number): Promise<boolean>;
  /** Whoever is next may have the lease at once. */
  release(holder: string): Promise<void>;
}

export interface NoticesClaim {
  readonly text: string | undefined;
}

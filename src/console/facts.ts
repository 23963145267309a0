/** What is known of a source beside what the API tells of all. */
export interface SourceFacts {
  readonly proof: string;
  readonly priority: string;
  readonly destination: string;
  readonly pulls: string | undefined;
  readonly mapText: string | undefined;
  readonly samples: readonly { readonly name: string; readonly type: string }[];
}

/** What became of an example of a source's configuration. */
export interface ExampleRun {
  readonly name: string;
  readonly differences: readonly string[];
}

/** What this process knows of itself. */
export interface ProcessFacts {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly retentionHours: number;
  readonly retentionEvents: number;
  readonly destinations: readonly {
    readonly name: string;
    readonly url: string;
    readonly ratePerSecond: number;
  }[];
  /** Secrets are masked. */
  readonly settings: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly from: string;
  }[];
}

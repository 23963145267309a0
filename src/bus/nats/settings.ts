/** A durable consumer of a JetStream stream. */
export interface NatsSettings {
  /** Servers of one cluster. */
  readonly urls: readonly string[];
  readonly stream: string;
  /** Empty means all. */
  readonly subjects: readonly string[];
  readonly durable: string;
  /** Where a durable consumer begins that is not there yet. */
  readonly start: "first" | "new";
  /** The content of a credentials file. */
  readonly credentials: string | undefined;
}

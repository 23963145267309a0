/** What a running process tells of itself. */
export interface Replica {
  readonly id: string;
  readonly role: "all" | "intake" | "worker";
  readonly version: string;
  /** The same where they are configured alike; nothing of a secret is in it. */
  readonly configuration: string;
  /** For a person: where it runs. */
  readonly label: string;
  /** Its start, and since when it has this configuration. Milliseconds since the epoch. */
  readonly since: number;
  readonly configuredAt: number;
}

export interface SeenReplica extends Replica {
  /** When it last told, by the store's clock. Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** The processes that run on this store. No guarantee rests on it. */
export interface Replicas {
  /** It counts as running for so long, unless it tells again. One write. */
  tell(replica: Replica, forMs: number): Promise<void>;
  /** It has stopped. May be repeated. */
  forget(id: string): Promise<void>;
  /** Those that run, the oldest first. */
  list(): Promise<readonly SeenReplica[]>;
}

export type ReplicaDifference = "version" | "configuration";

/** A rolling upgrade is no difference yet. */
export const differenceAfterMs = 60_000;

/** What the processes have differed in for a while: since the newest of the versions, or configurations, came. */
export function replicaDifferences(replicas: readonly Replica[], now: number): readonly ReplicaDifference[] {
  const since = { version: "since", configuration: "configuredAt" } as const;
  return (["version", "configuration"] as const).filter((what) => {
    const firsts = new Map<string, number>();
    for (const replica of replicas) {
      const at = replica[since[what]];
      firsts.set(replica[what], Math.min(at, firsts.get(replica[what]) ?? at));
    }
    return firsts.size > 1 && now - Math.max(...firsts.values()) >= differenceAfterMs;
  });
}

export function byAge(replicas: readonly SeenReplica[]): readonly SeenReplica[] {
  return [...replicas].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}

import { replicaDifferences, type SeenReplica } from "../store/replicas.ts";
import type { ReplicasState } from "./schemas/state.ts";

/** The processes on a store, as the operator sees them. */
export function describeReplicas(
  replicas: readonly SeenReplica[],
  ownId: string,
  now: number,
): ReplicasState {
  const timeOf = (at: number) => new Date(at).toISOString();
  return {
    items: replicas.map(({ id, role, version, configuration, label, since, configuredAt, seenAt }) => ({
      id,
      self: id === ownId,
      role,
      version,
      configuration,
      label,
      since: timeOf(since),
      configuredAt: timeOf(configuredAt),
      seenAt: timeOf(seenAt),
    })),
    differ: replicaDifferences(replicas, now),
  };
}

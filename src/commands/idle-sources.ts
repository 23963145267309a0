import type { Source } from "../sources/source.ts";
import type { Workspace } from "./workspaces.ts";

/** Sources that tell of contacts of a workspace where none is waited for, in words for the operator. */
export function idleSources(
  sources: readonly Pick<Source, "name" | "provider" | "destination">[],
  workspaces: readonly Workspace[],
): readonly string[] {
  const parking = new Set(
    workspaces.filter(({ api }) => api.missingContact === "park").map(({ name }) => name),
  );
  return sources
    .filter(({ provider, destination }) => provider.mapping === "never" && parking.has(destination))
    .map(
      ({ name }) =>
        `the source ${name} wakes nobody: missing contacts are parked, not waited for (AELYST_MISSING_CONTACT)`,
    );
}

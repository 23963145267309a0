import { expect, it } from "vitest";
import { providerSource } from "../sources/builtin.ts";
import { findProvider } from "../providers/registry.ts";
import { idleSources } from "./idle-sources.ts";
import type { Workspace } from "./workspaces.ts";

const workspace = (name: string, missingContact: "park" | "wait" | "create") =>
  ({ name, api: { missingContact } }) as unknown as Workspace;

function source(provider: string, destination: string) {
  const known = findProvider(provider);
  if (!known) throw new Error(`there is no ${provider}`);
  return { ...providerSource(known, "secret"), destination };
}

it("a source that tells of a workspace's contacts is told to be idle where missing ones are parked", () => {
  const workspaces = [workspace("a", "park"), workspace("b", "create")];
  expect(idleSources([source("aelyst", "a"), source("shopify", "a")], workspaces)).toEqual([
    "the source aelyst wakes nobody: missing contacts are parked, not waited for (AELYST_MISSING_CONTACT)",
  ]);
  expect(idleSources([source("aelyst", "b")], workspaces)).toEqual([]);
});

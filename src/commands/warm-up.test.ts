import { expect, it, vi } from "vitest";
import { providers } from "../providers/registry.ts";
import type { Source } from "../sources/source.ts";
import { warmUp } from "./warm-up.ts";

/** A source of this provider that notes what was mapped. */
function noting(provider: Source["provider"], map: Source["map"]): Source {
  return {
    name: provider.name,
    provider,
    destination: "default",
    credentials: { secrets: ["secret"], keys: ["key"] },
    completion: undefined,
    consume: undefined,
    priority: "normal",
    identify: ["email"],
    examples: [],
    redirect: undefined,
    cors: [],
    honeypot: undefined,
    selects: () => true,
    map,
  };
}

const options = { delivers: true, bodyLimitBytes: 1_048_576, clock: () => 1_800_000_000_000 };

it("a sample of each source goes the whole way, proven and read as its sender made it", async () => {
  for (const provider of providers.filter(({ name }) => name === "shopify" || name === "form")) {
    const map = vi.fn<Source["map"]>(async () => ({ kind: "failed", message: "dropped" }));
    await warmUp([noting(provider, map)], options);
    expect(map.mock.calls.length, provider.name).toBeGreaterThan(0);
    expect(map.mock.calls[0]?.[0].source).toBe(provider.name);
  }
});

it("a process that only takes events maps none", async () => {
  const map = vi.fn<Source["map"]>();
  await warmUp(
    providers.map((provider) => noting(provider, map)),
    { ...options, delivers: false },
  );
  expect(map).not.toHaveBeenCalled();
});

it("without a source, and with a provider that cannot sign, there is nothing to do", async () => {
  await warmUp([], options);
  const [provider] = providers;
  if (!provider) throw new Error("there are no providers");
  const refusing = {
    ...provider,
    sign: () => {
      throw new Error("a public key does not sign");
    },
  };
  const map = vi.fn<Source["map"]>();
  await warmUp([noting(refusing, map)], options);
  expect(map).not.toHaveBeenCalled();
});

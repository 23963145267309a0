import { createDryRelay } from "../../src/commands/dry-relay.ts";
import type { RelayEvent } from "../../src/contact/event.ts";
import type { Published } from "../../src/providers/provider.ts";
import { providers } from "../../src/providers/registry.ts";
import { sourcesFromYaml } from "../../src/sources/load.ts";
import { documented } from "../helpers/documented.ts";

/** One request as it is on the wire. */
export interface Wire {
  readonly method?: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What was stored of it. */
  readonly events: readonly RelayEvent[];
}

/** The relay's own HTTP and intake over a sources file, without a store behind it. */
export function neighbour(
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  {
    clock = () => Date.UTC(2026, 2, 14, 9, 30),
    published,
  }: { clock?: () => number; published?: Published } = {},
) {
  const read = sourcesFromYaml(yaml, "sources.yaml", env, providers);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  const relay = createDryRelay(read.sources, clock, 1_048_576, published);
  const sources = new Map(read.sources.map((source) => [source.name, source]));
  return {
    async ask({ method = "POST", path, headers = {}, body }: Wire): Promise<Asked> {
      const sent = typeof body === "string" ? Buffer.from(body) : body;
      const request = new Request(`http://relay.example${path}`, {
        method,
        headers: { ...headers },
        ...(sent === undefined ? {} : { body: new Uint8Array(sent) }),
      });
      const pathname = new URL(request.url).pathname;
      const response = await documented(method, pathname, await relay.fetch(request));
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, events: relay.takeAccepted() };
    },
    /** What becomes of a stored event. */
    async mapped(event: RelayEvent | undefined) {
      const source = event && sources.get(event.source);
      if (!event || !source) throw new Error("there is no such event");
      return await source.map(event);
    },
  };
}

import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { prepareNames } from "../contact/normalize.ts";
import type { Source } from "../sources/source.ts";
import { createDryRelay } from "./dry-relay.ts";
import { addressOf, signedByFirst } from "./signing.ts";

export interface WarmUpOptions {
  readonly delivers: boolean;
  readonly bodyLimitBytes: number;
  readonly clock: () => number;
}

/** Enough for the engine to have compiled what a burst needs; a start is not to wait longer for it. */
const roundsMax = 60;
const warmUpMsMax = 250;

/**
 * Takes samples of every source the whole way from the request to the update, and drops what comes of them: what the
 * first burst needs is loaded and compiled before it comes. Nothing is stored, counted, logged or sent. Never rejects.
 */
export async function warmUp(sources: readonly Source[], options: WarmUpOptions): Promise<void> {
  if (options.delivers) prepareNames();
  const { clock } = options;
  const dry = createDryRelay(sources, clock, options.bodyLimitBytes);
  const requests = sources.flatMap((source) => sampleRequests(source, clock()));
  const endAt = performance.now() + warmUpMsMax;
  for (let round = 0; round < roundsMax; round += 1) {
    for (const { source, makeRequest } of requests) {
      if (performance.now() > endAt) return;
      await dry.fetch(makeRequest());
      for (const event of dry.takeAccepted()) if (options.delivers) await source.map(event);
      dry.takeErrors();
    }
    await yieldToEventLoop();
  }
}

/** One of each source, as its sender would make it; none where the source can prove and not sign. */
function sampleRequests(source: Source, now: number) {
  const { provider, credentials } = source;
  const [sample] = provider.samples;
  if (!sample) return [];
  const address = `${credentials.publicUrl ?? "http://localhost"}/webhooks/${source.name}`;
  const plain = { headers: sample.headers, body: Buffer.from(sample.body) };
  const proofs = provider.proof === "key" ? credentials.keys : credentials.secrets;
  const signing = signedByFirst(proofs, (proof) => provider.sign(plain, proof, now, address));
  if (!signing.ok) return [];
  const { signed } = signing;
  const init = { method: "POST", headers: { ...signed.headers }, body: new Uint8Array(signed.body) };
  return [{ source, makeRequest: () => new Request(addressOf(address, signed), init) }];
}

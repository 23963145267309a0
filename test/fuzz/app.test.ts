import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contactExists } from "../../src/contact/event.ts";
import { providers } from "../../src/providers/registry.ts";
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs } from "../helpers/fuzz-settings.ts";
import { expectKnownAnswer, expectMappable, expectStorable } from "./answers.ts";
import { publicUrl, sources, startDryRelay } from "./relay.ts";
import { requestsTo, type FuzzRequest } from "./requests.ts";

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

const relay = startDryRelay();
const reached = new Map<string, number>();
const [anySource] = sources;

async function ask(request: FuzzRequest) {
  const { method, source, search, headers, body } = request;
  const hasBody = method !== "GET" && method !== "HEAD";
  const response = await relay.fetch(
    new Request(`${publicUrl}/webhooks/${source}${search}`, {
      method,
      headers: { ...headers },
      ...(hasBody ? { body: new Uint8Array(body) } : {}),
    }),
  );
  return { status: response.status, headers: new Map(response.headers), text: await response.text() };
}

describe(`requests made of anything (FUZZ_SEED=${fuzzSeed})`, () => {
  it.each(providers.map((provider) => [provider.name, provider] as const))(
    "%s: never a throw, never a 5xx, always an answer of ours; what is accepted can be stored and mapped",
    async (name, provider) => {
      await fc.assert(
        fc.asyncProperty(requestsTo(provider), async (request) => {
          const source = sources.find((known) => known.name === request.source) ?? anySource;
          if (!source) throw new Error("there are no sources");
          const answer = await ask(request);
          expect(relay.takeErrors()).toEqual([]);
          expectKnownAnswer(answer, source, request.method);
          const accepted = relay.takeAccepted();
          const reachedOne = () => reached.set(name, (reached.get(name) ?? 0) + 1);
          if (provider.mapping === "never") {
            expect(accepted).toEqual([]);
            if (answer.text.includes(contactExists)) reachedOne();
          }
          if (!request.proven) expect(accepted).toEqual([]);
          for (const event of accepted) {
            expectStorable(event);
            await expectMappable(event, source, source.name.endsWith("-mapped"));
            reachedOne();
          }
        }),
        { numRuns: fuzzRuns(50), seed: fuzzSeed },
      );
      expect(unhandled).toEqual([]);
    },
    fuzzTimeoutMs,
  );

  it("enough of it was proven, read and mapped: what is refused at the door tests only the door", () => {
    for (const { name } of providers) expect(reached.get(name) ?? 0, name).toBeGreaterThan(3);
  });
});

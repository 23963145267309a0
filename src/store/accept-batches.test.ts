import { describe, expect, it } from "vitest";
import type { RelayEvent } from "../contact/event.ts";
import { sampleEvent } from "../../test/helpers/store-samples.ts";
import { createAcceptBatches } from "./accept-batches.ts";

const accepted = (events: readonly RelayEvent[]) => events.map(({ id }) => ({ id, duplicate: false }));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("accepting in batches", () => {
  function recording(answer: (events: readonly RelayEvent[]) => Promise<void>, writesMax = 1) {
    const writes: string[][] = [];
    const accept = createAcceptBatches(
      async (events) => {
        writes.push(events.map(({ id }) => id));
        await answer(events);
        return accepted(events);
      },
      { writesMax, isAboutContent: (error) => error instanceof TypeError },
    );
    return { writes, accept };
  }

  it("what comes within one turn of the event loop is one write, and each call gets its own answers", async () => {
    const { writes, accept } = recording(async () => undefined);
    const calls = [[sampleEvent()], [sampleEvent(), sampleEvent()], [sampleEvent()]];
    const answers = await Promise.all(calls.map((events) => accept(events)));
    expect(answers).toEqual(calls.map(accepted));
    expect(writes).toEqual([calls.flat().map(({ id }) => id)]);
    expect(await accept([])).toEqual([]);
  });

  it("what comes while a write is under way goes together into the next", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { writes, accept } = recording(() => gate);
    const first = accept([sampleEvent()]);
    await turn();
    await turn();
    const others = Array.from({ length: 5 }, () => accept([sampleEvent()]));
    await turn();
    expect(writes).toHaveLength(1);
    go();
    await Promise.all([first, ...others]);
    expect(writes.map((write) => write.length)).toEqual([1, 5]);
  });

  it("a batch refused for one event's sake is tried call by call: the others are taken", async () => {
    const [good, bad, other] = [sampleEvent(), sampleEvent(), sampleEvent()];
    const { accept } = recording(async (events) => {
      if (events.includes(bad)) throw new TypeError("unstorable");
    });
    const answers = await Promise.allSettled([accept([good]), accept([bad]), accept([other])]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("a store that is away is not asked again for every call of the batch", async () => {
    const { writes, accept } = recording(() => Promise.reject(new Error("away")));
    const answers = await Promise.allSettled([accept([sampleEvent()]), accept([sampleEvent()])]);
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(writes).toHaveLength(1);
  });

  it("a write holds no more than so many bytes, but always a whole call", async () => {
    const { writes, accept } = recording(async () => undefined);
    const large = "x".repeat(3_000_000);
    await Promise.all([1, 2, 3].map(() => accept([sampleEvent({ payload: large })])));
    expect(writes.map((write) => write.length)).toEqual([1, 1, 1]);
  });
});

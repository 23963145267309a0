import { setImmediate as allTurns } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createVirtualTime, type VirtualTime } from "../../test/simulation/virtual-time.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { Completion, Lookup } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import { createCompletion, type Complete, type Completed } from "./completion.ts";

const second = 1_000;
const minute = 60 * second;

function eventOf(id: string, source = "leads"): RelayEvent {
  const times = { occurredAt: 0, receivedAt: 0 };
  return {
    id,
    source,
    provider: "p",
    identity: id,
    type: "t",
    attributes: {},
    replay: 0,
    payload: id,
    ...times,
  };
}

type Answer = (id: string, url: URL) => Promise<Completion> | Completion;

/** A source of thin events, each asked for by its id, and answered so. */
function sourceOf(
  { accessToken = "token", apiUrl }: { accessToken?: string; apiUrl?: string } = {},
  complete: (event: { payload: string }, lookup: Lookup) => Promise<Completion> = asking,
): Source {
  const provider = { name: "p", complete };
  return { completion: { accessToken, apiUrl }, provider } as unknown as Source;
}

/** The answer's text is the completion that a provider would read in it. */
async function asking({ payload: id }: { payload: string }, lookup: Lookup): Promise<Completion> {
  const answer = await lookup.get(new URL(`${lookup.apiUrl ?? "http://default.example"}/${id}`), {});
  return answer.kind === "answer"
    ? (JSON.parse(answer.text) as Completion)
    : { kind: "later", message: "unreachable", delayMs: 30 * second, everybody: true };
}

function setUp(answer: Answer, atOnceMax = 4, time: VirtualTime = createVirtualTime(0)) {
  const asked: { id: string; at: number }[] = [];
  const complete = createCompletion({
    get: async (url) => {
      const id = url.pathname.slice(1);
      asked.push({ id, at: time.now() });
      const text = JSON.stringify(await answer(id, url));
      return { kind: "answer", status: 200, headers: {}, text };
    },
    atOnceMax,
    clock: time.now,
  });
  return { asked, complete, time };
}

const complete: Completion = { kind: "complete", payload: "{}" };
const limit: Completion = {
  kind: "later",
  message: "the limit is reached",
  delayMs: 5 * minute,
  everybody: true,
};

/** A queue with so many slots: what is put off comes again when it is due, at the end. */
function queueOf(slots: number, time: VirtualTime, run: Complete, sources: Record<string, Source>) {
  const waiting: RelayEvent[] = [];
  const done = new Map<string, number>();
  let busy = 0;
  let runs = 0;
  async function work(event: RelayEvent): Promise<void> {
    runs += 1;
    const source = sources[event.source];
    if (!source) throw new Error(`no source ${event.source}`);
    const completed = await run(event, source);
    busy -= 1;
    if (completed.kind === "later") void time.sleep(completed.delayMs).then(() => add(event));
    else done.set(event.id, time.now());
    next();
  }
  function next(): void {
    while (busy < slots) {
      const event = waiting.shift();
      if (!event) return;
      busy += 1;
      void work(event);
    }
  }
  function add(event: RelayEvent): void {
    waiting.push(event);
    next();
  }
  return { add, done, runs: () => runs };
}

const leads = Array.from({ length: 1_000 }, (_, index) => eventOf(`lead${index}`));
const shop = { provider: {}, completion: undefined } as unknown as Source;

describe("a thousand thin events under a limit", () => {
  it("ask a handful of times in an hour, come back one after the other, and are all completed", async () => {
    const {
      asked,
      complete: run,
      time,
    } = setUp(async () => {
      await time.sleep(200);
      return time.now() < 60 * minute ? limit : complete;
    });
    const queue = queueOf(8, time, run, { leads: sourceOf() });
    for (const lead of leads) queue.add(lead);
    await allTurns();
    await time.run(60 * minute);
    expect(asked.length).toBeLessThanOrEqual(4 + 12);
    expect(asked.length).toBeGreaterThan(10);
    await time.run(70 * minute);
    expect(queue.done.size).toBe(1_000);
    const times = asked.map(({ at }) => at).filter((at) => at >= 60 * minute);
    const busiest = Math.max(
      ...times.map((at) => times.filter((other) => other >= at && other < at + second).length),
    );
    expect(busiest).toBeLessThanOrEqual(12);
    // Each waited for the pauses, and not for every request that could have been made meanwhile.
    expect(queue.runs()).toBeLessThan(20_000);
  });
});

describe("an API that hangs", () => {
  it.each([
    [8, 4],
    [2, 1],
  ])(
    "leaves slots (%i, of which it may have %i) to another source at every moment",
    async (slots, atOnceMax) => {
      const {
        asked,
        complete: run,
        time,
      } = setUp(async () => {
        await time.sleep(10 * second);
        return { ...limit, message: "no answer in time", delayMs: 30 * second };
      }, atOnceMax);
      const queue = queueOf(slots, time, run, { leads: sourceOf(), shop });
      for (const lead of leads) queue.add(lead);
      await allTurns();
      const orders = Array.from({ length: 600 }, (_, index) => eventOf(`order${index}`, "shop"));
      for (const [index, order] of orders.entries())
        void time.sleep(index * second).then(() => queue.add(order));
      await time.run(10 * minute);
      const waits = orders.map(
        ({ id }, index) => (queue.done.get(id) ?? Number.POSITIVE_INFINITY) - index * second,
      );
      expect(Math.max(...waits)).toBe(0);
      expect(asked.length).toBeLessThanOrEqual(atOnceMax + 15);
    },
  );
});

it("two APIs that hang leave as many slots as one", async () => {
  const { asked, complete: run, time } = setUp(() => new Promise(() => undefined));
  const sources = { leads: sourceOf(), others: sourceOf({ accessToken: "other" }), shop };
  const queue = queueOf(8, time, run, sources);
  for (const [index, lead] of leads.entries())
    queue.add({ ...lead, source: index % 2 === 0 ? "leads" : "others" });
  queue.add(eventOf("order", "shop"));
  await allTurns();
  expect(asked).toHaveLength(4);
  expect(queue.done.get("order")).toBe(0);
});

describe("a pause", () => {
  const start = (answers: Record<string, Completion>) => {
    const world = setUp((id) => answers[id] ?? complete);
    const { complete: run, time } = world;
    const at = async (ms: number, id: string, source = sourceOf()): Promise<Completed> => {
      await time.run(ms);
      void time.sleep(ms - time.now());
      await time.run(ms);
      return await run(eventOf(id), source);
    };
    return { ...world, at };
  };

  it("holds for whatever else is asked of the same host with the same token, with its words", async () => {
    const { asked, at } = start({ a: limit });
    expect(await at(0, "a")).toMatchObject({ kind: "later", because: "answer", message: limit.message });
    expect(await at(1, "b")).toMatchObject({ kind: "later", because: "pause", message: limit.message });
    expect(asked).toHaveLength(1);
  });

  it("holds for no other token and no other host", async () => {
    const { at } = start({ a: limit });
    await at(0, "a");
    expect(await at(1, "b", sourceOf({ accessToken: "other" }))).toEqual(complete);
    expect(await at(1, "b", sourceOf({ apiUrl: "http://other.example/v1" }))).toEqual(complete);
  });

  it("is one for all addresses of a host", async () => {
    const { at } = start({ "v1/a": limit });
    await at(0, "a", sourceOf({ apiUrl: "http://graph.example/v1" }));
    expect(await at(1, "b", sourceOf({ apiUrl: "http://graph.example/v2" }))).toMatchObject({
      because: "pause",
    });
  });

  it("holds up nothing for which nothing has to be asked", async () => {
    const { at } = start({ a: limit });
    await at(0, "a");
    expect(
      await at(
        1,
        "b",
        sourceOf({}, async () => complete),
      ),
    ).toEqual(complete);
  });

  it("does not come of what is true of one event alone", async () => {
    const { at } = start({ a: { kind: "later", message: "not permitted", delayMs: minute } });
    expect(await at(0, "a")).toEqual({
      kind: "later",
      because: "answer",
      message: "not permitted",
      delayMs: minute,
    });
    expect(await at(1, "b")).toEqual(complete);
  });

  it("puts the others off to one moment after the other", async () => {
    const { at } = start({ a: limit });
    await at(0, "a");
    const delays: number[] = [];
    for (const id of ["b", "c", "d"]) {
      const completed = await at(0, id);
      delays.push(completed.kind === "later" ? completed.delayMs : 0);
    }
    expect(new Set(delays).size).toBe(3);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5 * minute);
  });

  it("is ended by one request that is answered, while nobody else asks", async () => {
    let answering: (completion: Completion) => void = () => undefined;
    const {
      asked,
      complete: run,
      time,
    } = setUp((id) => (id === "a" ? limit : new Promise<Completion>((resolve) => (answering = resolve))));
    await run(eventOf("a"), sourceOf());
    void time.sleep(5 * minute);
    await time.run();
    const probe = run(eventOf("b"), sourceOf());
    expect(await run(eventOf("c"), sourceOf())).toMatchObject({ because: "pause" });
    expect(asked.map(({ id }) => id)).toEqual(["a", "b"]);
    answering(complete);
    expect(await probe).toEqual(complete);
    const next = run(eventOf("c"), sourceOf());
    answering(complete);
    expect(await next).toEqual(complete);
  });

  it("that only one event ever finds does not keep the others from being completed", async () => {
    const { complete: run, time } = setUp((id) =>
      id === "lead0" ? { ...limit, delayMs: 30 * second } : complete,
    );
    const queue = queueOf(8, time, run, { leads: sourceOf() });
    for (const lead of leads) queue.add(lead);
    await allTurns();
    await time.run(5 * minute);
    expect(queue.done.size).toBe(999);
  });
});

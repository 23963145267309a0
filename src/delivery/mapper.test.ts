import { describe, expect, it, onTestFinished } from "vitest";
import { sampleEvent, sampleUpdate } from "../../test/helpers/store-samples.ts";
import { until } from "../../test/helpers/relay-process.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Claimed, Conclusion, EventLog } from "../store/event-log.ts";
import type { Store } from "../store/store.ts";
import type { MapEvents } from "./map-events.ts";
import { startMapper } from "./mapper.ts";

function claims(count: number): Claimed[] {
  return Array.from({ length: count }, () => ({ event: sampleEvent(), attempts: 1, lease: "mine" }));
}

const ignored = (claimed: Claimed): Conclusion => ({
  kind: "completed",
  claimed,
  result: { outcome: "ignored", reason: "x", warnings: [] },
});

const mapped = (claimed: Claimed): Conclusion => {
  const update = sampleUpdate("id:1", { firstName: "Ann" }, { eventId: claimed.event.id });
  return { kind: "completed", claimed, result: { outcome: "mapped", updates: [update], warnings: [] } };
};

/** A log that hands out these batches, one after the other. */
function setUp(
  batches: Claimed[][],
  parts: { map?: Partial<MapEvents>; events?: Partial<EventLog>; health?: Store["health"] } = {},
) {
  const concluded: Conclusion[][] = [];
  const woken: ContactRef[][] = [];
  const errors: string[] = [];
  const stopping = new AbortController();
  const events = {
    claim: async () => batches.shift() ?? [],
    arrival: () => new Promise<void>((resolve) => setTimeout(resolve, 2)),
    extend: async () => undefined,
    conclude: async (conclusions: readonly Conclusion[]) => {
      concluded.push([...conclusions]);
      return [];
    },
    ...parts.events,
  } as unknown as EventLog;
  const map: MapEvents = {
    isThin: () => false,
    batch: async (claimed, conclude) => await conclude(claimed.map(mapped)),
    ...parts.map,
  };
  const mapper = startMapper({
    store: {
      events,
      wakeAll: async (wakes) => void woken.push(wakes.map(({ contact }) => contact)),
      health: parts.health ?? (async () => ({ ok: true })),
    },
    map,
    batches: 1,
    batchMax: 200,
    onError: (_error, where) => errors.push(where),
    began: () => undefined,
    ended: () => undefined,
    stopping: stopping.signal,
  });
  async function stop(): Promise<void> {
    stopping.abort();
    await mapper.close();
  }
  onTestFinished(stop);
  return { concluded, woken, errors, stop };
}

describe("the mapper", () => {
  it("concludes what it claimed and wakes whom that concerns, batch after batch", async () => {
    const batches = [claims(3), claims(2)];
    const all = batches.flat();
    const { concluded, woken } = setUp(batches);
    await until(() => woken.length === 2, 5_000, "both batches");
    expect(concluded.flat().map(({ claimed }) => claimed)).toEqual(all);
    expect(woken).toEqual([["id:1"], ["id:1"]]);
  });

  it("a claim that the store refuses is asked for again", async () => {
    const batches = [claims(1)];
    let refusals = 2;
    const { concluded, errors } = setUp(batches, {
      events: {
        claim: async () => {
          if (refusals-- > 0) throw new Error("away");
          return batches.shift() ?? [];
        },
      },
    });
    await until(() => concluded.length === 1, 5_000, "the batch");
    expect(errors).toEqual(["claim", "claim"]);
  });

  it("one conclusion that is refused for itself costs the others nothing, and its event is kept as failed", async () => {
    const batch = claims(3);
    const bad = batch[1];
    const written: Conclusion[] = [];
    setUp([batch], {
      events: {
        conclude: async (conclusions) => {
          if (conclusions.some(({ claimed, kind }) => claimed === bad && kind === "completed")) {
            throw new Error("unstorable");
          }
          written.push(...conclusions);
          return [];
        },
      },
    });
    await until(() => written.length === 3, 10_000, "all of them");
    const kinds = new Map(written.map(({ claimed, kind }) => [claimed, kind]));
    expect(batch.map((one) => kinds.get(one))).toEqual(["completed", "failed", "completed"]);
  });

  it("a conclusion that was claimed alone and is refused for itself is kept as failed too", async () => {
    const [alone] = claims(1);
    if (!alone) throw new Error("one was asked for");
    const written: Conclusion[] = [];
    setUp([[alone]], {
      events: {
        conclude: async (conclusions) => {
          if (conclusions.some(({ kind }) => kind === "completed")) throw new Error("unstorable");
          written.push(...conclusions);
          return [];
        },
      },
    });
    await until(() => written.length === 1, 10_000, "its end");
    expect(written).toMatchObject([{ kind: "failed", claimed: alone }]);
  });

  it("what has to be fetched first holds nobody else up", async () => {
    const [thin, other] = claims(2);
    if (!thin || !other) throw new Error("two were asked for");
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { concluded } = setUp([[thin, other]], {
      map: {
        isThin: (one) => one === thin,
        async batch(claimed, conclude) {
          if (claimed.includes(thin)) await gate;
          await conclude(claimed.map(ignored));
        },
      },
    });
    await until(() => concluded.length === 1, 5_000, "the other");
    expect(concluded[0]?.map(({ claimed }) => claimed)).toEqual([other]);
    go();
    await until(() => concluded.length === 2, 5_000, "the thin one");
  });

  it("a stop does not wait for a store that is away while nothing is being worked on", async () => {
    let asked = false;
    const { stop } = setUp([], {
      health: async () => ({ ok: false, message: "away" }),
      events: {
        claim: async () => {
          asked = true;
          return await new Promise<never>(() => undefined);
        },
      },
    });
    await until(() => asked, 5_000, "the claim");
    await stop();
  });

  it("whoever has something posted is woken, even when the answer to that was lost", async () => {
    const [claimed] = claims(1);
    if (!claimed) throw new Error("one was asked for");
    const update = sampleUpdate("id:7", { firstName: "Ann" }, { eventId: claimed.event.id });
    const result = { outcome: "mapped", updates: [update], warnings: [] } as const;
    const { woken } = setUp([[claimed]], {
      map: { batch: async (_claimed, conclude) => await conclude([{ kind: "completed", claimed, result }]) },
      events: { conclude: async () => [] },
    });
    await until(() => woken.length === 1, 5_000, "the wake-up");
    expect(woken).toEqual([["id:7"]]);
  });

  it("a stop waits for what is being worked on, and claims nothing more", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const begun: Claimed[][] = [];
    const { concluded, stop } = setUp([claims(1), claims(1)], {
      map: {
        async batch(claimed, conclude) {
          begun.push([...claimed]);
          await gate;
          await conclude(claimed.map(ignored));
        },
      },
    });
    await until(() => begun.length === 1, 5_000, "the first batch");
    const stopped = stop();
    go();
    await stopped;
    expect(begun).toHaveLength(1);
    expect(concluded).toHaveLength(1);
  });
});

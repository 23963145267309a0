import { describe, expect, it } from "vitest";
import { sampleEvent } from "../../test/helpers/store-samples.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { Mapped, Source } from "../sources/source.ts";
import type { Claimed, Conclusion } from "../store/event-log.ts";
import type { Complete } from "./completion.ts";
import { createMapEvents } from "./map-events.ts";
import { noTracing } from "../telemetry/tracing.ts";

const whole: Complete = async ({ payload }) => ({ kind: "complete", payload });

function claimedOf(overrides: Partial<RelayEvent> = {}): Claimed {
  return { event: sampleEvent(overrides), attempts: 3, lease: "mine" };
}

function setUp(mapped: (event: RelayEvent) => Mapped, complete: Complete = whole) {
  const steps: string[] = [];
  const errors: unknown[] = [];
  const told: string[] = [];
  const stopping = new AbortController();
  const source = { map: async (event: RelayEvent) => mapped(event) } as Partial<Source> as Source;
  const store = {
    events: { erase: async (ids: readonly string[]) => void steps.push(`forget ${ids.join()}`) },
    erase: async (contact: string) => {
      if (contact === "id:13") throw new Error("the store is away");
      steps.push(`erase ${contact}`);
      return 1;
    },
  };
  const map = createMapEvents({
    store,
    sources: new Map([["shop", source]]),
    complete,
    maxAgeMs: 1_000,
    passingDelayMs: (attempts) => attempts * 100,
    clock: () => 1_700_000_000_600,
    report: (event, { outcome }) => told.push(`${outcome} ${event.id}`),
    tracing: noTracing,
    onError: (error) => errors.push(error),
    stopping: stopping.signal,
  });
  const conclude = async (conclusions: readonly Conclusion[]) => {
    for (const { kind, claimed } of conclusions) steps.push(`${kind} ${claimed.event.id}`);
    written.push(...conclusions);
  };
  const written: Conclusion[] = [];
  return { steps, errors, told, written, stopping, map, conclude };
}

const updates = (event: RelayEvent): Mapped => ({
  kind: "update",
  contact: "id:1",
  patch: { firstName: event.id },
  warnings: [],
  report: { fields: [], unusedAnswers: [] },
});

describe("mapping a batch", () => {
  it("concludes all of it at once, in its order", async () => {
    const { written, map, conclude } = setUp(updates);
    const batch = [claimedOf(), claimedOf(), claimedOf()];
    await map.batch(batch, conclude);
    expect(written.map(({ claimed }) => claimed)).toEqual(batch);
    expect(written[0]).toMatchObject({
      kind: "completed",
      result: { outcome: "mapped", updates: [{ id: batch[0]?.event.id, contact: "id:1" }] },
    });
  });

  it("what came before an erasure is concluded before it, and what came after it stays", async () => {
    const [before, asks, after] = [claimedOf(), claimedOf({ type: "customers/redact" }), claimedOf()];
    const { steps, map, conclude } = setUp((event) =>
      event.type === "customers/redact"
        ? { kind: "erase", contacts: ["id:1"], unreadable: [] }
        : updates(event),
    );
    await map.batch([before, asks, after], conclude);
    const [a, b, c] = [before, asks, after].map(({ event }) => event.id);
    expect(steps).toEqual([
      `completed ${a}`,
      "erase id:1",
      `forget ${b}`,
      `completed ${b}`,
      `completed ${c}`,
    ]);
  });

  it("an event that meets an error of the store is put off, and the others of its batch are not", async () => {
    const [asks, other] = [claimedOf({ type: "customers/redact" }), claimedOf()];
    const { written, errors, map, conclude } = setUp((event) =>
      event.type === "customers/redact"
        ? { kind: "erase", contacts: ["id:13"], unreadable: [] }
        : updates(event),
    );
    await map.batch([asks, other], conclude);
    expect(written).toEqual([
      { kind: "delayed", claimed: asks, reason: "the store is away", delayMs: 300 },
      expect.objectContaining({ kind: "completed", claimed: other }),
    ]);
    expect(errors).toHaveLength(1);
  });

  it("an event whose source has gone is kept as failed, with the reason", async () => {
    const gone = claimedOf({ source: "gone" });
    const { written, map, conclude } = setUp(updates);
    await map.batch([gone], conclude);
    expect(written).toEqual([
      { kind: "failed", claimed: gone, reason: 'source "gone" is not configured any more' },
    ]);
  });

  it("what cannot be completed yet is put off, and kept as failed once it is too old", async () => {
    const later: Complete = async () => ({ kind: "later", because: "answer", message: "busy", delayMs: 50 });
    const [young, old] = [claimedOf(), claimedOf({ receivedAt: 1_600_000_000_000 })];
    const { written, told, map, conclude } = setUp(updates, later);
    await map.batch([young, old], conclude);
    expect(told).toEqual([`later ${young.event.id}`, `failed ${old.event.id}`]);
    expect(written).toEqual([
      { kind: "delayed", claimed: young, reason: "busy", delayMs: 50 },
      { kind: "failed", claimed: old, reason: "busy" },
    ]);
  });

  it("a stop gives back at once what was not begun", async () => {
    const { written, map, conclude, stopping } = setUp(updates);
    stopping.abort();
    const batch = [claimedOf(), claimedOf()];
    await map.batch(batch, conclude);
    expect(written).toEqual(batch.map((claimed) => ({ kind: "released", claimed })));
  });
});

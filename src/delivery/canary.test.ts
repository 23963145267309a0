import { describe, expect, it } from "vitest";
import type { QueueName } from "../store/store.ts";
import { createCanary } from "./canary.ts";

function watched() {
  let now = 0;
  let due: () => Promise<readonly QueueName[]> = async () => [];
  const canary = createCanary({
    due: () => due(),
    concurrency: { events: 2, contacts: 1 },
    clock: () => now,
  });
  return {
    canary,
    dueAre: (...queues: QueueName[]) => (due = async () => queues),
    storeIsAway: () => (due = async () => await Promise.reject(new Error("away"))),
    async passes(seconds: number) {
      for (let second = 0; second < seconds; second += 5) {
        await canary.look();
        now += 5_000;
      }
      await canary.look();
    },
  };
}

describe("a worker that has silently stopped", () => {
  it("is noticed when a job has been due for half a minute and none was begun, and not before", async () => {
    const { canary, dueAre, passes } = watched();
    dueAre("contacts");
    await passes(25);
    expect(canary.silent()).toEqual([]);
    await passes(5);
    expect(canary.silent()).toEqual(["contacts"]);
  });

  it("counts as well again with the first job it begins", async () => {
    const { canary, dueAre, passes } = watched();
    dueAre("events");
    await passes(60);
    expect(canary.silent()).toEqual(["events"]);
    canary.began("events");
    expect(canary.silent()).toEqual([]);
  });
});

describe("is not mistaken for one", () => {
  it("a worker that has nothing to do", async () => {
    const { canary, passes } = watched();
    await passes(300);
    expect(canary.silent()).toEqual([]);
  });

  it("a worker whose hands are full", async () => {
    const { canary, dueAre, passes } = watched();
    dueAre("contacts");
    canary.began("contacts");
    await passes(300);
    expect(canary.silent()).toEqual([]);
    canary.ended("contacts");
    await passes(60);
    expect(canary.silent()).toEqual(["contacts"]);
  });

  it("a worker that takes a job now and then while there is always one due", async () => {
    const { canary, dueAre, passes } = watched();
    dueAre("events");
    for (let round = 0; round < 10; round += 1) {
      await passes(20);
      canary.began("events");
      canary.ended("events");
    }
    expect(canary.silent()).toEqual([]);
  });

  it("any worker while the store is away", async () => {
    const { canary, dueAre, storeIsAway, passes } = watched();
    dueAre("events");
    await passes(20);
    storeIsAway();
    await passes(300);
    expect(canary.silent()).toEqual([]);
  });
});

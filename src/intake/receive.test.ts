import { expect, it } from "vitest";
import type { Provider } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { Acceptance } from "../store/event-log.ts";
import { createIntake } from "./receive.ts";

const mebibyte = "x".repeat(1_048_576);

function sourceOf(count: () => number): Source {
  const provider: Partial<Provider> = {
    name: "fake",
    repeats: true,
    verify: () => ({ ok: true }),
    parse: () => ({
      kind: "events",
      events: Array.from({ length: count() }, (_, index) => ({
        id: String(index),
        type: "t",
        occurredAt: undefined,
        attributes: {},
        payload: mebibyte,
      })),
    }),
  };
  const source: Partial<Source> = { name: "fake", provider: provider as Provider, selects: () => true };
  return source as Source;
}

it("a store that is slow is handed no more than it can be waited for; what it answered to makes room again", async () => {
  let count = 64;
  const answers: (() => void)[] = [];
  const handed: number[] = [];
  const intake = createIntake(
    {
      accept: async (events) => {
        handed.push(events.length);
        await new Promise<void>((resolve) => answers.push(resolve));
        return events.map(({ id }): Acceptance => ({ id, duplicate: false }));
      },
    },
    () => 0,
  );
  const source = sourceOf(() => count);
  const request = { headers: {}, query: {}, body: Buffer.from(""), receivedAt: 0 };
  const receive = () => intake.receive(source, request as unknown as Parameters<typeof intake.receive>[1]);

  const first = receive();
  count = 1;
  expect(await receive()).toMatchObject({ kind: "unavailable" });
  expect(handed).toEqual([64]);
  answers.shift()?.();
  expect(await first).toMatchObject({ kind: "received" });
  const third = receive();
  const fourth = receive();
  for (const answer of answers) answer();
  expect(await third).toMatchObject({ kind: "received" });
  expect(await fourth).toMatchObject({ kind: "received" });
  expect(handed).toEqual([64, 1, 1]);
});

it("an event that only says that contacts are there wakes who waits for them, and is not stored", async () => {
  const stored: string[] = [];
  const told: unknown[] = [];
  const intake = createIntake(
    {
      accept: async (events) => {
        stored.push(...events.map(({ type }) => type));
        return events.map(({ id }): Acceptance => ({ id, duplicate: false }));
      },
    },
    () => 0,
    undefined,
    undefined,
    undefined,
    { tell: (destination, references) => void told.push([destination, references]) },
  );
  const event = { occurredAt: undefined, attributes: {}, payload: "{}" };
  const provider: Partial<Provider> = {
    name: "fake",
    repeats: true,
    verify: () => ({ ok: true }),
    parse: () => ({
      kind: "events",
      events: [
        { ...event, id: "1", type: "updated", exist: ["id:1"] },
        { ...event, id: "2", type: "unselected", exist: ["id:2"] },
        { ...event, id: "3", type: "created" },
      ],
    }),
  };
  const source: Partial<Source> = {
    name: "fake",
    destination: "here",
    provider: provider as Provider,
    selects: (type) => type !== "unselected",
  };
  const request = { headers: {}, query: {}, body: Buffer.from(""), receivedAt: 0 };
  const outcome = await intake.receive(
    source as Source,
    request as unknown as Parameters<typeof intake.receive>[1],
  );
  expect(outcome).toMatchObject({
    kind: "received",
    receipts: [
      { status: "ignored", reason: "contact-exists" },
      { status: "ignored", reason: "event-not-selected" },
      { status: "accepted" },
    ],
  });
  expect(stored).toEqual(["created"]);
  expect(told).toEqual([["here", ["id:1"]]]);
});

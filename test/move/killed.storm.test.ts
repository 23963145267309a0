import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { ArchiveRecord } from "../../src/store/archive-port.ts";
import type { Store } from "../../src/store/store.ts";
import { startEngine, type EngineName, type EngineUnderTest } from "../helpers/engines.ts";
import { comparable, recordsOf } from "../helpers/furnished-store.ts";
import { moveArguments, moveStore, newPlace, type MovePlace } from "../helpers/move-place.ts";
import { runCommand, until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt, sampleNote } from "../helpers/store-samples.ts";

const embedded = await startEngine("embedded");
const shared = new Map<EngineName, EngineUnderTest>();
for (const name of ["redis", "postgres"] as const) {
  const engine = await startEngine(name);
  if (engine) shared.set(name, engine);
}
const places: MovePlace[] = [];
afterAll(async () => {
  for (const place of places) place.remove();
  for (const engine of shared.values()) await engine.stop();
});

function place(name: EngineName): MovePlace {
  const engine = name === "embedded" ? embedded : shared.get(name);
  if (!engine) throw new Error(`${name} is not there`);
  const created = newPlace(name, engine);
  places.push(created);
  return created;
}

const many = 1_500;

/** Enough of everything that a move takes a while. */
async function fill(store: Store): Promise<void> {
  const records: ArchiveRecord[] = [];
  const expiresAt = Date.now() + 3_600_000;
  for (let n = 0; n < many; n += 1) {
    const event = sampleEvent({ receivedAt: n });
    const contact = sampleContact();
    const state = n % 3 === 0 ? "completed" : n % 3 === 1 ? "failed" : "waiting";
    const done = state === "waiting" ? {} : { finishedAt: n + 1 };
    const outcome = state === "failed" ? { failure: "no" } : {};
    const update = sampleUpdate(contact);
    const data = { contact, parked: [{ reason: "refused", at: n, attempts: 1, updates: [update] }] };
    const parking = { id: `m${n}`, data, failure: "refused", attempts: 1, acceptedAt: n, finishedAt: n + 1 };
    records.push(
      { kind: "window", id: `${event.source}.${event.identity}`, eventId: event.id, expiresAt },
      {
        kind: "mailbox",
        contact,
        waiting: n % 2 === 0 ? [update] : [],
        applied: { email: { stamp: stampAt(n), eventId: event.id } },
        history: [sampleNote({ at: Date.now() - n, fields: [{ field: "email", eventId: event.id }] })],
        eventIds: [event.id, update.eventId],
        expiresAt,
        ...(n % 2 === 0 ? { wake: {} } : {}),
      },
      ...(n % 10 === 0 ? [{ kind: "parking", ...parking } as const] : []),
      { kind: "event", event, state, attempts: 1, acceptedAt: n, claimed: true, ...done, ...outcome },
    );
  }
  for (let n = 0; n < records.length; n += 300) await store.archive.import(records.slice(n, n + 300));
}

type Counts = Awaited<ReturnType<Store["counts"]>>;

/** In the order in which they come about: one in the middle of each kind. */
const middles: readonly ((counts: Counts) => boolean)[] = [
  ({ contacts }) => contacts.waiting > 0,
  ({ contacts }) => contacts.failed > 0,
  ({ events }) => events.completed > 0,
  ({ events }) => events.waiting > 0,
];

async function filled(name: EngineName) {
  const at = place(name);
  const records = await at.withStore(async (store) => {
    await fill(store);
    return comparable(await recordsOf(store));
  });
  return { at, records };
}

async function expectAllThere(
  from: MovePlace,
  to: MovePlace,
  records: Record<string, unknown>,
): Promise<void> {
  const { code, err, summary } = await moveStore(from, to);
  expect(code, err).toBe(0);
  expect(summary).toMatchObject({ ok: true, missing: 0, duplicates: 0 });
  await to.withStore(async (store) => {
    expect(comparable(await recordsOf(store))).toEqual(records);
    const { events, contacts } = await store.counts();
    expect(events).toMatchObject({ waiting: 500, failed: 500, completed: 500, delayed: 0 });
    expect(contacts).toMatchObject({ waiting: 750, failed: 150, delayed: 0, active: 0 });
  });
  expect(await from.withStore(async (store) => comparable(await recordsOf(store)))).toEqual(records);
}

function startMove(from: MovePlace, to: MovePlace) {
  const child = runCommand(moveArguments(from, to), {});
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    hasEnded: () => child.exitCode !== null,
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    /** Asks it to end, as Ctrl-C and a shutdown do. */
    async stop() {
      child.kill("SIGTERM");
      await ended;
      return { code: child.exitCode, said };
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
      return child.signalCode === "SIGKILL";
    },
  };
}

describe("a move that is killed again and again ends with everything, once:", () => {
  it.each([...shared.keys()])("from embedded to %s", { timeout: 300_000 }, async (toEngine) => {
    const { at: from, records } = await filled("embedded");
    const to = place(toEngine);
    const total = Object.keys(records).length - 1;
    await to.withStore(async (store) => {
      const asked = startMove(from, to);
      await until(async () => (await store.archive.readMark()) !== undefined, 60_000, "its start");
      expect(await asked.stop()).toEqual({ code: 1, said: "stopped on the way; run it again to go on\n" });
      for (const isInTheMiddle of middles) {
        const moving = startMove(from, to);
        // It stands still while it is looked at, or it would be somewhere else by the time it is killed.
        const reached = async () => {
          moving.freeze();
          const isThere = moving.hasEnded() || isInTheMiddle(await store.counts());
          if (!isThere) moving.thaw();
          return isThere;
        };
        await until(reached, 60_000, "the move to get there", 5);
        expect(await moving.kill()).toBe(true);
        const held = (await recordsOf(store)).length;
        expect(held).toBeGreaterThan(0);
        expect(held).toBeLessThan(total);
      }
    });
    await expectAllThere(from, to, records);
  });

  it.each([...shared.keys()].slice(0, 1))("from %s to embedded", { timeout: 300_000 }, async (fromEngine) => {
    const { at: from, records } = await filled(fromEngine);
    const to = place("embedded");
    for (const afterMs of [100, 500, 1_500]) {
      const moving = startMove(from, to);
      await until(
        () => moving.hasEnded() || existsSync(join(to.name, "pg", "PG_VERSION")),
        60_000,
        "its start",
      );
      await wait(afterMs);
      await moving.kill();
    }
    await expectAllThere(from, to, records);
  });
});

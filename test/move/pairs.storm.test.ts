import { afterAll, describe, expect, it } from "vitest";
import { readPlace } from "../../src/commands/move/places.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { comparable, furnish, recordsOf } from "../helpers/furnished-store.ts";
import { moveStore, newPlace, type MovePlace } from "../helpers/move-place.ts";
import { finishCommand, startRelayProcess } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt } from "../helpers/store-samples.ts";
import { waitingEvents } from "../store-contract/suite.ts";

const names: readonly EngineName[] = ["embedded", "redis", "postgres"];
const engines = new Map<EngineName, NonNullable<Awaited<ReturnType<typeof startEngine>>>>();
for (const name of names) {
  const engine = await startEngine(name);
  if (engine) engines.set(name, engine);
}
const places: MovePlace[] = [];
afterAll(async () => {
  for (const place of places) place.remove();
  for (const engine of engines.values()) await engine.stop();
});

function place(name: EngineName): MovePlace {
  const engine = engines.get(name);
  if (!engine) throw new Error(`${name} is not there`);
  const created = newPlace(name, engine);
  places.push(created);
  return created;
}

const timeout = 180_000;

/** What a move from there leaves in its target before it has ended. */
function markOf({ name, prefix }: MovePlace) {
  const read = readPlace("--from", name, prefix);
  if (!read.ok) throw new Error(read.problem);
  return { from: read.place.name, startedAt: Date.now() };
}

describe.each([...engines.keys()])("from %s", (fromEngine) => {
  let source: { place: MovePlace; records: Record<string, unknown> } | undefined;

  async function furnished() {
    if (source) return source;
    const created = place(fromEngine);
    const records = await created.withStore(async (store) => {
      await furnish(store);
      return comparable(await recordsOf(store));
    });
    source = { place: created, records };
    return source;
  }

  it.each([...engines.keys()])(
    "to %s: everything arrives, and the source keeps it too",
    { timeout },
    async (toEngine) => {
      const { place: from, records } = await furnished();
      const to = place(toEngine);
      const { code, err, summary } = await moveStore(from, to);
      expect(err).toBe("");
      expect(code, JSON.stringify(summary)).toBe(0);
      expect(summary).toMatchObject({ ok: true, already: false, duplicates: 0, missing: 0 });
      const expected = {
        waiting: 5,
        delayed: 1,
        failed: 2,
        completed: 2,
        windows: 10,
        contacts: 3,
        updates: 2,
      };
      for (const [name, count] of Object.entries({ ...expected, fields: 2, notes: 2, parked: 2, pace: 1 })) {
        expect(summary?.counts[name], name).toEqual({ source: count, target: count });
      }
      expect(await to.withStore(async (store) => comparable(await recordsOf(store)))).toEqual(records);
      expect(await from.withStore(async (store) => comparable(await recordsOf(store)))).toEqual(records);

      // Once more changes nothing and says so.
      const again = await moveStore(from, to);
      expect(again.code).toBe(0);
      expect(again.summary).toMatchObject({ ok: true, already: true, missing: 0 });
    },
  );
});

const shared: EngineName = engines.has("redis") ? "redis" : engines.has("postgres") ? "postgres" : "embedded";

describe("a move is refused, with nothing written,", () => {
  async function withEvent(at: MovePlace) {
    const event = sampleEvent();
    await at.withStore((store) => store.events.accept([event]));
    return event;
  }

  it("when the target holds work, unless it is to be merged", { timeout }, async () => {
    const [from, to] = [place(shared), place(shared)];
    const moved = await withEvent(from);
    const there = await withEvent(to);
    const refused = await moveStore(from, to);
    expect(refused.code).toBe(1);
    expect(refused.summary?.reason).toContain("--merge");
    const waiting = () => to.withStore(async (store) => (await waitingEvents(store)).map(({ id }) => id));
    expect(await waiting()).toEqual([there.id]);
    expect((await moveStore(from, to, "--merge")).code).toBe(0);
    expect(await waiting()).toEqual([there.id, moved.id]);
  });

  it("when what came to the source after an earlier move is not in the target", { timeout }, async () => {
    const [from, to] = [place(shared), place(shared)];
    const first = await withEvent(from);
    expect((await moveStore(from, to)).code).toBe(0);
    const second = await withEvent(from);
    const refused = await moveStore(from, to);
    expect(refused.code).toBe(1);
    expect(refused.summary?.reason).toContain("moved from this source before");
    expect((await moveStore(from, to, "--merge")).code).toBe(0);
    const waiting = await to.withStore((store) => waitingEvents(store));
    expect(waiting.map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  it(
    "when the source has served since a move was cut off: erased and dropped would be delivered all the same",
    { timeout },
    async () => {
      const [from, to] = [place(shared), place(shared)];
      const contact = sampleContact();
      const event = sampleEvent();
      const records = await from.withStore(async (store) => {
        await store.events.accept([event]);
        await store.mailbox.post([sampleUpdate(contact, { firstName: "Ann" }, { eventId: event.id })]);
        await store.wake(contact);
        return await recordsOf(store);
      });
      await to.withStore(async ({ archive }) => {
        await archive.writeMark(markOf(from));
        await archive.import(records);
      });
      await from.withStore((store) => store.erase(contact));

      const refused = await moveStore(from, to);
      expect(refused.code).toBe(1);
      expect(refused.summary?.reason).toContain("has served since the move that was cut off began");
      expect(refused.summary?.reason).toContain("empty the target and move again");
      expect(JSON.stringify(refused.summary)).not.toContain(contact);
      const waiting = (at: MovePlace) =>
        at.withStore(async ({ mailbox }) => (await mailbox.read(contact)).waiting);
      expect(await waiting(to)).toHaveLength(1);

      const empty = place(shared);
      expect((await moveStore(from, empty)).code).toBe(0);
      expect(await waiting(empty)).toEqual([]);
    },
  );

  it("but a merge that was cut off is gone on with beside the target's own work", { timeout }, async () => {
    const [from, to] = [place(shared), place(shared)];
    const moved = await withEvent(from);
    const there = await withEvent(to);
    await to.withStore(({ archive }) => archive.writeMark({ ...markOf(from), merged: true }));
    const { code, err } = await moveStore(from, to);
    expect(code, err).toBe(0);
    const waiting = await to.withStore((store) => waitingEvents(store));
    expect(waiting.map(({ id }) => id)).toEqual([there.id, moved.id]);
  });

  it("when source and target are one store by two addresses", { timeout }, async (context) => {
    if (shared === "embedded") return context.skip("no server");
    const from = place(shared);
    await withEvent(from);
    const other = { ...from, name: from.name.replace("127.0.0.1", "localhost") };
    const before = await from.withStore(async (store) => comparable(await recordsOf(store)));
    for (const to of [from, other]) {
      const refused = await moveStore(from, to, "--merge");
      expect(refused.code).toBe(to === from ? 2 : 1);
    }
    expect(await from.withStore(async (store) => comparable(await recordsOf(store)))).toEqual(before);
    expect(await from.withStore((store) => store.archive.readMark())).toBeUndefined();
  });

  it(
    "when there is no such store, without making one; when it is empty; when it cannot be reached",
    { timeout },
    async () => {
      const [from, to] = [place("embedded"), place("embedded")];
      const missing = await moveStore(from, to);
      expect(missing.code).toBe(1);
      expect(missing.err).toContain("there is no store in");
      await to.withStore(() => Promise.resolve());
      const empty = await moveStore(to, place("embedded"));
      expect(empty.code).toBe(1);
      expect(empty.summary?.reason).toContain("nothing in the source");
      const away = { ...from, name: "redis://relay:hunter2@127.0.0.1:9" };
      const unreachable = await moveStore(away, place("embedded"));
      expect(unreachable.code).toBe(1);
      expect(unreachable.err).toContain("127.0.0.1:9");
      expect(unreachable.err).not.toContain("hunter2");
    },
  );

  it("when a store is not named as one: exit code 2, and no password repeated", async () => {
    const usage = async (...args: string[]) =>
      await finishCommand(["move", ...args], { DATA_DIR: "/srv/relay" });
    const none = await usage();
    expect(none.code).toBe(2);
    expect(none.err).toContain("--from is required; the present configuration uses /srv/relay");
    const bad = await usage("--from", "mysql://u:hunter2@db/x", "--to", "", "--to-prefix", "No");
    expect(bad.code).toBe(2);
    expect(bad.err).toContain("--from must be a directory, file:<directory>, redis://… or postgres://…");
    expect(bad.err).toContain("--to-prefix must be");
    expect(bad.err).not.toContain("hunter2");
    expect((await usage("--from", "data", "--to", "file:./data")).code).toBe(2);
    expect((await usage("--everything")).code).toBe(2);
  });

  it.each([...engines.keys()])("while a relay runs on the source: %s", { timeout }, async (name) => {
    const [from, to] = [place(name), place(shared)];
    await withEvent(from);
    const relay = await startRelayProcess({
      ...from.settings,
      AELYST_API_TOKEN: "t",
      AELYST_API_URL: "http://127.0.0.1:9",
      LOG_LEVEL: "silent",
    });
    try {
      const refused = await moveStore(from, to);
      expect(refused.code).toBe(1);
      if (name === "embedded") expect(refused.err).toContain(`in use by process ${relay.pid}`);
      else expect(refused.summary?.reason).toContain("a relay is running on the source");
      expect(await to.withStore((store) => recordsOf(store))).toEqual([]);
    } finally {
      await relay.end("SIGKILL");
    }
  });
});

it("merging leaves the newest value of each field, whichever side has it", { timeout }, async () => {
  const [from, to] = [place(shared), place(shared)];
  const contact = sampleContact();
  const at = (time: number) => ({ stamp: stampAt(time), eventId: `evt_${time}` });
  const stale = sampleUpdate(contact, { firstName: "Old" }, { stamp: stampAt(5) });
  await from.withStore(async ({ mailbox }) => {
    await mailbox.post([stale]);
    await mailbox.settle(contact, { done: [], applied: { email: at(1), phone: at(4) } });
  });
  await to.withStore(({ mailbox }) =>
    mailbox.settle(contact, { done: [], applied: { email: at(2), phone: at(3), firstName: at(6) } }),
  );
  const { code, summary } = await moveStore(from, to, "--merge");
  expect({ code, missing: summary?.missing }).toEqual({ code: 0, missing: 0 });
  const { applied, waiting } = await to.withStore(({ mailbox }) => mailbox.read(contact));
  expect({ ...applied }).toEqual({ email: at(2), phone: at(4), firstName: at(6) });
  expect(waiting).toEqual([stale]);
});

it(
  "a person is told what arrived, how to start the relay on it and how to remove the source",
  { timeout },
  async () => {
    const [from, to] = [place("embedded"), place("embedded")];
    await from.withStore((store) => store.events.accept([sampleEvent(), sampleEvent()]));
    const { code, out } = await finishCommand(["move", "--from", `file:${from.name}`, "--to", to.name], {});
    expect(code).toBe(0);
    expect(out).toMatch(/events waiting +2\n/);
    expect(out).toContain(`DATA_DIR=${to.name}`);
    expect(out).toContain(`rm -r ${from.name}/pg`);
  },
);

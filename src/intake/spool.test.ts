import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../test/helpers/relay-process.ts";
import { spoolWorld, type SpoolWorld } from "../../test/helpers/spool-world.ts";
import { sampleEvent } from "../../test/helpers/store-samples.ts";
import { createLogFile } from "./spool/log.ts";
import { encodeRecord } from "./spool/record.ts";

const away = new Error("the store is away");
const deadlineMs = 10_000;

let world: SpoolWorld;
beforeEach(() => {
  world = spoolWorld();
});
afterEach(async () => {
  await world.remove();
});

const events = (count: number) => Array.from({ length: count }, () => sampleEvent());

describe("what cannot be kept is refused, and nothing crashes", () => {
  it("turned off, it keeps nothing and writes nothing", async () => {
    const spool = await world.open({ bytesMax: 0 });
    expect(await spool.keep(events(1), away)).toEqual({ ok: false, reason: "off" });
    expect(() => readdirSync(world.path)).toThrow("ENOENT");
  });

  it("full, it refuses the whole request and still takes one that fits", async () => {
    const [first, second, third] = events(3);
    if (!first || !second || !third) throw new Error("three events");
    const spool = await world.open({ bytesMax: encodeRecord(first).length * 2 + 20 });
    expect(await spool.keep([first], away)).toMatchObject({ ok: true });
    expect(await spool.keep([second, third], away)).toEqual({ ok: false, reason: "full" });
    expect(spool.state().events).toBe(1);
    expect(await spool.keep([third], away)).toMatchObject({ ok: true });
    expect(await spool.keep([second], away)).toEqual({ ok: false, reason: "full" });
  });

  it("full, concurrent requests are counted before they are written", async () => {
    const all = events(20);
    const spool = await world.open({ bytesMax: encodeRecord(all[0] ?? sampleEvent()).length * 5 + 50 });
    const kept = await Promise.all(all.map((event) => spool.keep([event], away)));
    expect(kept.filter(({ ok }) => ok)).toHaveLength(5);
    expect(spool.state().events).toBe(5);
  });

  it("a directory that cannot be written to is reported at boot; it is used as soon as it can be", async () => {
    mkdirSync(dirname(world.path), { recursive: true });
    writeFileSync(world.path, "in the way");
    const spool = await world.open();
    expect(world.notices).toMatchObject([{ kind: "unusable", cause: { code: "EEXIST" } }]);
    expect(await spool.keep(events(1), away)).toMatchObject({ ok: false, reason: "unusable" });
    expect(spool.state()).toEqual({ events: 0, bytes: 0 });
    rmSync(world.path);
    expect(await spool.keep(events(1), away)).toMatchObject({ ok: true });
  });

  it.each(["appendFile", "datasync"] as const)(
    "after a failed %s the requests in it are refused, earlier and later ones are kept",
    async (method) => {
      let failing = false;
      const spool = await world.open({
        async openFile(path) {
          const file = await createLogFile(path);
          return {
            appendFile: async (data) => {
              if (failing && method === "appendFile") {
                await file.appendFile((data as Buffer).subarray(0, 25));
                throw new Error("ENOSPC");
              }
              await file.appendFile(data);
            },
            datasync: () => (failing ? Promise.reject(new Error("EIO")) : file.datasync()),
            truncate: (length) => file.truncate(length),
            close: () => file.close(),
          };
        },
      });
      const [before, during, again, after] = events(4);
      if (!before || !during || !again || !after) throw new Error("four events");
      expect(await spool.keep([before], away)).toMatchObject({ ok: true });
      failing = true;
      const refused = await Promise.all([spool.keep([during], away), spool.keep([during, again], away)]);
      expect(refused).toMatchObject([
        { ok: false, reason: "unusable" },
        { ok: false, reason: "unusable" },
      ]);
      failing = false;
      expect(await spool.find([before, during])).toEqual([before.id, undefined]);
      expect(await spool.keep([during], away)).toMatchObject({
        ok: true,
        acceptances: [{ duplicate: false }],
      });
      expect(await spool.keep([after], away)).toMatchObject({ ok: true });
      spool.drainInto(world.store);
      await world.drained();
      expect(world.store.ids()).toEqual([before.id, during.id, after.id]);
      expect(world.kinds()).toEqual(["began", "drained"]);
    },
  );
});

describe("what is kept", () => {
  it("is durable, for this user alone, before the answer", async () => {
    const spool = await world.open();
    const event = sampleEvent({ payload: '{"name":"Zoë\\ud83d"}' });
    expect(await spool.keep([event], away)).toEqual({
      ok: true,
      acceptances: [{ id: event.id, duplicate: false }],
    });
    const [file] = world.logs();
    expect(readFileSync(join(world.path, file ?? "")).equals(encodeRecord(event))).toBe(true);
    expect(statSync(join(world.path, file ?? "")).mode & 0o077).toBe(0);
    expect(statSync(world.path).mode & 0o077).toBe(0);
    expect(spool.state()).toEqual({ events: 1, bytes: encodeRecord(event).length });
  });

  it("by many at once shares its syncs, and none is answered before its own", async () => {
    let syncs = 0;
    let synced = 0;
    let written = 0;
    const spool = await world.open({
      async openFile(path) {
        const file = await createLogFile(path);
        return {
          appendFile: async (data) => {
            await file.appendFile(data);
            written += (data as Buffer).length;
          },
          datasync: async () => {
            const upTo = written;
            await new Promise((resolve) => setTimeout(resolve, 5));
            await file.datasync();
            syncs += 1;
            synced = upTo;
          },
          truncate: (length) => file.truncate(length),
          close: () => file.close(),
        };
      },
    });
    let answeredBytes = 0;
    await Promise.all(
      events(200).map(async (event) => {
        expect(await spool.keep([event], away)).toMatchObject({ ok: true });
        answeredBytes += encodeRecord(event).length;
        expect(answeredBytes).toBeLessThanOrEqual(synced);
      }),
    );
    expect(spool.state().events).toBe(200);
    expect(syncs).toBeLessThan(10);
  });

  it("once is a duplicate the second time, with the first id: while it is written, later, and within one request", async () => {
    const spool = await world.open();
    const first = sampleEvent();
    const same = { ...first, id: "evt_second" };
    const elsewhere = { ...first, id: "evt_third", source: "other" };
    const kept = await Promise.all([spool.keep([first], away), spool.keep([same, same], away)]);
    const duplicate = { id: first.id, duplicate: true };
    expect(kept).toMatchObject([
      { ok: true, acceptances: [{ id: first.id, duplicate: false }] },
      { ok: true, acceptances: [duplicate, duplicate] },
    ]);
    const [new1, new2] = [sampleEvent({ identity: "twice" }), sampleEvent({ identity: "twice" })];
    expect(await spool.keep([same, new1, new2, elsewhere], away)).toEqual({
      ok: true,
      acceptances: [
        duplicate,
        { id: new1.id, duplicate: false },
        { id: new1.id, duplicate: true },
        { id: "evt_third", duplicate: false },
      ],
    });
    expect(await spool.find([same, elsewhere, sampleEvent()])).toEqual([first.id, "evt_third", undefined]);
    expect(spool.state().events).toBe(3);
  });
});

describe("draining", () => {
  it("brings everything to the store once, in order, in batches; then the directory is empty again", async () => {
    const spool = await world.open({ segmentBytes: 2_000 });
    const all = events(250);
    for (const event of all) await spool.keep([event], away);
    expect(world.logs().length).toBeGreaterThan(10);
    world.store.isHealthy = false;
    spool.drainInto(world.store);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(spool.state().events).toBe(250);
    world.store.isHealthy = true;
    await world.drained();
    expect(world.store.events).toEqual(all);
    expect(world.store.calls).toBeLessThan(10);
    expect(world.logs()).toEqual([]);
    expect(spool.state()).toEqual({ events: 0, bytes: 0 });
    expect(world.notices).toEqual([
      { kind: "began", cause: away },
      { kind: "drained", events: 250 },
    ]);
    expect(await spool.find(all.slice(0, 1))).toEqual([undefined]);
  });

  it("goes on while more is kept, and begins anew with the next outage", async () => {
    const spool = await world.open({ segmentBytes: 1_000 });
    spool.drainInto(world.store);
    const all = events(100);
    for (const event of all) {
      world.store.isHealthy = Math.random() < 0.5;
      await spool.keep([event], away);
    }
    world.store.isHealthy = true;
    const count = (wanted: string) => world.kinds().filter((kind) => kind === wanted).length;
    await until(
      () => spool.state().events === 0 && spool.state().bytes === 0 && count("began") === count("drained"),
      deadlineMs,
      "an empty spool",
    );
    expect(world.store.events).toEqual(all);
  });

  it("of what the store took after it was given up changes nothing: it is there once, under the same id", async () => {
    const spool = await world.open();
    const event = sampleEvent();
    await world.store.accept([event]);
    await spool.keep([event], away);
    spool.drainInto(world.store);
    await world.drained();
    expect(world.store.ids()).toEqual([event.id]);
  });

  it("one event that the store never takes does not hold up the others: it is set aside, loudly, and can be put back", async () => {
    const spool = await world.open({ segmentBytes: 1_500 });
    const all = events(30);
    const bad = all[7]?.id ?? "";
    for (const event of all) await spool.keep([event], away);
    world.store.takes = ({ id }) => id !== bad;
    spool.drainInto(world.store);
    await world.drained();
    const rest = all.map(({ id }) => id).filter((id) => id !== bad);
    expect(world.store.ids().toSorted()).toEqual(rest.toSorted());
    expect(world.notices).toContainEqual(
      expect.objectContaining({ kind: "refused", eventId: bad, source: "shop" }),
    );
    const aside = readdirSync(world.path).filter((file) => file.endsWith(".set-aside"));
    expect(aside).toHaveLength(1);
    expect(world.logs()).toEqual([]);
    const [name] = (aside[0] ?? "").split(".");
    world.store.takes = () => true;
    renameSync(join(world.path, aside[0] ?? ""), join(world.path, `${name}.${name}.log`));
    const next = await world.open();
    next.drainInto(world.store);
    await until(() => world.store.ids().includes(bad), deadlineMs, "the event that was put back");
    expect(world.store.events).toHaveLength(30);
  });

  it("a store that refuses everything, though it answers, has nothing set aside", async () => {
    const spool = await world.open();
    for (const event of events(3)) await spool.keep([event], away);
    world.store.takes = () => false;
    spool.drainInto(world.store);
    await until(() => world.store.calls > 40, deadlineMs, "many attempts");
    expect(spool.state().events).toBe(3);
    expect(world.kinds()).toEqual(["began"]);
    world.store.takes = () => true;
    await world.drained();
    expect(world.store.events).toHaveLength(3);
  });

  it("stops when it is closed, and leaves the rest where the next process finds it", async () => {
    const spool = await world.open();
    const all = events(5);
    await spool.keep(all, away);
    world.store.isHealthy = false;
    spool.drainInto(world.store);
    await spool.close();
    world.store.isHealthy = true;
    expect(world.store.events).toEqual([]);
    const next = await world.open();
    expect(next.state().events).toBe(5);
    next.drainInto(world.store);
    await world.drained();
    expect(world.store.events).toEqual(all);
    expect(world.kinds()).toEqual(["began", "found", "drained"]);
  });
});

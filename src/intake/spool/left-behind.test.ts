import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../../test/helpers/relay-process.ts";
import { spoolWorld, type SpoolWorld } from "../../../test/helpers/spool-world.ts";
import { sampleEvent } from "../../../test/helpers/store-samples.ts";
import { encodeRecord } from "./record.ts";

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

describe("what a process that died leaves", () => {
  it("is found at the next boot, known as duplicates, and drained before anything newer", async () => {
    const spool = await world.open();
    const old = events(3);
    for (const event of old) await spool.keep([event], away);
    world.killAll();
    const next = await world.open();
    expect(next.state()).toEqual(spool.state());
    const [first] = old;
    expect(await next.keep([{ ...(first ?? sampleEvent()), id: "evt_again" }], away)).toMatchObject({
      acceptances: [{ id: first?.id, duplicate: true }],
    });
    const newer = sampleEvent();
    await next.keep([newer], away);
    next.drainInto(world.store);
    await world.drained();
    expect(world.store.events).toEqual([...old, newer]);
    expect(readdirSync(world.path).filter((file) => file.endsWith(".lock"))).toHaveLength(1);
  });

  it("is drained although spooling is turned off now", async () => {
    const spool = await world.open();
    await spool.keep(events(2), away);
    world.killAll();
    const next = await world.open({ bytesMax: 0 });
    next.drainInto(world.store);
    await world.drained();
    expect(world.store.events).toHaveLength(2);
  });

  it("is taken over by one of several that start together, and by one that has run all along", async () => {
    const spool = await world.open();
    await spool.keep(events(4), away);
    world.killAll();
    const running = await Promise.all([
      world.open({ lookEveryMs: 1 }),
      world.open({ lookEveryMs: 1 }),
      world.open(),
    ]);
    expect(running.map((one) => one.state().events).toSorted((a, b) => a - b)).toEqual([0, 0, 4]);
    const [other] = running;
    other?.drainInto(world.store);
    await world.open();
    writeFileSync(
      join(world.path, "01ARZ3NDEKTSV4RRFFQ69G5FAV.01ARZ3NDEKTSV4RRFFQ69G5FAW.log"),
      encodeRecord(sampleEvent({ id: "evt_late" })),
    );
    await until(() => world.store.ids().includes("evt_late"), deadlineMs, "the abandoned file");
  });

  it("of a living process is left alone", async () => {
    const spool = await world.open();
    await spool.keep(events(1), away);
    const other = await world.open();
    expect(other.state().events).toBe(0);
    expect(spool.state().events).toBe(1);
  });

  it("in another container does not hold up the boot: it is taken over once it has been watched for long enough", async () => {
    const spool = await world.open();
    const event = sampleEvent();
    await spool.keep([event], away);
    world.moveAllElsewhere(true);
    const next = await world.open({ lookEveryMs: 1 });
    next.drainInto(world.store);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(next.state().events + world.store.events.length).toBe(0);
    world.moveAllElsewhere(false);
    await world.drained();
    expect(world.store.events).toEqual([event]);
  });

  it("cut off in the middle of a record, everything whole is delivered and nothing is set aside", async () => {
    const spool = await world.open();
    const all = events(3);
    for (const event of all) await spool.keep([event], away);
    const path = join(world.path, world.logs()[0] ?? "");
    writeFileSync(path, readFileSync(path).subarray(0, -40));
    world.killAll();
    (await world.open()).drainInto(world.store);
    await world.drained();
    expect(world.store.events).toEqual(all.slice(0, 2));
    expect(world.kinds()).toEqual(["began", "torn", "found", "drained"]);
    expect(world.logs()).toEqual([]);
  });

  it("damaged in the middle, the others are delivered and the file is kept, with a loud word", async () => {
    const spool = await world.open();
    const all = events(3);
    for (const event of all) await spool.keep([event], away);
    const path = join(world.path, world.logs()[0] ?? "");
    const bytes = readFileSync(path);
    bytes.writeUInt8(0x58, encodeRecord(all[0] ?? sampleEvent()).length + 80);
    writeFileSync(path, bytes);
    world.killAll();
    (await world.open()).drainInto(world.store);
    await world.drained();
    expect(world.store.events).toEqual([all[0], all[2]]);
    expect(world.kinds()).toContain("damaged");
    const [aside] = readdirSync(world.path).filter((file) => file.endsWith(".set-aside"));
    expect(readFileSync(join(world.path, aside ?? "")).equals(bytes)).toBe(true);
    expect(world.logs()).toEqual([]);
  });

  it("with nothing readable in it is set aside at once", async () => {
    mkdirSync(world.path, { recursive: true });
    const name = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    writeFileSync(join(world.path, `${name}.01ARZ3NDEKTSV4RRFFQ69G5FAW.log`), "no record\nat all\n");
    const spool = await world.open();
    expect(spool.state()).toEqual({ events: 0, bytes: 0 });
    expect(readdirSync(world.path)).toContain(`${name}.set-aside`);
    expect(world.kinds()).toEqual(["damaged", "damaged", "set-aside"]);
  });
});

describe("a process that was taken for dead", () => {
  it("goes on in a new file, and everything it acknowledged reaches the store", async () => {
    const frozen = await world.open();
    const before = events(2);
    await frozen.keep(before, away);
    world.killAll();
    const other = await world.open();
    expect(other.state().events).toBe(2);
    const after = sampleEvent();
    expect(await frozen.keep([after], away)).toMatchObject({ ok: true });
    expect(world.kinds()).toContain("taken-over");
    expect(frozen.state().events).toBe(1);
    other.drainInto(world.store);
    frozen.drainInto(world.store);
    await until(() => world.store.events.length === 3, deadlineMs, "all three");
    expect(world.store.events).toEqual(expect.arrayContaining([...before, after]));
  });

  it("does not answer for a file that somebody removed", async () => {
    const spool = await world.open();
    const [lost, next] = events(2);
    if (!lost || !next) throw new Error("two events");
    await spool.keep([lost], away);
    rmSync(world.path, { recursive: true });
    expect(await spool.keep([next], away)).toMatchObject({ ok: true });
    expect(await spool.keep([{ ...lost, id: "evt_again" }], away)).toMatchObject({
      acceptances: [{ id: "evt_again", duplicate: false }],
    });
    spool.drainInto(world.store);
    await world.drained();
    expect(world.store.ids()).toEqual([next.id, "evt_again"]);
  });

  it("reports a file that is gone when it is to be drained", async () => {
    const spool = await world.open();
    await spool.keep(events(2), away);
    rmSync(join(world.path, world.logs()[0] ?? ""));
    spool.drainInto(world.store);
    await until(() => world.kinds().includes("vanished"), deadlineMs, "the report");
    expect(world.notices).toContainEqual(expect.objectContaining({ kind: "vanished", events: 2 }));
    await until(() => spool.state().events === 0, deadlineMs, "an empty spool");
  });
});

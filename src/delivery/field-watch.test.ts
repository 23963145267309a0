import { describe, expect, it } from "vitest";
import type { FieldsRead } from "../aelyst/custom-fields.ts";
import { customField, type FieldValue } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { makeStamp } from "../contact/stamp.ts";
import { workspaceFields, type WorkspaceField } from "../contact/workspace-field.ts";
import { createFieldWatch, freshMs, refreshMs } from "./field-watch.ts";
import { pieceOf } from "./pieces.ts";

const plan: WorkspaceField = { name: "Plan", type: "list", options: ["free", "pro"] };
const told = (...all: WorkspaceField[]): FieldsRead => ({
  kind: "read",
  fields: workspaceFields(all, true),
  pages: 1,
});
const forbidden = { kind: "forbidden", status: 403, message: "403" } as const;
const unavailable: FieldsRead = { kind: "unavailable", message: "500" };

const forEver = (_delayMs: number, signal: AbortSignal) =>
  new Promise<boolean>((resolve) => signal.addEventListener("abort", () => resolve(false)));

/** A watch whose API answers what the test says, at a clock that the test moves. */
function stage(first: FieldsRead = told(plan)) {
  const world = {
    now: 10_000_000,
    answer: first,
    reads: 0,
    news: [] as string[],
  };
  const watch = createFieldWatch({
    async read() {
      world.reads += 1;
      return world.answer;
    },
    clock: () => world.now,
    sleep: forEver,
    onRead: ({ kind }, isNews) => void (isNews && world.news.push(kind)),
  });
  const update = (id: string, fields: Record<string, FieldValue>, at = world.now): ContactUpdate => ({
    id,
    eventId: id,
    contact: "id:1",
    patch: Object.fromEntries(Object.entries(fields).map(([name, value]) => [customField(name), value])),
    stamp: makeStamp({ occurredAt: at, receivedAt: at, id, replay: 0 }),
    receivedAt: at,
  });
  const fit = (...updates: ContactUpdate[]) => {
    const { unfit, outdated } = watch.fit(updates, {}, world.now);
    return outdated ? "outdated" : unfit.map(({ field }) => field);
  };
  return { world, watch, update, fit };
}

const gold = { Plan: "gold", Note: "x" };
const both = ["custom_fields.Plan", "custom_fields.Note"];

describe("what does not fit is left out", () => {
  it("by fields that were read within the last minute, and by older ones not before they are read anew", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    expect(fit(update("a", gold))).toEqual(both);
    world.now += freshMs - 1;
    expect(fit(update("b", gold))).toEqual(both);
    world.now += 1;
    expect(fit(update("c", { Plan: "free" }))).toEqual([]);
    expect(fit(update("d", gold))).toBe("outdated");
    world.answer = told({ ...plan, options: ["gold"] });
    expect(await watch.renew()).toBe(true);
    expect(fit(update("d", gold))).toEqual(["custom_fields.Note"]);
    expect(world.reads).toBe(2);
  });

  it("in a run that has read them, however long it then waits for its turn", async () => {
    const { world, watch, update } = stage();
    await watch.ready();
    world.now += 2 * freshMs;
    const since = world.now;
    await watch.renew();
    world.now += 10 * freshMs;
    expect(watch.fit([update("a", gold)], {}, since)).toMatchObject({ outdated: false, unfit: [{}, {}] });
  });

  it("the rest goes out, with options and numbers as the workspace has them", async () => {
    const { watch, update } = stage(told(plan, { name: "Score", type: "number" }));
    await watch.ready();
    const { updates } = watch.fit(
      [update("a", { Plan: " PRO", Score: "12", Note: "x" }), update("b", { Note: 1 })],
      {},
      0,
    );
    expect(updates.map(({ id, patch }) => [id, patch])).toEqual([
      ["a", { "custom_fields.Plan": "pro", "custom_fields.Score": 12 }],
    ]);
  });

  it("once for each value, and never where something newer was applied", async () => {
    const { watch, update } = stage();
    await watch.ready();
    const [old, middle, newest] = [
      update("a", gold, 1),
      update("b", { Plan: "silver" }, 2),
      update("c", { Plan: "pro" }, 3),
    ];
    const unfit = (updates: ContactUpdate[], applied = {}) =>
      watch.fit(updates, applied, 0).unfit.map(({ piece }) => [piece.eventId, piece.patch]);
    expect(unfit([old, middle])).toEqual([
      ["a", { "custom_fields.Plan": "gold" }],
      ["a", { "custom_fields.Note": "x" }],
      ["b", { "custom_fields.Plan": "silver" }],
    ]);
    expect(unfit([middle], { "custom_fields.Plan": { stamp: newest.stamp, eventId: "c" } })).toEqual([]);
    expect(unfit([middle, pieceOf(middle, ["custom_fields.Plan"])])).toHaveLength(1);
  });
});

describe("what was set aside and is retried", () => {
  it("is held against fields that were read after the retry", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    const piece = pieceOf(update("a", { Plan: "gold" }), ["custom_fields.Plan"]);
    world.now += freshMs;
    const retried = { ...piece, receivedAt: world.now };
    expect(fit(retried)).toBe("outdated");
    world.now += 1;
    await watch.renew();
    expect(fit(retried)).toEqual(["custom_fields.Plan"]);
  });

  it("goes to the API where they were read just before it: somebody has mended it since", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    const piece = pieceOf(update("a", { Plan: "gold" }), ["custom_fields.Plan"]);
    const spelt = pieceOf(update("a", { Plan: "PRO" }), ["custom_fields.Plan"]);
    expect(fit(piece)).toEqual(["custom_fields.Plan"]);
    world.now += 1_000;
    expect(fit({ ...piece, receivedAt: world.now })).toEqual([]);
    expect(fit({ ...piece, receivedAt: world.now }, update("b", { Note: "x" }))).toEqual([
      "custom_fields.Note",
    ]);
    const { updates } = watch.fit([{ ...spelt, receivedAt: world.now }], {}, 0);
    expect(updates.map(({ patch }) => patch)).toEqual([{ "custom_fields.Plan": "pro" }]);
  });
});

describe("everything goes on as without a check", () => {
  it.each([forbidden, unavailable])("where the fields were never told: $kind", async (answer) => {
    const { watch, update, fit } = stage(answer);
    await watch.ready();
    expect(fit(update("a", gold))).toEqual([]);
  });

  it("where they have to be read anew and cannot be", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    world.now += freshMs;
    world.answer = unavailable;
    expect(fit(update("a", gold))).toBe("outdated");
    expect(await watch.renew()).toBe(false);
    expect(fit(update("a", gold))).toEqual([]);
    world.now += freshMs;
    world.answer = told(plan);
    expect(fit(update("a", gold))).toBe("outdated");
    await watch.renew();
    expect(fit(update("a", gold))).toEqual(both);
    expect(world.news).toEqual(["read", "unavailable", "read"]);
  });

  it("while the relay stops", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    world.now += freshMs;
    watch.close();
    expect(await watch.renew()).toBe(false);
    expect(fit(update("a", gold))).toEqual([]);
  });
});

describe("the fields are read", () => {
  it("once at the start, and again after an hour, by whatever is delivered then", async () => {
    const { world, watch, update, fit } = stage();
    await watch.ready();
    world.now += refreshMs - 1;
    fit(update("a", { Plan: "free" }));
    expect(world.reads).toBe(1);
    world.now += 1;
    fit(update("b", { Plan: "free" }));
    fit(update("c", { Plan: "free" }));
    expect(world.reads).toBe(2);
  });

  it("once an hour by a token that may not, once a minute where the API fails or refuses the token", async () => {
    for (const [answer, everyMs] of [
      [forbidden, refreshMs],
      [{ ...forbidden, status: 401 }, freshMs],
      [unavailable, freshMs],
    ] as const) {
      const { world, watch, update, fit } = stage(answer);
      await watch.ready();
      world.now += everyMs - 1;
      fit(update("a", gold));
      expect(world.reads).toBe(1);
      world.now += 1;
      fit(update("a", gold));
      expect(world.reads).toBe(2);
    }
  });

  it("not more often than once a minute, and by one request for all that ask at once", async () => {
    const { world, watch } = stage();
    await watch.ready();
    expect(await watch.renew()).toBe(false);
    world.now += freshMs;
    expect(await Promise.all([watch.renew(), watch.renew(), watch.renew()])).toEqual([true, true, true]);
    expect(world.reads).toBe(2);
  });

  it("an API that says nothing keeps nothing waiting for ever", async () => {
    const silent = createFieldWatch({
      read: () => new Promise(() => undefined),
      clock: () => 1,
      sleep: async () => true,
      onRead: () => undefined,
    });
    await silent.ready();
    expect(silent.fit([], {}, 1)).toEqual({ updates: [], unfit: [], outdated: false });
  });

  it("an error of the store on the way is a reading that failed", async () => {
    const results: string[] = [];
    const watch = createFieldWatch({
      read: () => Promise.reject(new Error("away")),
      clock: () => 1,
      sleep: forEver,
      onRead: ({ kind }) => void results.push(kind),
    });
    await watch.ready();
    expect(results).toEqual(["unavailable"]);
  });
});

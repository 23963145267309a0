import { beforeEach, describe, expect, it } from "vitest";
import { now, post, source, world } from "../../test/helpers/webhooks-stage.ts";
import type { Kept } from "../intake/spool.ts";

describe("a store that is away", () => {
  const once = () => source({}, { repeats: false });
  const twoEvents = '[{"id":"1","type":"a"},{"id":"2","type":"b"},{"id":"3","type":"unwanted"}]';
  beforeEach(() => {
    world.accept = () => Promise.reject(new Error("store on fire"));
  });

  it("is 503 for a sender that repeats, and nothing is spooled", async () => {
    expect((await post(twoEvents)).status).toBe(503);
    expect(world.kept).toEqual([]);
  });

  it("is 200 for a sender that does not: its events are spooled as they arrived, and counted", async () => {
    const response = await post(twoEvents, {}, once());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "accepted",
      events: [
        { status: "accepted", id: world.kept[0]?.id },
        { status: "accepted", id: world.kept[1]?.id },
        { status: "ignored", reason: "event-not-selected" },
      ],
    });
    expect(world.kept).toMatchObject([
      { type: "a", receivedAt: now },
      { type: "b", receivedAt: now },
    ]);
    const { body } = await world.metrics.render();
    expect(body).toContain('relay_spooled_total{source="fake"} 2');
    expect(body).toContain('relay_store_errors_total{where="accept"} 1');
  });

  it("that does not answer in time is as good as away", { timeout: 20_000 }, async () => {
    world.accept = () => new Promise(() => undefined);
    expect((await post('[{"type":"a"}]', {}, once())).status).toBe(200);
    expect(world.kept).toHaveLength(1);
  });

  it.each<[Kept, string]>([
    [{ ok: false, reason: "full" }, '"spool":"full"'],
    [{ ok: false, reason: "off" }, '"spool":"off"'],
    [{ ok: false, reason: "unusable", cause: new Error("ENOSPC: no space left") }, "ENOSPC: no space left"],
  ])("with a spool that cannot help either is 503, with a line that says so: %#", async (answer, line) => {
    world.keep = () => answer;
    const response = await post('[{"type":"a"}]', {}, once());
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(world.logged).toContain("neither the store nor the spool took it");
    expect(world.logged).toContain("store on fire");
    expect(world.logged).toContain(line);
  });

  it("and back again: what is still in the spool is a duplicate with its first id, the rest goes to the store", async () => {
    await post('[{"id":"1","type":"a"}]', {}, once());
    const first = world.kept[0]?.id;
    world.accept = async (events) => {
      world.stored.push(...events);
      return events.map(({ id }) => ({ id, duplicate: false }));
    };
    const mixed = '[{"id":"2","type":"a"},{"id":"1","type":"a"},{"id":"4","type":"a"}]';
    expect(await (await post(mixed, {}, once())).json()).toEqual({
      status: "accepted",
      events: [
        { status: "accepted", id: world.stored[0]?.id },
        { status: "duplicate", id: first },
        { status: "accepted", id: world.stored[1]?.id },
      ],
    });
    expect(await (await post('[{"id":"1","type":"a"}]', {}, once())).json()).toEqual({
      status: "duplicate",
      id: first,
    });
    expect(world.stored).toHaveLength(2);
  });
});

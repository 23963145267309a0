import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ForetoldAnswer, ReplayAnswer } from "../../src/http/schemas/replays.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { longTest } from "../helpers/length.ts";
import { adminToken, openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const emailOf = (n: number) => `person${n}@example.com`;

/** What is promised of replays by a filter, with real processes on a strict sandbox. */
export async function replayGuarantees(name: EngineName): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());

  describe.skipIf(!engine)(`${name}, replays by a filter`, { timeout: 4 * waitMs }, () => {
    let stage: Stage;
    beforeEach(async () => {
      if (!engine) throw new Error("skipped without an engine");
      stage = await openStage(engine, { customFields: { Score: { type: "text" } } });
    });
    afterEach(async () => {
      await stage.close();
    });

    const scoreOf = (n: number) => stage.sandbox.contact(`email:${emailOf(n)}`)?.customFields["Score"];
    async function create(question: object) {
      const { status, body } = await stage.admin("/replays", "POST", adminToken, question);
      return { status, body: body as unknown as ReplayAnswer };
    }
    async function foretell(question: object): Promise<ForetoldAnswer> {
      const { status, body } = await stage.admin("/replays", "POST", adminToken, {
        ...question,
        dryRun: true,
      });
      expect(status).toBe(200);
      return body as unknown as ForetoldAnswer;
    }
    const show = async (id: string) => (await stage.admin(`/replays/${id}`)).body as unknown as ReplayAnswer;
    const state = async (id: string, wanted: ReplayAnswer["state"]) => {
      await until(async () => (await show(id)).state === wanted, waitMs, `the replay to be ${wanted}`);
      return await show(id);
    };

    /** The form was renamed, and nobody told the relay: everybody's points are lost, but for those who sent a score since. */
    async function afterRenaming(count: number, settings: Record<string, string>): Promise<string[]> {
      await stage.start(settings);
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) {
        ids.push((await stage.post({ email: emailOf(n), points: `points ${n}` })).id);
      }
      for (const n of [0, 1]) await stage.post({ email: emailOf(n), score: `newer ${n}` });
      await until(() => scoreOf(0) === "newer 0" && scoreOf(1) === "newer 1", waitMs, "the newer scores");
      await stage.idle();
      await stage.stop();
      stage.mapping({ Score: "score ? score : points" });
      return ids;
    }

    /** What cannot be meant is refused with a message, and nothing is kept of it. */
    async function refusals(): Promise<void> {
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
      const refused: [object | string, RegExp][] = [
        [{}, /filter/],
        [{ filter: {} }, /names nothing/],
        [{ filter: { source: "" } }, /`source` must not be empty/],
        [{ filter: { sauce: "form" } }, /knows source, type/],
        [{ filter: { source: "form", to: tomorrow } }, /in the future/],
        [{ filter: { from: tomorrow } }, /before/],
        [{ filter: { from: "soon" } }, /`from` and `to` are times/],
        [{ filter: { state: "waiting" } }, /mapped anyway/],
        [{ filter: { contact: "ada" } }, /is a reference/],
        [{ filter: { source: "form" }, share: 0 }, /`share`/],
        [{ filter: { source: "form" }, share: 1.5 }, /`share`/],
        [{ filter: { source: "form" }, sample: 0 }, /`sample`/],
        [{ filter: { source: "form" }, dryrun: true }, /nothing else/],
        [[], /Send JSON/],
        ["form", /Send JSON/],
      ];
      for (const [question, message] of refused) {
        const { status, body } = await stage.admin("/replays", "POST", adminToken, question);
        expect([status, body], JSON.stringify(question)).toMatchObject([
          400,
          { error: { code: "malformed", message: expect.stringMatching(message) as string } },
        ]);
      }
      expect((await stage.admin("/replays", "POST")).status).toBe(400);
      expect((await stage.admin("/replays", "POST", "wrong", {})).status).toBe(401);
      expect((await stage.admin("/replays", "GET", "")).status).toBe(401);
    }

    it("the form was renamed: a dry run tells what would change and changes nothing, a replay brings it in", async () => {
      const ids = await afterRenaming(12, { AELYST_RATE_LIMIT: "50" });
      await stage.start();
      const requests = stage.sandbox.requests().length;
      const foretold = await foretell({ filter: { source: "form" }, share: 0.5 });
      expect(foretold).toMatchObject({
        matching: 14,
        lookedAt: 14,
        events: { change: 10, newer: 2, unchanged: 2, ignored: 0, unmappable: 0 },
        fields: { "custom_fields.Score": { change: 10, newer: 2, leftOut: 0 } },
        rate: 25,
        estimateSeconds: 1,
      });
      expect(foretold.examples.newer?.toSorted()).toEqual(ids.slice(0, 2).toSorted());
      expect(JSON.stringify(foretold)).not.toContain("points");
      const sampled = await foretell({ filter: { source: "form" }, sample: 3 });
      expect(sampled).toMatchObject({ matching: 14, lookedAt: 3 });
      expect(stage.sandbox.requests().length).toBe(requests);
      await refusals();
      expect((await stage.admin("/replays")).body).toEqual({ items: [], next: null });

      const { status, body } = await create({ filter: { source: "form" }, share: 1 });
      expect(status).toBe(201);
      expect(body).toMatchObject({ state: "running", of: 14, by: "operator", share: 1, replayed: 0 });
      const later = await stage.post({ email: emailOf(99), points: "later" });
      expect(await state(body.id, "done")).toMatchObject({ of: 14, replayed: 14, skipped: {}, failed: 0 });
      await stage.idle();
      for (let n = 2; n < 12; n += 1) expect(scoreOf(n)).toBe(`points ${n}`);
      expect([scoreOf(0), scoreOf(1)]).toEqual(["newer 0", "newer 1"]);
      for (const id of ids) expect((await stage.admin(`/events/${id}`)).body["replay"]).toBe(1);
      expect((await stage.admin(`/events/${later.id}`)).body["replay"]).toBe(0);
      expect(await foretell({ filter: { source: "form", to: foretold.filter.to } })).toMatchObject({
        events: { change: 0, unchanged: 14 },
      });
      expect((await stage.admin("/replays")).body["items"]).toMatchObject([{ id: body.id, state: "done" }]);
      const metrics = await stage.metrics();
      expect(metrics).toContain('relay_replay_events_total{outcome="replayed"} 14');
      expect(metrics).toContain("relay_replays_running 0");
      const output = stage.relay().output();
      for (const text of ["a replay was asked for", "a replay begins", "a replay is done"]) {
        expect(output).toContain(text);
      }
      expect(output).not.toContain("person");
    });

    longTest(
      "kill -9 in the middle: every matching event is replayed once, and newer values stay",
      { timeout: 4 * waitMs },
      async () => {
        const count = 80;
        const ids = await afterRenaming(count, { AELYST_RATE_LIMIT: "200" });
        const first = await stage.start({ AELYST_RATE_LIMIT: "15" });
        const others: RelayProcess[] = [];
        if (name !== "embedded") {
          const { PORT: _port, ...settings } = stage.env;
          others.push(await startRelayProcess({ ...settings, AELYST_RATE_LIMIT: "15" }));
        }
        const { body: asked } = await create({ filter: { source: "form" }, share: 1 });
        await until(async () => (await show(asked.id)).replayed >= 15, waitMs, "a part of it");
        const processes = [first, ...others];
        const carriesOut = processes.find((process) => process.output().includes("a replay begins"));
        await carriesOut?.end("SIGKILL");
        expect(carriesOut?.output()).not.toContain("a replay is done");
        // Whoever is left, or is started now, goes on with it.
        await stage.stop("SIGKILL");
        await stage.start({ AELYST_RATE_LIMIT: "15" });
        const done = await state(asked.id, "done");
        expect(done).toMatchObject({ of: count + 2, replayed: count + 2, skipped: {} });
        await stage.idle();
        for (const id of ids) expect((await stage.admin(`/events/${id}`)).body["replay"]).toBe(1);
        for (let n = 2; n < count; n += 1) expect(scoreOf(n)).toBe(`points ${n}`);
        expect([scoreOf(0), scoreOf(1)]).toEqual(["newer 0", "newer 1"]);
        for (const process of others) await process.end("SIGKILL");
      },
    );

    longTest(
      "one that is stopped sets nothing more waiting; what waits goes on, and live traffic goes first",
      { timeout: 4 * waitMs },
      async () => {
        await afterRenaming(40, { AELYST_RATE_LIMIT: "200" });
        await stage.start({ AELYST_RATE_LIMIT: "10" });
        const { body } = await create({ filter: { source: "form" }, share: 1 });
        await until(async () => (await show(body.id)).replayed >= 8, waitMs, "a part of it");
        const at = Date.now();
        await stage.post({ email: emailOf(77), score: "live" });
        await until(() => scoreOf(77) === "live", waitMs, "the live one");
        expect(Date.now() - at).toBeLessThan(3_000);
        const stopped = (await stage.admin(`/replays/${body.id}`, "DELETE")).body as unknown as ReplayAnswer;
        expect(stopped).toMatchObject({ state: "stopped", estimateSeconds: null });
        expect(stopped.replayed).toBeLessThan(42);
        await stage.idle();
        const replayed = async () =>
          ((await stage.admin("/events?limit=500")).body["items"] as { replay: number }[]).filter(
            (event) => event.replay > 0,
          ).length;
        const count = await replayed();
        expect(count).toBeLessThan(42);
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        expect(await replayed()).toBe(count);
        expect((await show(body.id)).state).toBe("stopped");
        expect((await stage.admin(`/replays/${body.id}`, "DELETE")).status).toBe(200);
        expect((await stage.admin("/replays/rpl_none", "DELETE")).status).toBe(404);
        expect((await stage.admin("/replays/rpl_none")).status).toBe(404);
      },
    );

    it("the command line looks first, asks for --yes, replays, waits, lists and stops", async () => {
      await stage.start();
      for (let n = 0; n < 3; n += 1) await stage.post({ email: emailOf(n), score: `score ${n}` });
      await stage.idle();
      const looked = await stage.command("replay", "--from", "24h", "--source", "form");
      expect(looked).toMatchObject({ code: 2 });
      expect(looked.out).toContain("3 events match: source form");
      expect(looked.out).toContain("3 would give what they gave before");
      expect(looked.err).toContain("--yes");
      const dry = await stage.command("replay", "--from", "24h", "--dry-run", "--json");
      expect([dry.code, JSON.parse(dry.out)]).toMatchObject([0, { status: "dry-run", matching: 3 }]);
      expect((await stage.admin("/replays")).body["items"]).toEqual([]);

      const run = await stage.command("replay", "--from", "24h", "--share", "1", "--yes", "--wait", "--json");
      const made = JSON.parse(run.out) as ReplayAnswer;
      expect([run.code, made]).toMatchObject([0, { state: "done", of: 3, replayed: 3 }]);
      expect((await stage.command("replays", "list")).out).toContain(`${made.id}  ${made.createdAt}  done`);
      expect(JSON.parse((await stage.command("replays", "show", made.id)).out)).toMatchObject({
        id: made.id,
      });
      expect(await stage.command("replays", "stop", made.id)).toMatchObject({ code: 0 });
      await stage.idle();

      const [event] = (await stage.admin("/events")).body["items"] as { id: string; replay: number }[];
      const single = await stage.command("replay", event?.id ?? "", "evt_none", "--json");
      expect([single.code, JSON.parse(single.out)]).toEqual([1, { replayed: 1, missing: ["evt_none"] }]);

      await stage.stop();
      const alone = await stage.command("replay", "--source", "form", "--yes", "--wait");
      expect(alone.code).toBe(1);
      expect(alone.err).toContain("begins when one is started");
      const listed = JSON.parse((await stage.command("replays", "--json")).out) as { items: ReplayAnswer[] };
      expect(listed.items[0]).toMatchObject({ state: "running", by: "command line", of: 3 });
      await stage.start();
      await state(listed.items[0]?.id ?? "", "done");
    });
  });
}

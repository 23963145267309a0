import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { isLong, longDescribe, longTest } from "../helpers/length.ts";
import { until } from "../helpers/relay-process.ts";
import { ceiling, startFleet, type Fleet, type FleetOptions } from "./fleet.ts";

/** For a machine that is busy with other things. */
const waitMs = 90_000;
/** How long what a worker learns may take to reach the others, on such a machine. */
const spreadMs = 1_500;
/** Some seconds of work. */
const backlog = ceiling * (isLong ? 8 : 4);
const people = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

/** What is promised of several replicas: to the API they are one. Intake and workers are processes of their own. */
export async function scaleOut(name: EngineName): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());

  describe.skipIf(!engine)(`${name}: one intake, three workers`, { timeout: 3 * waitMs }, () => {
    let fleet: Fleet;

    afterEach(async () => fleet.stop());

    async function start(options: Partial<FleetOptions> = {}): Promise<void> {
      if (!engine) throw new Error("no engine");
      fleet = await startFleet(engine, { intakes: 1, workers: 3, ...options });
    }

    const arrivals = () => fleet.sandbox.requests().map(({ sinceMs }) => sinceMs);
    const gapsAfter = (startMs: number) => {
      const times = arrivals().filter((at) => at >= startMs);
      return times.slice(1).map((at, index) => at - (times[index] ?? 0));
    };
    const delivered = async (count: number) =>
      await until(() => fleet.sandbox.contacts().length === count, waitMs, `${count} contacts`);
    async function firstAnswered(status: number): Promise<number> {
      const first = () => fleet.sandbox.requests().find((request) => request.status === status);
      await until(() => first() !== undefined, waitMs, `a ${status}`);
      return first()?.sinceMs ?? 0;
    }

    it("share one rate, and all of them work", async () => {
      await start({ sandbox: { latencyMs: 100 } });
      const stalls = monitorEventLoopDelay({ resolution: 1 });
      stalls.enable();
      await fleet.postAll(people(backlog));
      await delivered(backlog);
      stalls.disable();
      // What this process took to look at its sockets is no part of when a request arrived.
      const lengthMs = 1_000 - stalls.max / 1e6;
      const inSecondFrom = (from: number) =>
        arrivals().filter((at) => at >= from && at < from + lengthMs).length;
      expect(Math.max(...arrivals().map(inSecondFrom))).toBeLessThanOrEqual(ceiling + 1);
      for (const requests of await fleet.ofWorkers("relay_api_requests_total"))
        expect(requests).toBeGreaterThan(0);
      expect(fleet.sandbox.requests()).toHaveLength(backlog);
    });

    longTest(
      "a 429 to one of them stops all of them until Retry-After is over",
      { timeout: 3 * waitMs },
      async () => {
        await start();
        const retryAfterMs = 6_000;
        await fleet.postAll(people(ceiling));
        fleet.sandbox.fault({ status: 429, retryAfter: retryAfterMs / 1_000, times: 1 });
        await fleet.postAll(people(ceiling * 4, ceiling));
        const limitedAt = await firstAnswered(429);
        await delivered(ceiling * 5);
        const early = arrivals().filter(
          (at) => at > limitedAt + spreadMs && at < limitedAt + retryAfterMs - 10,
        );
        expect(early).toEqual([]);
        const pauses = await fleet.ofWorkers("relay_pauses_total", 'reason="limited"');
        expect(pauses.reduce((sum, count) => sum + count, 0)).toBe(1);
        expect(await fleet.jobs("failed")).toBe(0);
      },
    );

    longTest(
      "a refused token costs one probe per interval in all, and nothing is parked",
      { timeout: 3 * waitMs },
      async () => {
        const probeMs = 2_000;
        await start({ settings: { AUTH_PROBE_MS: String(probeMs) } });
        await fleet.postAll(people(ceiling));
        fleet.sandbox.fault({ unauthorized: true });
        await fleet.postAll(people(ceiling * 2, ceiling));
        const refusedAt = await firstAnswered(401);
        const probing = () => gapsAfter(refusedAt + spreadMs);
        await until(() => probing().length >= 4, waitMs, "five probes");
        expect(Math.min(...probing())).toBeGreaterThanOrEqual(probeMs * 0.9);
        fleet.sandbox.fault({ unauthorized: false });
        await delivered(ceiling * 3);
        expect(await fleet.jobs("failed")).toBe(0);
      },
    );

    longTest(
      "an API that fails is probed by one request at a time in all, and a short outage is over soon",
      { timeout: 3 * waitMs },
      async () => {
        const settings = { RETRY_DELAY_MS: "1000", RETRY_DELAY_MAX_MS: "180000" };
        await start({ sandbox: { latencyMs: 500 }, settings });
        await fleet.postAll(people(ceiling));
        await delivered(ceiling);
        fleet.sandbox.fault({ status: 503 });
        await fleet.postAll(people(ceiling * 4, ceiling));
        await until(
          async () =>
            (await fleet.ofWorkers("relay_pauses_total", 'reason="failing"')).some((count) => count > 0),
          waitMs,
          "the circuit to open",
        );
        const openAt = Math.max(...arrivals());
        const probing = () => gapsAfter(openAt + spreadMs);
        await until(() => probing().length >= 2, waitMs, "three probes");
        expect(Math.min(...probing())).toBeGreaterThanOrEqual(900);
        fleet.sandbox.clearFaults();
        await delivered(ceiling * 5);
        expect(await fleet.jobs("failed")).toBe(0);
      },
    );
  });

  longDescribe(`${name}: two intakes, two workers, one restart after another`, engine !== undefined, () => {
    let fleet: Fleet;

    afterEach(async () => fleet.stop());

    it(
      "loses nothing, delivers nothing twice, and every process ends in order",
      { timeout: 3 * waitMs },
      async () => {
        if (!engine) throw new Error("no engine");
        fleet = await startFleet(engine, { intakes: 2, workers: 2, sandbox: { latencyMs: 300 } });
        const posted: Promise<string>[] = [];
        let restarting = true;
        const load = (async () => {
          // oxlint-disable-next-line no-unmodified-loop-condition -- the restarts beside this change it
          for (let contact = 0; restarting || contact < 200; contact += 1) {
            posted.push(fleet.post(contact));
            await wait(50);
          }
        })();
        const codes: (number | null)[] = [];
        for (const role of ["worker", "intake", "worker", "intake"] as const) {
          await wait(1_000);
          codes.push(await fleet.replace(role, codes.length < 2 ? 0 : 1));
        }
        restarting = false;
        await load;
        const ids = await Promise.all(posted);
        const events = posted.length;
        await until(() => fleet.sandbox.contacts().length === events, waitMs, "every event");
        await until(async () => (await fleet.jobs("waiting", "active", "delayed")) === 0, waitMs, "an end");
        expect(codes).toEqual([0, 0, 0, 0]);
        expect(new Set(ids).size).toBe(events);
        const requests = fleet.sandbox.requests();
        expect(requests.filter(({ status }) => status !== 200)).toEqual([]);
        expect(new Set(requests.map(({ contact }) => contact)).size).toBe(requests.length);
        expect(await fleet.jobs("failed")).toBe(0);
        expect(await fleet.jobs("completed")).toBe(events);
        expect(fleet.output()).not.toMatch(/"level":"(?:error|fatal)"|unhandled/i);
      },
    );
  });
}

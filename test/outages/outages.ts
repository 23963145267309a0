import { describe, expect, it } from "vitest";
import { fetchDocumented } from "../helpers/documented.ts";
import { isLong, longTest } from "../helpers/length.ts";
import { openJobs } from "../helpers/queue-jobs.ts";
import { until, type RelayProcess } from "../helpers/relay-process.ts";
import type { HarmedServer, RelayUnderTest } from "./relay-under-test.ts";

/** A request is answered within this, whatever the store does; a busy machine gets as much again. */
const answerMs = 3_000 + 3_000;
const shutdownTimeoutMs = 6_000;
/** A process needs a moment to notice its end, a busy machine another one. */
const slackMs = 6_000;

/** What every store on a server promises through outages, at the start and later. */
export function outages(name: string, server: HarmedServer | undefined, relays: RelayUnderTest): void {
  describe.skipIf(!server)(`${name} is away`, () => {
    if (!server) return;
    const harms = [
      { what: "killed", harm: () => server.kill(), heal: () => server.start() },
      { what: "frozen", harm: async () => server.freeze(), heal: async () => server.thaw() },
    ];

    async function refusesInTime(relay: RelayProcess): Promise<void> {
      const answer = await relays.order(relay);
      expect(answer).toMatchObject({ status: 503, retryAfter: "5" });
      expect(answer.tookMs).toBeLessThan(answerMs);
    }

    describe.each(isLong ? harms : harms.slice(0, 1))("$what", ({ what, harm, heal }) => {
      longTest(
        "at the start: alive, not ready and why, refusing; at work as soon as it is there",
        { timeout: 180_000 },
        async () => {
          await harm();
          try {
            const relay = await relays.start();
            const { status, body } = await relays.readiness(relay);
            expect(status).toBe(503);
            expect(body).toMatchObject({ store: { ok: false }, worker: { state: "starting" } });
            expect(body.store.message).toMatch(/not answer/);
            await refusesInTime(relay);
            await heal();
            await relays.ready(relay);
            const answer = await relays.order(relay);
            expect(answer.status).toBe(200);
            await relays.delivered(answer.email);
            expect(relay.output()).toContain("contact-relay is ready");
            expect(await relay.end("SIGTERM")).toBe(0);
          } finally {
            await heal();
          }
        },
      );

      longTest(
        "at the start: a relay that is stopped meanwhile ends soon and clean",
        { timeout: 120_000 },
        async () => {
          await harm();
          try {
            const relay = await relays.start({ SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs) });
            const startedAt = performance.now();
            expect(await relay.end("SIGTERM")).toBe(0);
            expect(performance.now() - startedAt).toBeLessThan(shutdownTimeoutMs + slackMs);
          } finally {
            await heal();
          }
        },
      );

      it(
        "while at work: refusing in time and saying so; then everything goes on by itself",
        { timeout: 240_000 },
        async () => {
          const relay = await relays.start();
          relays.sandbox().fault({ latencyMs: 300, times: 50 });
          const before = await Promise.all(Array.from({ length: 50 }, () => relays.order(relay)));
          expect(before.map((answer) => answer.status)).toEqual(before.map(() => 200));
          await harm();
          try {
            await refusesInTime(relay);
            expect((await fetchDocumented(`${relay.url}/healthz`)).status).toBe(200);
            expect(await relays.readiness(relay)).toMatchObject({
              status: 503,
              body: { store: { ok: false } },
            });
            // Longer than any time-out of a connection, when it is frozen.
            await new Promise((resolve) => setTimeout(resolve, what === "frozen" ? 25_000 : 3_000));
          } finally {
            await heal();
          }
          await relays.ready(relay);
          const after = await relays.order(relay);
          expect(after.status).toBe(200);
          for (const { email } of [...before, after]) await relays.delivered(email);
          expect((await relays.readiness(relay)).body.worker.state).toBe("ok");
          expect(await relay.end("SIGTERM")).toBe(0);
        },
      );

      longTest(
        "at the end: a relay with nothing under way leaves in time and clean",
        { timeout: 120_000 },
        async () => {
          const relay = await relays.start({ SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs) });
          const answer = await relays.order(relay);
          await relays.delivered(answer.email);
          // The API has it before the store knows that it has.
          await until(async () => (await openJobs(relay.url)) === 0, 10_000, "rest");
          await harm();
          try {
            const startedAt = performance.now();
            const code = await relay.end("SIGTERM");
            expect(performance.now() - startedAt).toBeLessThan(shutdownTimeoutMs + slackMs);
            expect([code, relay.output()]).toEqual([0, expect.stringContaining('"msg":"stopped"')]);
          } finally {
            await heal();
          }
        },
      );

      longTest(
        "at the end: one with a request on the wire leaves in time, by force, and loses nothing",
        { timeout: 180_000 },
        async () => {
          const relay = await relays.start({ SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs) });
          relays.sandbox().fault({ hang: true });
          const answer = await relays.order(relay);
          await until(() => relays.sandbox().requests().length > 0, 20_000, "the request");
          await harm();
          try {
            const startedAt = performance.now();
            expect(await relay.end("SIGTERM")).toBe(1);
            expect(performance.now() - startedAt).toBeLessThan(shutdownTimeoutMs + slackMs);
            expect(relay.output()).toContain("stopped by force");
          } finally {
            await heal();
          }
          relays.sandbox().clearFaults();
          const next = await relays.start();
          await relays.ready(next);
          await relays.delivered(answer.email);
        },
      );
    });
  });
}

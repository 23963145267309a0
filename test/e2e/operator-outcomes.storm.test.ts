import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine } from "../helpers/engines.ts";
import { openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { until } from "../helpers/relay-process.ts";

const engine = await startEngine("embedded");
afterAll(async () => {
  await engine?.stop();
});

/** What the API does, and what of it `/metrics` and the log have to tell. */
interface Outcome {
  readonly what: string;
  readonly fault: Parameters<Stage["sandbox"]["fault"]>[0];
  readonly status: string;
  readonly result: string;
  readonly delivery?: string;
  readonly parked?: string;
  readonly log?: string;
}

const outcomes: readonly Outcome[] = [
  {
    what: "429 with Retry-After",
    fault: { status: 429, retryAfter: "1", times: 1 },
    status: "429",
    result: "limited",
    log: '"pauseMs":1000,"hinted":true',
  },
  {
    what: "429 without Retry-After",
    fault: { status: 429, times: 1 },
    status: "429",
    result: "limited",
    log: '"pauseMs":1000,"hinted":false',
  },
  {
    what: "449",
    fault: { busy: "email:ada@example.com", times: 1 },
    status: "449",
    result: "busy",
    delivery: "busy",
    log: "contact is busy at the API; it will be retried",
  },
  {
    what: "500",
    fault: { status: 500, times: 1 },
    status: "500",
    result: "unavailable",
    delivery: "retried",
    log: '"message":"Unexpected error occurred"',
  },
  {
    what: "a time-out",
    fault: { hang: true, times: 1 },
    status: "timeout",
    result: "timeout",
    delivery: "retried",
    log: "no answer within 2000 ms",
  },
  {
    what: "a dropped connection",
    fault: { drop: "before", times: 1 },
    status: "network",
    result: "network",
    delivery: "retried",
    log: "UND_ERR_SOCKET",
  },
  {
    what: "a redirect",
    fault: { status: 302, location: "https://example.org/login?u=ada@example.com", times: 1 },
    status: "302",
    result: "redirect",
    delivery: "retried",
    log: "HTTP 302, a redirect to https://example.org, which is never followed",
  },
  {
    what: "a 200 that is not the contract's",
    fault: { status: 200, body: "<html>welcome</html>", times: 1 },
    status: "200",
    result: "not-the-contract",
    delivery: "retried",
    log: "HTTP 200 without an integer contactId: an HTML page instead of JSON",
  },
  {
    what: "401",
    fault: { unauthorized: true, times: 1 },
    status: "401",
    result: "unauthorized",
    log: "the API refuses the token: check AELYST_API_TOKEN",
  },
  {
    what: "400 that names another contact, after which each field is sent by itself",
    fault: {
      status: 400,
      times: 1,
      body: '{"code":400,"message":{"contactId":7,"message":"ada@example.com is already connected to a contact"}}',
    },
    status: "400",
    result: "taken",
  },
  {
    what: "404",
    fault: { status: 404, times: 1 },
    status: "404",
    result: "not-found",
    delivery: "parked",
    parked: "contact-not-found",
    log: '"reason":"contact-not-found","status":404',
  },
  {
    what: "another 4xx",
    fault: { status: 410, times: 1 },
    status: "410",
    result: "refused",
    delivery: "parked",
    parked: "refused",
    log: '"reason":"refused","status":410',
  },
];

function valueOf(metrics: string, series: string): number {
  const line = metrics.split("\n").find((text) => text.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

describe("an operator can tell what the API does", { timeout: 6 * waitMs }, () => {
  let stage: Stage;
  beforeEach(async () => {
    if (!engine) throw new Error("the embedded engine is always there");
    stage = await openStage(engine);
  });
  afterEach(async () => {
    await stage.close();
  });

  it("each answer from /metrics alone, and from the log, without the person", async () => {
    await stage.start({ AELYST_TIMEOUT_MS: "2000", BUSY_DELAY_MS: "100", AUTH_PROBE_MS: "300" });
    const good = 'relay_api_requests_total{status="200",result="ok"}';
    for (const [index, { what, fault, status, result, delivery, parked, log }] of outcomes.entries()) {
      const [before, logged] = [await stage.metrics(), stage.relay().output().length];
      stage.sandbox.fault(fault);
      await stage.post({ email: "ada@example.com", first_name: `Ada ${index}` });
      const series = [
        `relay_api_requests_total{status="${status}",result="${result}"}`,
        parked === undefined ? good : `relay_parked_total{reason="${parked}"}`,
        ...(delivery === undefined ? [] : [`relay_deliveries_total{outcome="${delivery}"}`]),
        ...(result === "limited" || result === "unauthorized"
          ? [`relay_pauses_total{reason="${result}"}`]
          : []),
      ];
      for (const one of series) {
        const grew = async () => valueOf(await stage.metrics(), one) > valueOf(before, one);
        await until(grew, waitMs, `${what}: ${one}`);
      }
      await stage.idle();
      const told = stage.relay().output().slice(logged);
      expect([what, told]).toEqual([what, expect.stringContaining(log ?? "")]);
    }
    expect(stage.relay().output()).not.toMatch(/ada@example|Ada \d|api-token/);
  });

  it("the API's own words are kept with what they refuse, be they a text or an object", async () => {
    await stage.start();
    const words = { contactId: 7, message: "the e-mail is already connected to a contact" };
    stage.sandbox.fault({ status: 400, times: 1, body: JSON.stringify({ code: 400, message: words }) });
    await stage.post({ email: "ada@example.com" });
    const [object] = await stage.parked(1);
    expect(object).toMatchObject({ reason: "already-connected", status: 400, fields: ["email"] });
    expect(object?.message).toContain(words.message);
    expect(object?.message).toContain('"contactId":7');
    stage.sandbox.fault({ status: 400, times: 1, body: '{"code":400,"message":"Email: Invalid value"}' });
    await stage.post({ email: "bob@example.com" });
    expect((await stage.parked(2))[0]).toMatchObject({ message: "Email: Invalid value" });
    expect(await stage.metrics()).toContain('relay_parked_total{reason="invalid"} 1');
    expect(await stage.metrics()).toContain('relay_parked_total{reason="already-connected"} 1');
    expect(stage.relay().output()).toContain('"reason":"invalid","status":400');
  });

  it("/readyz, /admin/status and the pause in /metrics show limited, unauthorized and failing while it lasts, then ok", async () => {
    await stage.start({ AUTH_PROBE_MS: "1000", RETRY_DELAY_MS: "500", RETRY_DELAY_MAX_MS: "1000" });
    const shown = async () => {
      const response = await fetchDocumented(`${stage.relay().url}/readyz`);
      const readiness = (await response.json()) as { upstream: { state: string } };
      const { upstream } = (await stage.admin("/status")).body as { upstream: { state: string } };
      return [response.status, readiness.upstream.state, upstream.state];
    };
    const showing = (state: string) =>
      until(async () => (await shown()).join() === `200,${state},${state}`, waitMs, `the state ${state}`);
    const pause = async (reason: string) =>
      valueOf(await stage.metrics(), `relay_pause_seconds{reason="${reason}"}`);
    await showing("ok");
    expect(await pause("limited")).toBe(0);

    stage.sandbox.fault({ status: 429, retryAfter: "6", times: 1 });
    await stage.post({ email: "ada@example.com" });
    await showing("limited");
    const { upstream } = (await stage.admin("/status")).body as {
      upstream: { until: string; rate: number; ceiling: number };
    };
    expect(Date.parse(upstream.until)).toBeGreaterThan(Date.now() - 1_000);
    expect(upstream.rate).toBeLessThan(upstream.ceiling);
    await showing("ok");
    await stage.idle();

    stage.sandbox.fault({ unauthorized: true });
    await stage.post({ email: "bob@example.com" });
    await showing("unauthorized");
    await until(async () => (await pause("unauthorized")) > 0, waitMs, "the pause in the metrics");
    expect(await stage.failures()).toEqual([]);
    stage.sandbox.clearFaults();
    await showing("ok");
    await stage.idle();

    stage.sandbox.fault({ status: 503 });
    for (let n = 0; n < 12; n += 1) await stage.post({ email: `person${n}@example.com` });
    await showing("failing");
    stage.sandbox.clearFaults();
    await showing("ok");
    await until(() => stage.sandbox.contacts().length === 14, waitMs, "everybody");
    const metrics = await stage.metrics();
    for (const reason of ["limited", "unauthorized", "failing"]) {
      expect(valueOf(metrics, `relay_pauses_total{reason="${reason}"}`), reason).toBeGreaterThan(0);
    }
    const log = stage.relay().output();
    for (const text of ["no requests until the pause is over", "check AELYST_API_TOKEN", "single probes"]) {
      expect(log).toContain(text);
    }
    expect(log.match(/the API answers again/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it(
    "what stays undeliverable for DELIVERY_MAX_AGE_HOURS is parked with its reason; a retry has that long again",
    {},
    async () => {
      await stage.start({ DELIVERY_MAX_AGE_HOURS: "0.01" });
      stage.sandbox.fault({ status: 500 });
      await stage.post({ email: "ada@example.com" });
      const [item] = await stage.parked(1);
      expect(item).toMatchObject({
        reason: "undeliverable",
        status: 500,
        message: "Unexpected error occurred",
      });
      stage.sandbox.clearFaults();
      stage.sandbox.fault({ status: 500, times: 2 });
      await stage.admin(`/failures/${item?.id ?? ""}/retry`, "POST");
      await until(
        () => stage.sandbox.contacts().length === 1,
        waitMs,
        "the retry, in spite of two more failures",
      );
      await stage.idle();
      expect(await stage.failures()).toEqual([]);
    },
  );

  it("AELYST_REQUIRE_FIRST_NAME parks what would be sent without one, and a retry delivers it once that is off", async () => {
    await stage.start({ AELYST_REQUIRE_FIRST_NAME: "true" });
    const { id } = await stage.post({ email: "ada@example.com", last_name: "Lovelace" });
    const [item] = await stage.parked(1);
    expect(item).toMatchObject({ reason: "first-name-required", updates: [{ eventId: id }] });
    expect(item?.fields?.toSorted()).toEqual(["email", "lastName"]);
    expect(stage.sandbox.requests()).toEqual([]);
    await stage.stop();
    await stage.start();
    await stage.admin(`/failures/${item?.id ?? ""}/retry`, "POST");
    await until(() => stage.sandbox.contacts().length === 1, waitMs, "the delivery");
    expect(stage.sandbox.requests().map(({ body }) => body)).toEqual([
      { lastName: "Lovelace", email: "ada@example.com" },
    ]);
  });
});

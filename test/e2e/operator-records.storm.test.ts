import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NumbersAnswer } from "../../src/http/schemas/numbers.ts";
import { startEngine } from "../helpers/engines.ts";
import { openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { until } from "../helpers/relay-process.ts";

const embedded = await startEngine("embedded");
afterAll(async () => {
  await embedded?.stop();
});

describe("what a relay can tell afterwards", { timeout: 4 * waitMs }, () => {
  let stage: Stage;
  beforeEach(async () => {
    if (!embedded) throw new Error("the embedded engine is always there");
    stage = await openStage(embedded);
    stage.mapping({ Score: "score" });
  });
  afterEach(async () => {
    await stage.close();
  });

  const numbers = async () => (await stage.admin("/numbers?step=60")).body as unknown as NumbersAnswer;

  it("numbers of what came, what was refused and what the API said are there after a restart", async () => {
    stage.sandbox.fault({ status: 500, times: 1 });
    await stage.start();
    await stage.post({ email: "ada@example.com", first_name: "Ada" });
    await stage.post({ email: "ada@example.com", first_name: "Ada" });
    await stage.post({ email: "bob@example.com", first_name: "Bob" });
    const wrong = await fetch(`${stage.relay().url}/webhooks/form?key=wrong`, { method: "POST", body: "{}" });
    expect(wrong.status).toBe(401);
    await stage.idle();
    await stage.stop("SIGTERM");
    await stage.start();
    const { total, sources } = await numbers();
    expect(total).toMatchObject({ unverified: 1, parked: 0, requests: { "5xx": 1 } });
    expect(total.accepted + total.duplicate).toBe(3);
    expect(total.mapped).toBe(total.accepted);
    expect(total.delivered).toBe(total.accepted);
    expect(total.requests["200"]).toBeGreaterThanOrEqual(2);
    expect(total.secondsToDelivery.count).toBe(total.delivered);
    expect(sources["form"]).toMatchObject({ refusedSignatures: 1, total: { accepted: total.accepted } });
    expect(Date.now() - Date.parse(sources["form"]?.lastEventAt ?? "")).toBeLessThan(waitMs * 4);
  });

  it("numbers are written while the relay runs: a kill -9 leaves what is older than a few seconds", async () => {
    await stage.start();
    await stage.post({ email: "ada@example.com", first_name: "Ada" });
    await until(async () => (await numbers()).total.delivered === 1, waitMs, "the numbers to be written");
    await stage.stop("SIGKILL");
    await stage.start();
    expect((await numbers()).total).toMatchObject({ accepted: 1, delivered: 1 });
  });

  it("who did what is in the audit log, by HTTP and by command, and names no person", async () => {
    stage.sandbox.fault({ status: 404 });
    await stage.start();
    const audit = async () =>
      (await stage.admin("/audit")).body["items"] as { who: string; action: string }[];
    expect(await audit()).toEqual([]);
    const { id } = await stage.post({ email: "ada@example.com", first_name: "Ada" });
    await stage.post({ email: "bob@example.com", first_name: "Bob" });
    const [one, other] = await stage.parked(2);
    expect((await stage.admin(`/events/${id}/replay`, "POST")).status).toBe(200);
    expect((await stage.admin(`/failures/${one?.id ?? ""}`, "DELETE")).status).toBe(200);
    expect((await stage.admin("/failures/dlv_999.0", "DELETE")).status).toBe(404);
    expect((await stage.admin(`/failures/${other?.id ?? ""}/retry`, "POST")).status).toBe(200);
    expect((await stage.admin("/contacts/email:ada@example.com", "DELETE")).status).toBe(200);
    expect((await stage.command("failures", "retry", "--all")).code).toBe(0);
    process.kill(stage.relay().pid, "SIGHUP");
    await until(async () => (await audit()).some(({ action }) => action === "reload"), waitMs, "the reload");
    await stage.stop("SIGTERM");
    expect((await stage.command("contact", "erase", "email:bob@example.com")).code).toBe(0);
    const listed = await stage.command("audit", "--json");
    const { items } = JSON.parse(listed.out) as {
      items: { who: string; action: string; target?: string }[];
    };
    expect(items.map(({ who, action }) => [who, action])).toEqual([
      ["command line", "erase"],
      ["relay", "reload"],
      ["command line", "retry-all"],
      ["operator", "erase"],
      ["operator", "retry"],
      ["operator", "drop"],
      ["operator", "replay"],
    ]);
    expect(items.at(-1)?.target).toBe(id);
    expect(items[0]?.target).toMatch(/^c_[0-9a-f]{12}$/);
    const plain = await stage.command("audit", "--limit", "2");
    expect(plain.out.trim().split("\n")).toHaveLength(2);
    for (const text of [listed.out, plain.out]) expect(text).not.toMatch(/ada|bob|example\.com/);
  });

  it("an event tells its way: received, stored, mapped, each request, and what has replaced it since", async () => {
    stage.sandbox.fault({ status: 500, times: 1 });
    await stage.start();
    const { id } = await stage.post({ email: "ada@example.com", first_name: "Ada", score: "1" });
    await stage.idle();
    const newer = await stage.post({ email: "ada@example.com", score: "2" });
    await stage.idle();
    const { body } = await stage.admin(`/events/${id}`);
    const firstName = { field: "firstName", eventId: id };
    expect(body["history"]).toMatchObject([
      { step: "received" },
      { step: "stored" },
      { step: "mapped" },
      { step: "request", outcome: "failed", status: 500, method: "PUT", identifier: "email:ada@example.com" },
      {
        step: "request",
        outcome: "applied",
        status: 200,
        fields: expect.arrayContaining([firstName]) as unknown,
      },
    ]);
    expect(body["updates"]).toMatchObject([
      {
        fields: {
          firstName: { state: "applied", at: expect.any(String) as unknown },
          "custom_fields.Score": { state: "superseded", by: newer.id, at: expect.any(String) as unknown },
        },
      },
    ]);
  });
});

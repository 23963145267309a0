import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../helpers/relay-process.ts";
import { sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { openWorkersStage, type WorkersStage } from "../helpers/workers-stage.ts";

const yaml = (more = "") => `sources:\n  shop: { provider: shopify, secret: s${more} }\n`;
const customer = { id: 7, email: "ada@example.com", phone: "0123456789" };
const payload = JSON.stringify({ shop_id: 1, shop_domain: "a.example", customer, orders_to_redact: [] });
const [byEmail, byPhone] = ["email:ada@example.com", "phone:+60123456789"] as const;

describe("a request to erase somebody whose phone number cannot be read", () => {
  let stage: WorkersStage;
  beforeAll(async () => {
    stage = await openWorkersStage();
  });
  afterAll(() => stage.close());

  it("is parked with its payload; retried, it erases whom it could not, and nothing given since", async () => {
    const { store, shown } = stage;
    const waiting = async (contact: typeof byEmail | typeof byPhone) =>
      (await store.mailbox.read(contact)).waiting.length;
    await store.mailbox.post([sampleUpdate(byEmail), sampleUpdate(byPhone)]);
    const request = sampleEvent({ type: "customers/redact", payload });
    await store.events.accept([request]);
    let workers = stage.start(yaml());
    try {
      await until(async () => (await shown(request.id))["state"] === "failed", 20_000, "the failure");
    } finally {
      await workers.close();
    }
    expect(await shown(request.id)).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("phone number"),
      payload: { customer },
    });
    expect([await waiting(byEmail), await waiting(byPhone)]).toEqual([0, 1]);

    await store.mailbox.post([sampleUpdate(byEmail)]);
    expect(await store.failures.retry(request.id)).toBe(true);
    workers = stage.start(yaml(", region: MY"));
    try {
      await until(async () => (await shown(request.id))["outcome"] === "erased", 20_000, "the erasure");
    } finally {
      await workers.close();
    }
    expect([await waiting(byEmail), await waiting(byPhone)]).toEqual([1, 0]);
    const ended = await shown(request.id);
    expect(ended["payload"]).toBeNull();
    expect(ended).not.toHaveProperty("erased");
  });
});

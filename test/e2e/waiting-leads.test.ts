import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../helpers/relay-process.ts";
import { sampleEvent } from "../helpers/store-samples.ts";
import { openWorkersStage, type WorkersStage } from "../helpers/workers-stage.ts";

const yaml = `
sources:
  leads: { provider: meta-lead-ads, secret: s, verify_token: v, access_token: t }
  shop: { provider: shopify, secret: s }
`;
const expired = { error: { code: 190, error_subcode: 463, type: "OAuthException" } };

describe("a lead that cannot be fetched", () => {
  let stage: WorkersStage;
  beforeAll(async () => {
    stage = await openWorkersStage();
  });
  afterAll(() => stage.close());

  const leadOf = (id: number) =>
    sampleEvent({
      source: "leads",
      provider: "meta-lead-ads",
      type: "leadgen",
      receivedAt: Date.now(),
      payload: JSON.stringify({ leadgen_id: String(id) }),
    });

  it("waits, shown with what to do about it; the next one asks nothing, and says the same", async () => {
    let asked = 0;
    const workers = stage.start(yaml, async () => {
      asked += 1;
      return { kind: "answer", status: 400, headers: {}, text: JSON.stringify(expired) };
    });
    try {
      for (const lead of [leadOf(1), leadOf(2)]) {
        await stage.store.events.accept([lead]);
        await until(async () => (await stage.shown(lead.id))["state"] === "delayed", 20_000, "the delay");
        expect(await stage.shown(lead.id)).toMatchObject({
          outcome: "pending",
          reason: expect.stringMatching(/code 190, subcode 463.*META_LEAD_ADS_ACCESS_TOKEN/),
        });
      }
      expect(asked).toBe(1);
    } finally {
      await workers.close();
    }
  });

  it("keeps no order of a shop waiting while its API hangs", async () => {
    const releases: (() => void)[] = [];
    const workers = stage.start(yaml, async () => {
      await new Promise<void>((resolve) => releases.push(resolve));
      return { kind: "unreachable", message: "no answer in time" };
    });
    try {
      const order = sampleEvent({ payload: '{"id":1}' });
      const leads = Array.from({ length: 20 }, (_, index) => leadOf(10 + index));
      await stage.store.events.accept([...leads, order]);
      await until(async () => (await stage.shown(order.id))["outcome"] === "ignored", 20_000, "the order");
    } finally {
      for (const release of releases) release();
      await workers.close();
    }
  });
});

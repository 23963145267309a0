import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { neighbour } from "./relay.ts";

const relay = neighbour("sources:\n  grid: { provider: event-grid, key: k3y }\n");
const validation = readFileSync(
  new URL("../../src/providers/event-grid/fixtures/subscription-validation.json", import.meta.url),
  "utf8",
);
const headers = {
  "content-type": "application/json; charset=utf-8",
  "aeg-event-type": "SubscriptionValidation",
  "aeg-subscription-name": "RELAY",
};

it("Event Grid is given its code back, for the key in its endpoint", async () => {
  const { status, text, events } = await relay.ask({
    path: "/webhooks/grid?key=k3y",
    headers,
    body: validation,
  });
  expect([status, JSON.parse(text)]).toEqual([
    200,
    { validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" },
  ]);
  expect(events).toEqual([]);
  expect((await relay.ask({ path: "/webhooks/grid", headers, body: validation })).status).toBe(401);
});

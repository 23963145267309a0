import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngine } from "../helpers/engines.ts";
import { openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { until } from "../helpers/relay-process.ts";

const engine = await startEngine("embedded");
if (!engine) throw new Error("the embedded engine is always there");
const own = engine;
afterAll(() => own.stop());

const key = "workspace-key";
/** Far beyond what a test waits: what arrives before it was woken. */
const nextTryMs = String(10 * waitMs);

let stage: Stage;

const sources = {
  form: { provider: "form", key: "form-key", map: { custom_fields: { Plan: "plan" } } },
  workspace: { provider: "aelyst", secret: key },
};

async function begin(settings: Record<string, string>): Promise<void> {
  writeFileSync(join(stage.directory, "sources.yaml"), JSON.stringify({ sources }));
  const relay = await stage.start(settings);
  stage.sandbox.setWebhook({ url: `${relay.url}/webhooks/workspace`, key });
}

async function tell(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${stage.sandbox.url}/contact/${path}`, {
    method,
    headers: { authorization: "Bearer api-token", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

const requestsFor = (ref: string) => stage.sandbox.requests().filter(({ contact }) => contact === ref);
const plan = (ref: string) => stage.sandbox.contact(ref)?.customFields["Plan"];
const workspaceEvents = async () =>
  (await stage.admin("/events?source=workspace")).body["items"] as Record<string, unknown>[];

async function isWaiting(count: number): Promise<void> {
  const delayed = async () => {
    const { queues } = (await stage.admin("/status")).body as { queues: { contacts: { delayed: number } } };
    return queues.contacts.delayed === count;
  };
  await until(delayed, waitMs, `${count} contacts that wait`);
}

describe("whoever waits for a contact to appear", { timeout: 4 * waitMs }, () => {
  afterAll(() => stage.close());
  beforeAll(async () => {
    stage = await openStage(own, { unknownContact: "404" });
    await begin({ AELYST_MISSING_CONTACT: "wait", BUSY_DELAY_MS: nextTryMs, BUSY_DELAY_MAX_MS: nextTryMs });
  });

  it("is woken by the workspace's own webhook, and not at the next try; nothing of the event is kept", async () => {
    await stage.post({ email: "lea@example.com", phone: "+60123456781", first_name: "Lea", plan: "pro" });
    await stage.post({ email: "max@example.com", first_name: "Max", plan: "free" });
    await isWaiting(2);
    expect(stage.sandbox.create({ firstName: "Lea", email: "lea@example.com" })).toMatchObject({ ok: true });
    await until(() => plan("email:lea@example.com") === "pro", waitMs, "the value");
    expect(plan("email:max@example.com")).toBeUndefined();
    await isWaiting(1);
    expect(await workspaceEvents()).toEqual([]);
  });

  it("is woken when a contact is given its e-mail", async () => {
    stage.sandbox.create({ firstName: "Noa", phone: "+60123456782" });
    await until(() => stage.sandbox.webhook().waiting === 0, waitMs, "the event of the new contact");
    await stage.post({ email: "noa@example.com", first_name: "Noa", plan: "pro" });
    await isWaiting(2);
    await tell("PUT", "phone:+60123456782", { email: "noa@example.com" });
    await until(() => plan("phone:+60123456782") === "pro", waitMs, "the value");
    await until(
      () => stage.sandbox.webhook().waiting === 0,
      waitMs,
      "the webhooks of the relay's own request",
    );
    expect(await workspaceEvents()).toEqual([]);
    await isWaiting(1);
  });

  it("is not woken by what only looks like the workspace", async () => {
    await stage.post({ email: "eve@example.com", first_name: "Eve", plan: "pro" });
    await isWaiting(2);
    stage.sandbox.setWebhook({ url: `${stage.relay().url}/webhooks/workspace`, key: "another" });
    stage.sandbox.create({ firstName: "Eve", email: "eve@example.com" });
    await until(() => stage.sandbox.webhook().failed === 1, waitMs, "the refusal");
    await isWaiting(2);
    expect(requestsFor("email:eve@example.com")).toHaveLength(1);
  });
});

describe("a lead that nobody knows yet", { timeout: 4 * waitMs }, () => {
  afterAll(() => stage.close());
  beforeAll(async () => {
    stage = await openStage(own, { unknownContact: "404", creationMs: 700 });
    await begin({ AELYST_MISSING_CONTACT: "create", BUSY_DELAY_MS: "300", BUSY_DELAY_MAX_MS: "300" });
  });

  it("is created by name and identifiers alone; its values follow once the API is done with it", async () => {
    await stage.post({ email: "lea@example.com", phone: "+60123456781", first_name: "Lea", plan: "pro" });
    await until(() => plan("email:lea@example.com") === "pro", waitMs, "the value");
    const creations = stage.sandbox.requests().filter(({ method }) => method === "POST");
    expect(creations).toMatchObject([
      { status: 200, body: { firstName: "Lea", email: "lea@example.com", phone: "+60123456781" } },
    ]);
    expect(Object.keys(creations[0]?.body as object).toSorted()).toEqual(["email", "firstName", "phone"]);
    const statuses = stage.sandbox.requests().map(({ method, status }) => `${method} ${status}`);
    expect(statuses.at(-1)).toBe("PUT 200");
    expect(statuses).toContain("PUT 449");
    expect(stage.sandbox.contacts()).toHaveLength(1);
    expect(await stage.failures()).toEqual([]);
  });

  it("waits without a name, until an event brings it", async () => {
    const noa = "email:noa@example.com";
    await stage.post({ email: "noa@example.com", plan: "free" });
    await isWaiting(1);
    expect(requestsFor(noa).map(({ method }) => method)).not.toContain("POST");
    await stage.post({ email: "noa@example.com", first_name: "Noa" });
    await until(() => plan(noa) === "free", waitMs, "the value");
    expect(stage.sandbox.contact(noa)?.fields).toEqual({ firstName: "Noa", email: "noa@example.com" });
  });
});

import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import type { SandboxContact } from "./contacts.ts";
import { createWebhooks, type Webhooks } from "./webhooks.ts";

/** For a machine that is busy with other things. */
const patience = { timeout: 30_000, interval: 10 };
const key = "workspace-key";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Received {
  readonly signature: string;
  readonly text: string;
  readonly body: { event_type: string; event_id: string; contact: { id: number } };
}

async function receiver(answer: (response: ServerResponse) => void = (response) => response.end()) {
  const received: Received[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const body = JSON.parse(text) as Received["body"];
      received.push({ signature: String(request.headers["x-webhook-signature"]), text, body });
      answer(response);
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${port}/webhooks/aelyst`, received };
}

function workspaceWebhooks(): Webhooks {
  const webhooks = createWebhooks(() => 1_700_000_005_500, 7);
  closers.push(() => webhooks.close());
  return webhooks;
}

function contact(id: number): SandboxContact {
  return {
    id,
    references: [`id:${id}`],
    createdAt: 1_700_000_000_000,
    fields: { firstName: "Ann", email: "ann@example.com" },
    customFields: { Plan: "pro" },
    updates: 1,
    maxInFlight: 1,
  };
}

async function settled(webhooks: Webhooks): Promise<void> {
  const done = () => {
    const { sent, failed, waiting } = webhooks.state();
    return sent + failed > 0 && waiting === 0;
  };
  await expect.poll(done, patience).toBe(true);
}

it("what became of a contact is posted in order, signed over the very bytes with the webhook's key", async () => {
  const { url, received } = await receiver();
  const webhooks = workspaceWebhooks();
  webhooks.configure({ url, key });
  webhooks.tell("contact.created", contact(1));
  webhooks.tell("contact.updated", contact(1));
  await expect.poll(() => webhooks.state().sent, patience).toBe(2);
  expect(received.map(({ body }) => [body.event_type, body.event_id])).toEqual([
    ["contact.created", "7-1"],
    ["contact.updated", "7-2"],
  ]);
  expect(received[0]?.body).toEqual({
    event_type: "contact.created",
    event_id: "7-1",
    timestamp: 1_700_000_005,
    contact: {
      id: 1,
      firstName: "Ann",
      lastName: null,
      phone: null,
      email: "ann@example.com",
      language: null,
      profilePic: null,
      countryCode: null,
      status: "open",
      lifecycle: null,
      assignee: null,
      created_at: 1_700_000_000,
      tags: [],
      custom_fields: [{ name: "Plan", value: "pro" }],
    },
  });
  for (const { text, signature } of received) {
    expect(signature).toBe(createHmac("sha256", key).update(text).digest("base64"));
  }
});

it("nothing is told while none is configured, or once it was switched off", async () => {
  const { url, received } = await receiver();
  const webhooks = workspaceWebhooks();
  webhooks.tell("contact.created", contact(1));
  expect(webhooks.state()).toEqual({ url: null, waiting: 0, sent: 0, failed: 0, dropped: 0 });
  webhooks.configure({ url, key });
  webhooks.configure(undefined);
  webhooks.tell("contact.created", contact(2));
  webhooks.configure({ url, key });
  webhooks.tell("contact.created", contact(3));
  await settled(webhooks);
  expect(received.map(({ body }) => body.contact.id)).toEqual([3]);
});

it("a receiver that refuses is not asked again, and those after it are told", async () => {
  let answers = 0;
  const { url, received } = await receiver((response) => {
    answers += 1;
    response.writeHead(answers === 1 ? 500 : 200).end();
  });
  const webhooks = workspaceWebhooks();
  webhooks.configure({ url, key });
  for (const id of [1, 2]) webhooks.tell("contact.created", contact(id));
  await expect.poll(() => webhooks.state(), patience).toMatchObject({ sent: 1, failed: 1, waiting: 0 });
  expect(received.map(({ body }) => body.contact.id)).toEqual([1, 2]);
});

it("a receiver that does not answer makes no heap: what is too much is dropped and counted", async () => {
  const { url } = await receiver(() => undefined);
  const webhooks = workspaceWebhooks();
  webhooks.configure({ url, key });
  for (let id = 1; id <= 1_101; id += 1) webhooks.tell("contact.updated", contact(id));
  expect(webhooks.state()).toMatchObject({ waiting: 1_000, dropped: 100 });
});

it("nobody at the address is no error of the sandbox", async () => {
  const webhooks = workspaceWebhooks();
  webhooks.configure({ url: "http://127.0.0.1:1/webhooks/aelyst", key });
  webhooks.tell("contact.created", contact(1));
  await settled(webhooks);
  expect(webhooks.state()).toMatchObject({ sent: 0, failed: 1 });
});

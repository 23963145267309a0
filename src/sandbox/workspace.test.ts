import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

/** For a machine that is busy with other things. */
const patience = { timeout: 30_000, interval: 10 };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ token: "secret", ratePerSecond: 0, ...options });
  closers.push(() => sandbox.close());
  return sandbox;
}

async function call(sandbox: Sandbox, method: string, path: string, body?: object, token = "secret") {
  const response = await fetch(`${sandbox.url}/contact/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  return { status: response.status, json, headers: response.headers };
}

async function control(sandbox: Sandbox, method: string, path: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(new URL(`/_sandbox${path}`, sandbox.url), init);
  const json: unknown = await response.json();
  return { status: response.status, json };
}

const create = "create_or_update/";

describe("POST /contact/create_or_update/{identifier}", () => {
  it("creates whom nobody has, and updates whoever is there", async () => {
    const sandbox = await start({ unknownContact: "404" });
    expect(await call(sandbox, "PUT", "email:ada@example.com", { firstName: "Ada" })).toMatchObject({
      status: 404,
      json: { code: 404, message: "Contact not found!" },
    });
    const ada = { firstName: "Ada", email: "ada@example.com", phone: "+60123456789" };
    const made = await call(sandbox, "POST", `${create}email:ada%40example.com`, ada);
    expect(made).toMatchObject({ status: 200, json: { contactId: 1 } });
    const again = await call(sandbox, "POST", `${create}phone:+60123456789`, { lastName: "Lovelace" });
    expect(again).toMatchObject({ status: 200, json: { contactId: 1 } });
    for (const ref of ["id:1", "email:Ada@Example.com", "phone:%2B60123456789"]) {
      expect(await call(sandbox, "PUT", ref, { language: "en" })).toMatchObject({ json: { contactId: 1 } });
    }
    expect(sandbox.contacts()).toMatchObject([{ fields: { ...ada, lastName: "Lovelace", language: "en" } }]);
  });

  it("is held to the same token, rate and body as an update", async () => {
    const sandbox = await start({ ratePerSecond: 6, clock: () => 0 });
    const path = `${create}email:ada@example.com`;
    const statuses = [
      await call(sandbox, "POST", path, { firstName: "Ada" }, "wrong"),
      await call(sandbox, "POST", path, { firstName: "Ada", language: "english" }),
      await call(sandbox, "POST", `${create}ada`, { firstName: "Ada" }),
      await call(sandbox, "POST", path, { lastName: "Lovelace" }),
      await call(sandbox, "PUT", path, { firstName: "Ada" }),
      await call(sandbox, "POST", "email:ada@example.com", { firstName: "Ada" }),
      await call(sandbox, "POST", path, { firstName: "Ada" }),
      await call(sandbox, "POST", path, { firstName: "Ada" }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 400, 400, 400, 404, 404, 200, 429]);
    expect(sandbox.requests().at(-2)).toMatchObject({ method: "POST", contact: "email:ada@example.com" });
  });

  it("names the contact that has the e-mail already", async () => {
    const sandbox = await start();
    for (const [ref, firstName] of [
      ["email:ada@example.com", "Ada"],
      ["phone:+60123456789", "Bob"],
    ]) {
      await call(sandbox, "POST", `${create}${ref}`, { firstName });
    }
    const refusal = {
      status: 400,
      json: { code: 400, message: { contactId: 1, message: "Email already connected to a contact" } },
    };
    const body = { firstName: "Bob", email: "ada@example.com" };
    expect(await call(sandbox, "POST", `${create}phone:+60123456789`, body)).toMatchObject(refusal);
    expect(await call(sandbox, "PUT", "phone:+60123456789", body)).toMatchObject(refusal);
    await control(sandbox, "POST", "/workspace", { duplicates: "allow" });
    expect(await call(sandbox, "PUT", "phone:+60123456789", body)).toMatchObject({ json: { contactId: 2 } });
  });

  it("an answer that is lost has created the contact all the same", async () => {
    const sandbox = await start();
    sandbox.fault({ drop: "after", times: 1 });
    await expect(
      call(sandbox, "POST", `${create}email:ada@example.com`, { firstName: "Ada" }),
    ).rejects.toThrow();
    expect(sandbox.contacts()).toHaveLength(1);
  });

  it("the limit of one contact counts each method by itself, as the vendor does", async () => {
    const sandbox = await start({ clock: () => 0 });
    sandbox.fault({ contactRate: 1 });
    const statuses = [];
    for (const method of ["POST", "PUT", "POST"]) {
      const path = method === "POST" ? `${create}email:ada@example.com` : "email:ada@example.com";
      statuses.push((await call(sandbox, method, path, { firstName: "Ada" })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  it("a new contact is first unseen, then busy, by the clock that was passed", async () => {
    let now = 1_000;
    const sandbox = await start({ clock: () => now, creationMs: 2_000, unseenMs: 500 });
    const statusOf = async () => (await call(sandbox, "PUT", "id:1", { firstName: "Ada" })).status;
    await call(sandbox, "POST", `${create}email:ada@example.com`, { firstName: "Ada" });
    const statuses = [await statusOf()];
    now = 1_500;
    statuses.push(await statusOf());
    now = 3_000;
    statuses.push(await statusOf());
    expect(statuses).toEqual([404, 449, 200]);
  });
});

describe("the workspace, by the control API", () => {
  it("a contact appears, is merged, split and deleted", async () => {
    const sandbox = await start({ unknownContact: "404" });
    const made = await control(sandbox, "POST", "/contacts", { firstName: "Ada", email: "ada@example.com" });
    expect(made).toMatchObject({
      status: 200,
      json: { id: 1, references: ["id:1", "email:ada@example.com"] },
    });
    await control(sandbox, "POST", "/contacts", { firstName: "A", phone: "+60123456789" });
    const merged = await control(sandbox, "POST", "/merge", { contacts: ["phone:+60123456789", "id:1"] });
    expect(merged).toMatchObject({ status: 200, json: { id: 1, fields: { firstName: "Ada" } } });
    expect((await call(sandbox, "PUT", "id:2", {})).status).toBe(404);
    expect(await call(sandbox, "PUT", "phone:+60123456789", {})).toMatchObject({ json: { contactId: 1 } });
    const split = await control(sandbox, "POST", "/split", { contact: "phone:+60123456789" });
    expect(split).toMatchObject({ status: 200, json: { id: 3 } });
    expect(await call(sandbox, "PUT", "phone:+60123456789", {})).toMatchObject({ json: { contactId: 3 } });
    expect((await control(sandbox, "DELETE", "/contacts/email:ada%40example.com")).status).toBe(200);
    expect((await call(sandbox, "PUT", "id:1", {})).status).toBe(404);
    expect(sandbox.contacts()).toHaveLength(1);
  });

  it.each([
    ["POST", "/contacts", {}, 400],
    ["POST", "/contacts", { firstName: "A", phone: "0123" }, 400],
    ["POST", "/contacts", { firstName: "A", email: "first@example.com" }, 400],
    ["POST", "/merge", { contacts: ["id:1"] }, 400],
    ["POST", "/merge", { contacts: ["id:1", "nobody"] }, 400],
    ["POST", "/merge", { contacts: ["id:1", "id:9"] }, 404],
    ["POST", "/split", { contact: "id:1" }, 400],
    ["POST", "/split", { contact: "email:nobody@example.com" }, 404],
    ["POST", "/split", [], 400],
    ["DELETE", "/contacts/id:9", undefined, 404],
    ["DELETE", "/contacts/nobody", undefined, 400],
    ["POST", "/workspace", { unknownContact: "shrug" }, 400],
    ["POST", "/workspace", { creationMs: -1 }, 400],
    ["POST", "/workspace", { other: true }, 400],
    ["POST", "/webhook", { url: "ftp://example.com", key: "k" }, 400],
    ["POST", "/webhook", { url: "http://127.0.0.1:1/" }, 400],
  ])("%s %s %j is answered, and changes nothing: %i", async (method, path, body, status) => {
    const sandbox = await start();
    sandbox.create({ firstName: "First", email: "first@example.com" });
    const before = [sandbox.contacts(), sandbox.workspace(), sandbox.webhook()];
    expect(await control(sandbox, method, path, body)).toMatchObject({ status, json: { code: status } });
    expect([sandbox.contacts(), sandbox.workspace(), sandbox.webhook()]).toEqual(before);
  });

  it("a switch that is none is answered with those that are", async () => {
    const sandbox = await start();
    const { json } = await control(sandbox, "POST", "/workspace", { duplicates: "maybe" });
    for (const change of (json as { switches: object[] }).switches) {
      expect(await control(sandbox, "POST", "/workspace", change)).toMatchObject({
        status: 200,
        json: change,
      });
    }
  });

  it("reset puts the switches where they were at the start, and forgets whom it had just created", async () => {
    const sandbox = await start({ creationMs: 60_000 });
    await call(sandbox, "POST", `${create}email:ada@example.com`, { firstName: "Ada" });
    await control(sandbox, "POST", "/workspace", { unknownContact: "404" });
    await control(sandbox, "POST", "/reset");
    expect(sandbox.workspace()).toMatchObject({ unknownContact: "create", creationMs: 60_000 });
    expect(await call(sandbox, "PUT", "id:1", { firstName: "Ada" })).toMatchObject({ status: 200 });
  });

  it("the webhook is told of what the API and people do, and nobody is once it was switched off", async () => {
    const told: string[] = [];
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { event_type, contact } = JSON.parse(Buffer.concat(chunks).toString()) as {
          event_type: string;
          contact: { id: number };
        };
        told.push(`${event_type} ${contact.id}`);
        response.end();
      });
    });
    const port = await new Promise<number>((resolve) => {
      receiver.listen(0, "127.0.0.1", () => {
        const address = receiver.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
    closers.push(() => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const sandbox = await start();
    const url = `http://127.0.0.1:${port}/webhooks/aelyst`;
    expect(await control(sandbox, "POST", "/webhook", { url, key: "k" })).toMatchObject({ json: { url } });
    await call(sandbox, "PUT", "email:ada@example.com", { firstName: "Ada" });
    await call(sandbox, "POST", `${create}phone:+60123456789`, { firstName: "A" });
    await call(sandbox, "PUT", "id:1", { language: "en" });
    await call(sandbox, "PUT", "id:1", { language: "english" });
    await control(sandbox, "POST", "/contacts", { firstName: "C", email: "c@example.com" });
    await control(sandbox, "POST", "/merge", { contacts: ["id:1", "id:2"] });
    await control(sandbox, "POST", "/split", { contact: "phone:+60123456789" });
    await expect.poll(() => sandbox.webhook().sent, patience).toBe(6);
    expect(told).toEqual([
      "contact.created 1",
      "contact.created 2",
      "contact.updated 1",
      "contact.created 3",
      "contact.updated 1",
      "contact.created 4",
    ]);
    expect(await control(sandbox, "DELETE", "/webhook")).toMatchObject({ json: { url: null } });
    await call(sandbox, "PUT", "id:1", { language: "ms" });
    expect(sandbox.webhook()).toMatchObject({ sent: 6, waiting: 0 });
  });
});

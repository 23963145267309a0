import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

const open: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ ratePerSecond: 0, ...options });
  open.push(sandbox);
  return sandbox;
}

const headers = { authorization: "Bearer any", "content-type": "application/json" };

async function ask(address: string, init: RequestInit = {}) {
  const response = await fetch(address, { headers, ...init });
  const json: unknown = await response.json();
  return { status: response.status, json: json as Record<string, unknown> };
}

const put = (sandbox: Sandbox, name: string, value: unknown) =>
  ask(`${sandbox.url}/contact/id:1`, {
    method: "PUT",
    body: JSON.stringify({ custom_fields: [{ name, value }] }),
  });

const three = {
  Plan: { type: "list", options: ["free", "pro"], slug: "plan_of_theirs" },
  Score: { type: "number" },
  Birthday: { type: "date" },
} as const;

describe("which custom fields there are", () => {
  it("is told page by page, and the next page by its address", async () => {
    const sandbox = await start({ customFields: three });
    const first = await ask(`${sandbox.url}/space/custom_field?limit=2`);
    expect(first).toMatchObject({
      status: 200,
      json: {
        items: [
          {
            name: "Plan",
            slug: "plan_of_theirs",
            dataType: "list",
            allowedValues: { listValues: ["free", "pro"] },
          },
          { name: "Score", slug: "score", dataType: "number" },
        ],
      },
    });
    const { next } = first.json["pagination"] as { next: string };
    const second = await ask(next);
    expect(second.json).toMatchObject({ items: [{ name: "Birthday" }], pagination: { next: null } });
  });

  it("is told ten at a time to whoever names no limit, and from the start to whoever takes an address for a cursor", async () => {
    const names = Array.from({ length: 11 }, (_, n) => [`Field ${n}`, { type: "text" as const }]);
    const sandbox = await start({ customFields: Object.fromEntries(names) });
    const { json } = await ask(`${sandbox.url}/space/custom_field`);
    expect(json["items"]).toHaveLength(10);
    const { next } = json["pagination"] as { next: string };
    const again = await ask(`${sandbox.url}/space/custom_field?cursorId=${encodeURIComponent(next)}`);
    expect(again.json["items"]).toEqual(json["items"]);
  });

  it("is told in the other shapes that clients have seen", async () => {
    const sandbox = await start({ customFields: three, fieldsShape: "data" });
    expect((await ask(`${sandbox.url}/space/custom_field?limit=1`)).json).toEqual({
      data: [
        { id: 101, name: "Plan", slug: "plan_of_theirs", dataType: "LIST", allowedValues: ["free", "pro"] },
      ],
      nextCursor: 101,
    });
    sandbox.setCustomFields({ shape: "list" });
    expect((await ask(`${sandbox.url}/space/custom_field?limit=100`)).json).toHaveLength(3);
  });

  it("is not told without a token, without permission, for a bad limit, or where any name is taken", async () => {
    const sandbox = await start({ customFields: three });
    const address = `${sandbox.url}/space/custom_field`;
    expect((await ask(address, { headers: {} })).status).toBe(401);
    for (const limit of ["0", "101", "x"]) expect((await ask(`${address}?limit=${limit}`)).status).toBe(400);
    expect((await ask(address, { method: "POST", body: "{}" })).status).toBe(404);
    sandbox.setCustomFields({ reading: "forbidden" });
    expect(await ask(address)).toMatchObject({ status: 403, json: { code: 403 } });
    sandbox.setCustomFields({ reading: "allowed", fields: null });
    expect((await ask(address)).status).toBe(404);
  });

  it("costs a request like any other", async () => {
    const sandbox = await start({ customFields: three, ratePerSecond: 1 });
    const address = `${sandbox.url}/space/custom_field`;
    expect((await ask(address)).status).toBe(200);
    expect((await ask(address)).status).toBe(429);
    expect(sandbox.requests()).toMatchObject([{ method: "GET", status: 200 }, { status: 429 }]);
  });
});

describe("a value is refused in the API's words", () => {
  it.each([
    ["Nothing", "x"],
    ["Plan", "gold"],
    ["Score", "12"],
    ["Birthday", "01/02/2026"],
  ])("%s: %j", async (name, value) => {
    const sandbox = await start({ customFields: three });
    expect(await put(sandbox, name, value)).toMatchObject({
      status: 400,
      json: { code: 400, message: `${name}: Invalid value` },
    });
  });

  it("a field is written by its slug too, and is the same one", async () => {
    const sandbox = await start({ customFields: three });
    expect((await put(sandbox, "plan_of_theirs", "gold")).json).toMatchObject({
      message: "Plan: Invalid value",
    });
    await put(sandbox, "plan_of_theirs", "pro");
    expect(sandbox.contact("id:1")?.customFields).toEqual({ Plan: "pro" });
  });
});

describe("the control API", () => {
  const control = (sandbox: Sandbox, method: string, body?: string) =>
    ask(`http://127.0.0.1:${sandbox.port}/_sandbox/custom_fields`, { method, ...(body && { body }) });

  it("shows and changes the fields, until everything is reset", async () => {
    const sandbox = await start();
    expect((await control(sandbox, "GET")).json).toEqual({
      fields: null,
      shape: "items",
      reading: "allowed",
    });
    expect((await put(sandbox, "Anything", { a: 1 })).status).toBe(400);
    expect((await put(sandbox, "Anything", "x")).status).toBe(200);
    const changed = await control(sandbox, "POST", JSON.stringify({ fields: { Score: { type: "number" } } }));
    expect(changed.json).toMatchObject({ fields: { Score: { type: "number" } }, shape: "items" });
    expect((await put(sandbox, "Anything", "x")).status).toBe(400);
    expect((await put(sandbox, "Score", 1)).status).toBe(200);
    sandbox.reset();
    expect((await put(sandbox, "Anything", "x")).status).toBe(200);
  });

  it.each([
    "",
    "[]",
    '{"fields":{"A":{"type":"color"}}}',
    '{"fields":{"A":"text"}}',
    '{"shape":"xml"}',
    '{"field":{}}',
  ])("%s are no custom fields, and an example is answered that is", async (body) => {
    const sandbox = await start();
    const { status, json } = await control(sandbox, "POST", body);
    expect(status).toBe(400);
    expect((await control(sandbox, "POST", JSON.stringify(json["example"]))).status).toBe(200);
  });
});

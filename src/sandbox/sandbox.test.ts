import { afterEach, describe, expect, it } from "vitest";
import { createAelystClient } from "../aelyst/client.ts";
import { createConnections } from "../outbound/connections.ts";
import type { ContactPatch } from "../contact/contact-patch.ts";
import { createLimiter, limiterKinds } from "./rate-limit.ts";
import { startSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
import { readIdentifier, validateBody } from "./validate.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

let open: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of open) await sandbox.close();
  open = [];
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ token: "secret", ratePerSecond: 0, ...options });
  open.push(sandbox);
  return sandbox;
}

function put(sandbox: Sandbox, identifier: string, body: unknown, token = "secret") {
  return fetch(`${sandbox.url}/contact/${identifier}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const control = (sandbox: Sandbox, path: string, init?: RequestInit) =>
  fetch(new URL(`/_sandbox${path}`, sandbox.url), init);

const pageExample = {
  firstName: "Muhammad ",
  lastName: "Mahin",
  phone: "+60123456789",
  email: "test@example.com",
  language: "ms",
  profilePic: "https://cdn.aelyst.ai/profile_avatar.png",
  countryCode: "MY",
  custom_fields: [{ name: "Company Website", value: "https://example.com" }],
};

describe("the API's contract", () => {
  it("the example of the API's page is applied and answered with an integer contactId", async () => {
    const sandbox = await start();
    const response = await put(sandbox, "phone:+60123456789", pageExample);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ contactId: 1 });
    expect(sandbox.contact("email:test@example.com")).toMatchObject({
      id: 1,
      fields: { lastName: "Mahin", countryCode: "MY" },
      customFields: { "Company Website": "https://example.com" },
    });
  });

  it("only the fields that are sent change, and null clears", async () => {
    const sandbox = await start();
    await put(sandbox, "id:7", { firstName: "A", lastName: "B" });
    await put(sandbox, "id:7", { lastName: null });
    expect(sandbox.contact("id:7")?.fields).toEqual({ firstName: "A", lastName: null });
  });

  it("without the right bearer token nothing is looked at: 401", async () => {
    const sandbox = await start();
    for (const token of ["wrong", ""]) {
      const response = await put(sandbox, "id:1", {}, token);
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ code: 401, message: "UN_AUTHORIZED" });
    }
    expect(sandbox.contacts()).toEqual([]);
  });

  it.each([
    "1",
    "id:0",
    "id:x",
    "phone:0123",
    "phone:+60 12-345 6789",
    "email:a",
    "user:1",
    "email:%E0%A4%A",
  ])("%s names nobody: 400", async (identifier) => {
    const sandbox = await start();
    expect((await put(sandbox, identifier, { firstName: "A" })).status).toBe(400);
  });

  it("identifiers are percent-encoded once", () => {
    expect(readIdentifier("email:a%2Fb%40c.de")).toBe("email:a/b@c.de");
    expect(readIdentifier("phone:%2B60123456789")).toBe("phone:+60123456789");
  });

  const rules = { customFields: undefined, requireFirstName: false };
  it.each([
    ["firstName null", { firstName: null }],
    ["firstName empty", { firstName: " " }],
    ["a number as a name", { lastName: 5 }],
    ["a phone number without a country code", { phone: "0123456789" }],
    ["an e-mail that is none", { email: "a@b" }],
    ["a language that is a region", { language: "pt-BR" }],
    ["a country's name", { countryCode: "Malaysia" }],
    ["custom fields that are no list", { custom_fields: {} }],
    ["a custom field without a name", { custom_fields: [{ value: 1 }] }],
    ["no object", []],
  ])("%s is a validation error", (_name, body) => {
    expect(validateBody(body, rules)).toEqual({ ok: false, message: "Validation error." });
  });

  it("unknown keys are dropped silently, as integrators have seen", () => {
    expect(validateBody({ customFields: [], firstName: "A" }, rules)).toMatchObject({ ok: true });
  });

  it("each custom field type has its one notation, and one bad field refuses the whole request", async () => {
    const sandbox = await start({
      customFields: {
        Score: { type: "number" },
        Day: { type: "date" },
        Hour: { type: "time" },
        Plan: { type: "list", options: ["free", "pro"] },
        Consent: { type: "checkbox" },
      },
    });
    const send = (name: string, value: unknown) =>
      put(sandbox, "id:1", { firstName: "A", custom_fields: [{ name, value }] });
    for (const [name, good, bad] of [
      ["Score", 5, "5"],
      ["Day", "2026-01-31", "31/01/2026"],
      ["Hour", "13:30", "1:30 PM"],
      ["Plan", "pro", "PRO"],
      ["Consent", true, "true"],
    ] as const) {
      expect((await send(name, good)).status, name).toBe(200);
      const refused = await send(name, bad);
      expect(refused.status, name).toBe(400);
      expect(await refused.json()).toEqual({ code: 400, message: `${name}: Invalid value` });
    }
    expect((await send("Unknown", "x")).status).toBe(400);
  });

  it("a workspace may insist on firstName, and on contacts that exist", async () => {
    const sandbox = await start({ requireFirstName: true, unknownContact: "404" });
    expect((await put(sandbox, "id:1", { lastName: "B" })).status).toBe(400);
    expect((await put(sandbox, "id:1", { firstName: "A" })).status).toBe(404);
  });
});

describe("the rate limit", () => {
  it.each(limiterKinds)("%s: 10 in a second pass, the 11th does not, a second later it does", (kind) => {
    const limiter = createLimiter(kind, 10);
    const at = 1_000_000;
    for (let n = 0; n < 10; n += 1) expect(limiter(at)).toMatchObject({ allowed: true, remaining: 9 - n });
    const refused = limiter(at);
    expect(refused).toMatchObject({ allowed: false, limit: 10, remaining: 0 });
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(limiter(at + 1_000).allowed).toBe(true);
  });

  it("only a sliding window and a bucket see through a burst around a window's edge", () => {
    const passed = (kind: (typeof limiterKinds)[number]) => {
      const limiter = createLimiter(kind, 10);
      return [...Array.from({ length: 10 }, () => 999), ...Array.from({ length: 10 }, () => 1_001)].filter(
        (at) => limiter(at).allowed,
      ).length;
    };
    expect([passed("fixed-window"), passed("sliding-window"), passed("token-bucket")]).toEqual([20, 10, 10]);
  });

  it("says so in the three headers", async () => {
    let now = 0;
    const sandbox = await start({ ratePerSecond: 1, clock: () => now });
    const first = await put(sandbox, "id:1", { firstName: "A" });
    expect([first.headers.get("x-ratelimit-limit"), first.headers.get("x-ratelimit-remaining")]).toEqual([
      "1",
      "0",
    ]);
    now = 200;
    const second = await put(sandbox, "id:1", { firstName: "A" });
    expect(second.status).toBe(429);
    expect(second.headers.get("retry-after")).toBe("1");
    expect(await second.json()).toEqual({ code: 429, message: "Too Many Requests" });
  });
});

describe("faults, as the client of the API sees them", () => {
  const patch: ContactPatch = { firstName: "A" };
  async function clientOf(sandbox: Sandbox, timeoutMs = 2_000) {
    return createAelystClient({ baseUrl: sandbox.url, token: "secret", timeoutMs }, connections);
  }

  it.each([
    [
      { status: 500, times: 1 },
      { kind: "unavailable", reason: "status", status: 500 },
    ],
    [
      { status: 429, retryAfter: "2.5", times: 1 },
      { kind: "limited", retryAfterMs: 2_500 },
    ],
    [
      { status: 200, body: "<html>proxy</html>", times: 1 },
      { kind: "unavailable", reason: "not-the-contract" },
    ],
    [
      { status: 302, times: 1 },
      { kind: "unavailable", reason: "redirect" },
    ],
    [
      { busy: "id:1", times: 1 },
      { kind: "busy", status: 449 },
    ],
    [
      { drop: "before", times: 1 },
      { kind: "unavailable", reason: "network" },
    ],
    [
      { unauthorized: true, times: 1 },
      { kind: "unauthorized", status: 401, message: "UN_AUTHORIZED" },
    ],
  ] as const)("%j", async (fault, expected) => {
    const sandbox = await start();
    const client = await clientOf(sandbox);
    sandbox.fault(fault);
    expect(await client.update("id:1", patch)).toMatchObject(expected);
    expect(sandbox.contacts()).toEqual([]);
    expect(await client.update("id:1", patch)).toEqual({ kind: "ok", status: 200, contactId: 1 });
  });

  it("a request left hanging ends with the client's time-out", async () => {
    const sandbox = await start();
    sandbox.fault({ hang: true, times: 1 });
    const client = await clientOf(sandbox, 150);
    expect(await client.update("id:1", patch)).toMatchObject({ kind: "unavailable", reason: "timeout" });
  });

  it("an answer that is lost was applied all the same", async () => {
    const sandbox = await start();
    sandbox.fault({ drop: "after", times: 1 });
    const client = await clientOf(sandbox);
    expect(await client.update("id:1", patch)).toMatchObject({ kind: "unavailable", reason: "network" });
    expect(sandbox.contact("id:1")?.fields).toMatchObject(patch);
  });

  it("a busy contact delays no other", async () => {
    const sandbox = await start();
    sandbox.fault({ busy: "id:1" });
    const client = await clientOf(sandbox);
    expect((await client.update("id:1", patch)).kind).toBe("busy");
    expect((await client.update("id:2", patch)).kind).toBe("ok");
  });
});

describe("the control API", () => {
  it("shows contacts and requests, and takes faults on and off", async () => {
    const sandbox = await start();
    const body = JSON.stringify({ status: 503, times: 2 });
    expect((await control(sandbox, "/faults", { method: "POST", body })).status).toBe(200);
    expect(await (await control(sandbox, "/faults")).json()).toEqual([{ status: 503, times: 2, left: 2 }]);
    expect((await put(sandbox, "id:5", { firstName: "A" })).status).toBe(503);
    await control(sandbox, "/faults", { method: "DELETE" });
    expect((await put(sandbox, "id:5", { firstName: "A" })).status).toBe(200);
    expect(await (await control(sandbox, "/contacts")).json()).toMatchObject([
      { id: 5, fields: { firstName: "A" } },
    ]);
    expect(await (await control(sandbox, "/contacts/id:5")).json()).toMatchObject({ updates: 1 });
    expect(await (await control(sandbox, "/requests")).json()).toMatchObject([
      { status: 503 },
      { status: 200 },
    ]);
    await control(sandbox, "/reset", { method: "POST" });
    expect(sandbox.contacts()).toEqual([]);
  });

  it("what it cannot read is answered, never a crash", async () => {
    const sandbox = await start();
    expect((await control(sandbox, "/faults", { method: "POST", body: "{" })).status).toBe(400);
    expect((await control(sandbox, "/faults", { method: "POST", body: '{"explode":true}' })).status).toBe(
      400,
    );
    expect((await control(sandbox, "/nothing")).status).toBe(404);
    expect((await control(sandbox, "/contacts/%E0%A4%A")).status).toBe(404);
    expect((await put(sandbox, "id:1", "{")).status).toBe(400);
  });
});

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createConnections } from "../outbound/connections.ts";
import { createAelystClient } from "./client.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
});

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

const clientOf = (baseUrl: string, timeoutMs = 2_000) =>
  createAelystClient({ baseUrl, token: "s3cret-token", timeoutMs }, connections);

const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  serving((_request, response) => void response.writeHead(status, headers).end(body));

it("makes the request the API's page describes", async () => {
  let seen:
    { method: string | undefined; url: string | undefined; headers: IncomingMessage["headers"] } | undefined;
  let body = "";
  const base = await serving((request, response) => {
    seen = { method: request.method, url: request.url, headers: request.headers };
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => response.end('{"contactId": 12}'));
  });
  const result = await clientOf(`${base}/v1/`).update("email:a/b+c@d.co", {
    firstName: "Ada",
    lastName: null,
    "custom_fields.Order total": 12.5,
  });
  expect(result).toEqual({ kind: "ok", status: 200, contactId: 12 });
  expect(seen).toMatchObject({
    method: "PUT",
    url: "/v1/contact/email:a%2Fb%2Bc%40d.co",
    headers: { authorization: "Bearer s3cret-token", "content-type": "application/json" },
  });
  expect(JSON.parse(body)).toEqual({
    firstName: "Ada",
    lastName: null,
    custom_fields: [{ name: "Order total", value: 12.5 }],
  });
});

it("creates by the vendor's documented neighbour, with the same identifier and body", async () => {
  let seen: { method: string | undefined; url: string | undefined } | undefined;
  const base = await serving((request, response) => {
    seen = { method: request.method, url: request.url };
    response.end('{"contactId": 13}');
  });
  const created = await clientOf(base).create("phone:+60123456789", { firstName: "Ada" });
  expect(created).toEqual({ kind: "ok", status: 200, contactId: 13 });
  expect(seen).toEqual({ method: "POST", url: "/contact/create_or_update/phone:%2B60123456789" });
});

describe("what an answer means", () => {
  it.each([
    [200, '{"contactId":"1"}', { kind: "unavailable", reason: "not-the-contract" }],
    [200, "<html></html>", { kind: "unavailable", reason: "not-the-contract" }],
    [200, "", { kind: "unavailable", reason: "not-the-contract" }],
    [201, '{"contactId":1}', { kind: "unavailable", reason: "not-the-contract" }],
    [204, "", { kind: "unavailable", reason: "not-the-contract" }],
    [301, "", { kind: "unavailable", reason: "redirect" }],
    [400, '{"code":400,"message":"Validation error."}', { kind: "invalid", message: "Validation error." }],
    [422, "nonsense", { kind: "invalid", message: "nonsense" }],
    [
      401,
      '{"code":401,"message":"UN_AUTHORIZED","status":"x"}',
      { kind: "unauthorized", message: "UN_AUTHORIZED" },
    ],
    [403, "<!DOCTYPE html><html>", { kind: "unauthorized", message: "an HTML page instead of JSON" }],
    [
      404,
      '{"code":404,"message":"Contact not found!"}',
      { kind: "not-found", message: "Contact not found!" },
    ],
    [408, "", { kind: "unavailable", reason: "status" }],
    [425, "", { kind: "unavailable", reason: "status" }],
    [409, "", { kind: "refused", message: "HTTP 409 Conflict" }],
    [400, '{"code":400,"message":"Contact does not exist"}', { kind: "not-found", status: 400 }],
    [400, '{"message":"Contact with identifier email:a.b@c.de not found"}', { kind: "not-found" }],
    [400, '{"message":"Contact email:ada@example.com was not found."}', { kind: "not-found" }],
    [400, '{"message":"No such contact"}', { kind: "not-found" }],
    [400, '{"message":"No contact field named Plan"}', { kind: "invalid" }],
    [400, '{"message":"Contact owner: field does not exist"}', { kind: "invalid" }],
    [400, '{"message":"Custom field Contact does not exist"}', { kind: "invalid" }],
    [
      400,
      '{"code":400,"message":{"contactId":77,"message":"Email already connected to a contact"}}',
      { kind: "taken", contactId: 77, message: expect.stringMatching(/^Email already connected/) as unknown },
    ],
    [409, '{"message":{"contactId":77,"message":"already connected to a contact"}}', { kind: "taken" }],
    [400, '{"message":{"contactId":"77","message":"already connected"}}', { kind: "invalid" }],
    [429, '{"retryAfter":2}', { kind: "limited", retryAfterMs: 2_000 }],
    [429, "", { kind: "limited", retryAfterMs: undefined }],
    [449, "", { kind: "busy", retryAfterMs: undefined }],
    [
      500,
      '{"code":500,"message":"Unexpected error occurred"}',
      { kind: "unavailable", message: "Unexpected error occurred" },
    ],
    [503, "", { kind: "unavailable", status: 503 }],
    [599, "", { kind: "unavailable", status: 599 }],
  ])("%i %s", async (status, body, expected) => {
    const base = await answering(status, body);
    expect(await clientOf(base).update("id:1", { firstName: "A" })).toMatchObject(expected);
  });

  it("a message may be an object; its own words come first", async () => {
    const words = { message: { contactId: 5, message: "already connected to a contact" } };
    const base = await answering(400, JSON.stringify(words));
    const result = await clientOf(base).update("id:1", { firstName: "A" });
    expect(result).toMatchObject({
      message: expect.stringMatching(/^already connected to a contact .*"contactId":5/),
    });
  });

  it("a message is short, clean, and never holds the token", async () => {
    const base = await answering(400, JSON.stringify({ message: `\u0007s3cret-token ${"x".repeat(5_000)}` }));
    const result = await clientOf(base).update("id:1", { firstName: "A" });
    const message = "message" in result ? result.message : "";
    expect(message.length).toBeLessThan(520);
    expect(message).toMatch(/^\[token\] xxx/);
  });

  it("Retry-After on a 503 is kept", async () => {
    const base = await answering(503, "", { "Retry-After": "7" });
    expect(await clientOf(base).update("id:1", { firstName: "A" })).toMatchObject({ retryAfterMs: 7_000 });
  });
});

describe("an API that misbehaves", () => {
  it("a redirect is not followed, and the token never reaches another origin", async () => {
    const elsewhere: IncomingMessage["headers"][] = [];
    const other = await serving((request, response) => {
      elsewhere.push(request.headers);
      response.end('{"contactId":1}');
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const base = await answering(status, "", { Location: `${other}/contact/id:1` });
      expect(await clientOf(base).update("id:1", { firstName: "A" })).toMatchObject({
        reason: "redirect",
        status,
      });
    }
    expect(elsewhere).toEqual([]);
  });

  it.each([
    ["never answers", () => undefined],
    [
      "stops in the middle of the body",
      (_request, response) => void response.writeHead(200).write('{"contact'),
    ],
    [
      "drips for ever",
      (_request, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(drip));
      },
    ],
  ] satisfies [string, RequestListener][])("one that %s is a time-out", async (_name, listener) => {
    const base = await serving(listener);
    expect(await clientOf(base, 200).update("id:1", { firstName: "A" })).toMatchObject({
      kind: "unavailable",
      reason: "timeout",
    });
  });

  it("a connection that breaks or is refused is the network's", async () => {
    const base = await serving((request) => void request.socket.destroy());
    const broken = await clientOf(base).update("id:1", { firstName: "A" });
    expect(broken).toMatchObject({ kind: "unavailable", reason: "network", message: "UND_ERR_SOCKET" });
    const refused = await clientOf("http://127.0.0.1:9").update("id:1", { firstName: "A" });
    expect(refused).toMatchObject({ reason: "network" });
  });

  it("a body without end is not read to its end", async () => {
    const base = await serving((_request, response) => {
      response.writeHead(400);
      const block = "x".repeat(16_384);
      const pour = () => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once("drain", pour);
      };
      pour();
    });
    const result = await clientOf(base).update("id:1", { firstName: "A" });
    expect(result).toMatchObject({ kind: "invalid", status: 400 });
  });
});

import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { complaint } from "../../../test/helpers/documented.ts";
import { createDryRelay } from "../../commands/dry-relay.ts";
import { announcements } from "../../providers/registry.ts";
import { httpApp } from "../app.ts";
import { openApiDocument } from "./document.ts";

const document = openApiDocument("1.2.3");
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

type Options = Parameters<typeof httpApp>[0];

/** Nothing is asked of it but its routes. */
function routes(webhooks: Options["webhooks"]) {
  const options = { health: {}, admin: {}, desks: [{ store: {} }] } as unknown as Pick<
    Options,
    "health" | "admin" | "desks"
  >;
  return httpApp({ ...options, webhooks }).routes;
}

describe("the document", () => {
  it("is OpenAPI 3.1, by a validator of its own kind", async () => {
    const validator = new Validator();
    const result = await validator.validate({ ...structuredClone(document) });
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  it("holds every route that the app registers, and no other", () => {
    const app = routes({ announcements } as unknown as NonNullable<Options["webhooks"]>);
    const registered = new Set<string>();
    for (const { method, path } of app) {
      if (path.includes("*")) continue;
      const template = path.replaceAll(/:(\w+)/g, "{$1}");
      const methods = method === "ALL" ? Object.keys(document.paths[template] ?? {}) : [method];
      expect(methods, `nothing is said of ${path}`).not.toEqual([]);
      for (const one of methods) registered.add(`${one.toUpperCase()} ${template}`);
    }
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...registered].sort()).toEqual(described.sort());
  });

  it("names every operation once, describes every answer and every parameter", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const { responses, parameters = [] } = operation;
      for (const { description } of Object.values(responses)) expect(description).toMatch(/\w/);
      const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      for (const { description } of parameters) expect(description).toMatch(/\w/);
    }
  });

  it("closes every object of an answer, and points only to what is there", () => {
    const text = JSON.stringify(document);
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name);
    }
    const { PreviewQuestion: _, ...answers } = document.components.schemas;
    for (const [name, schema] of Object.entries(answers)) {
      const open = [...JSON.stringify(schema).matchAll(/"type":"object"/g)].length;
      const closed = [...JSON.stringify(schema).matchAll(/"additionalProperties":/g)].length;
      expect([name, closed]).toEqual([name, open]);
    }
  });

  it("says the same limits, defaults and choices that requests are read with", () => {
    const parameters = document.paths["/admin/events"]?.["get"]?.parameters ?? [];
    const schemaOf = (asked: string) => parameters.find(({ name }) => name === asked)?.schema;
    expect(schemaOf("limit")).toMatchObject({ type: "integer", minimum: 1, default: 50 });
    expect(schemaOf("state")).toMatchObject({
      enum: ["waiting", "active", "delayed", "failed", "completed"],
    });
    expect(schemaOf("contact")).toEqual({ $ref: "#/components/schemas/ContactRef" });
    expect(document.components.schemas["PreviewQuestion"]).toMatchObject({
      anyOf: [{ required: ["source", "payload"] }, { required: ["event"] }],
    });
  });
});

describe("GET /openapi.json", () => {
  it("answers it to anybody, without a token", async () => {
    const relay = createDryRelay([], () => 0, 1_000);
    const response = await relay.fetch(new Request("http://relay.example/openapi.json"));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument("dry"))));
  });

  it("is there in a process that takes no webhooks too", () => {
    expect(routes(undefined)).toContainEqual(
      expect.objectContaining({ method: "GET", path: "/openapi.json" }),
    );
  });
});

describe("what a test holds an answer against", () => {
  const answered = (status: number, body: unknown, contentType = "application/json") => ({
    status,
    contentType,
    text: typeof body === "string" ? body : JSON.stringify(body),
  });
  const error = { error: { code: "not-found", message: "Nothing." } };

  it.each([
    ["GET", "/healthz", answered(200, { status: "ok" })],
    ["HEAD", "/healthz", answered(200, "")],
    ["GET", "/admin/nonsense", answered(404, error)],
    ["PUT", "/webhooks/form", answered(405, { error: { code: "method-not-allowed", message: "Post." } })],
    ["POST", "/webhooks/events", { status: 200, contentType: null, text: "" }],
    ["POST", "/admin/failures/retry", answered(200, { status: "retried", retried: 2 })],
  ])("%s %s: what is right passes", (method, path, received) => {
    expect(complaint(method, path, received)).toBeUndefined();
  });

  it.each([
    ["a field too many", "/healthz", answered(200, { status: "ok", more: 1 }), /must NOT have additional/],
    ["a field that is missing", "/admin/failures", answered(200, { items: [] }), /required property 'next'/],
    ["another status", "/healthz", answered(201, { status: "ok" }), /GET \/healthz answered 201, which/],
    ["another content type", "/healthz", answered(200, "ok", "text/plain"), /as text\/plain/],
    ["nothing at all", "/healthz", { status: 200, contentType: null, text: "" }, /as nothing/],
    [
      "a code that is none",
      "/admin/x",
      answered(404, { error: { code: "x", message: "" } }),
      /allowed values/,
    ],
    ["an error that is not one", "/admin/events/evt_1", answered(404, { message: "no" }), /property 'error'/],
    ["a time that is none", "/admin/failures/x", answered(200, { ...failure(), at: "now" }), /date-time/],
  ])("%s is found", (_what, path, received, message) => {
    expect(complaint("GET", path, received)).toMatch(message);
  });

  function failure() {
    return {
      id: "dlv_1.0",
      kind: "delivery",
      reason: "rejected",
      at: "2026-01-31T08:00:00.000Z",
      attempts: 1,
    };
  }
});

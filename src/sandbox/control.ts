import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { customFieldsSchema } from "./custom-fields.ts";
import { faultSchema } from "./faults.ts";
import { readJson } from "./request-body.ts";
import type { Managed, Sandbox } from "./contract.ts";
import { readIdentifier } from "./validate.ts";
import { webhookSchema } from "./webhooks.ts";
import { workspaceChange } from "./workspace.ts";

const requestsShown = 100;

type Controlled = Omit<Sandbox, "url" | "port" | "close">;
type Answered = readonly [status: number, body: unknown];

interface Asked {
  readonly body: unknown;
  readonly query: URLSearchParams;
  /** What stands after `contacts/` in the path. */
  readonly ref: string;
}

/** `/_sandbox/…`: what it holds, what it was asked, which faults are on, and what people do in the workspace. */
export async function handleControl(
  request: IncomingMessage,
  response: ServerResponse,
  sandbox: Controlled,
): Promise<void> {
  const [status, body] = await answerTo(request, sandbox);
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function answerTo(request: IncomingMessage, sandbox: Controlled): Promise<Answered> {
  if (!isLoopback(request.socket.remoteAddress)) {
    return refused(403, "The control API is for this machine only");
  }
  const [path = "", query] = (request.url ?? "").split("?", 2);
  const place = path === "/_sandbox" ? "/" : path.startsWith("/_sandbox/") ? path.slice(9) : "";
  const [, ref] = /^\/contacts\/([^/]+)$/.exec(place) ?? [];
  const route = ref === undefined ? place : "/contacts/:ref";
  const handler = handlers.get(`${request.method ?? ""} ${route}`);
  if (!handler) return refused(404, "Not found");
  const body = request.method === "POST" ? await readJson(request) : undefined;
  return handler(sandbox, { body, query: new URLSearchParams(query), ref: ref ?? "" });
}

const contactText = z.string().min(1).max(1_000);
const mergeSchema = z.strictObject({ contacts: z.tuple([contactText, contactText]) });
const splitSchema = z.strictObject({ contact: contactText });

/** Shown to whoever sends custom fields that are none. */
const customFieldsExample = {
  fields: { Plan: { type: "list", options: ["free", "pro"], slug: "plan" }, Score: { type: "number" } },
  shape: "items",
  reading: "allowed",
};

const handlers = new Map<string, (sandbox: Controlled, asked: Asked) => Answered>([
  ["GET /", () => [200, { routes }]],
  ["GET /contacts", (sandbox) => [200, sandbox.contacts()]],
  ["POST /contacts", (sandbox, { body }) => managed(sandbox.create(body))],
  [
    "GET /contacts/:ref",
    (sandbox, { ref }) => {
      const known = readIdentifier(ref);
      const found = known && sandbox.contact(known);
      return found ? [200, found] : refused(404, "Contact not found!");
    },
  ],
  ["DELETE /contacts/:ref", (sandbox, { ref }) => managed(sandbox.remove(readIdentifier(ref) ?? ref))],
  [
    "POST /merge",
    (sandbox, { body }) => {
      const merge = mergeSchema.safeParse(body);
      return merge.success
        ? managed(sandbox.merge(...merge.data.contacts))
        : refused(400, 'Name two contacts: {"contacts":["id:1","id:2"]}');
    },
  ],
  [
    "POST /split",
    (sandbox, { body }) => {
      const split = splitSchema.safeParse(body);
      return split.success
        ? managed(sandbox.split(split.data.contact))
        : refused(400, 'Name what is split off: {"contact":"email:ada@example.com"}');
    },
  ],
  ["GET /custom_fields", (sandbox) => [200, sandbox.customFields()]],
  [
    "POST /custom_fields",
    (sandbox, { body }) => {
      const settings = customFieldsSchema.safeParse(body);
      if (!settings.success) {
        return refused(400, "These are no custom fields.", { example: customFieldsExample });
      }
      sandbox.setCustomFields(settings.data);
      return [200, sandbox.customFields()];
    },
  ],
  ["GET /workspace", (sandbox) => [200, sandbox.workspace()]],
  [
    "POST /workspace",
    (sandbox, { body }) => {
      const change = workspaceChange.safeParse(body);
      if (!change.success) return refused(400, "There is no such switch, or no such position.", { switches });
      sandbox.setWorkspace(change.data);
      return [200, sandbox.workspace()];
    },
  ],
  ["GET /webhook", (sandbox) => [200, sandbox.webhook()]],
  [
    "POST /webhook",
    (sandbox, { body }) => {
      const webhook = webhookSchema.safeParse(body);
      if (!webhook.success) {
        const example = '{"url":"http://127.0.0.1:3000/webhooks/aelyst","key":"s3cret"}';
        return refused(400, `Name an address and a key: ${example}`);
      }
      sandbox.setWebhook(webhook.data);
      return [200, sandbox.webhook()];
    },
  ],
  [
    "DELETE /webhook",
    (sandbox) => {
      sandbox.setWebhook(undefined);
      return [200, sandbox.webhook()];
    },
  ],
  [
    "GET /requests",
    (sandbox, { query }) => {
      const limit = Math.max(1, Number(query.get("limit")) || requestsShown);
      return [200, sandbox.requests().slice(-limit)];
    },
  ],
  ["GET /faults", (sandbox) => [200, sandbox.faults()]],
  [
    "POST /faults",
    (sandbox, { body }) => {
      const fault = faultSchema.safeParse(body);
      if (!fault.success) return refused(400, "There is no such fault.", { faults });
      sandbox.fault(fault.data);
      return [200, sandbox.faults()];
    },
  ],
  [
    "DELETE /faults",
    (sandbox) => {
      sandbox.clearFaults();
      return [200, []];
    },
  ],
  [
    "POST /reset",
    (sandbox) => {
      sandbox.reset();
      return [200, { status: "reset" }];
    },
  ],
]);

const routes = [
  "contacts",
  "contacts/:ref",
  "merge",
  "split",
  "requests",
  "custom_fields",
  "faults",
  "workspace",
  "webhook",
  "reset",
];

function refused(code: number, message: string, more: object = {}): Answered {
  return [code, { code, message, ...more }];
}

function managed(done: Managed): Answered {
  return done.ok ? [200, done.contact ?? { status: "deleted" }] : refused(done.status, done.message);
}

/** Shown to whoever sends a switch that is none. */
const switches = [
  { unknownContact: "create" },
  { unknownContact: "404" },
  { unknownContact: "400" },
  { duplicates: "allow" },
  { duplicates: "refuse" },
  { creationMs: 2_000 },
  { unseenMs: 500 },
];

/** Shown to whoever sends a fault that is none. */
const faults = [
  { status: 500, times: 3 },
  { status: 429, retryAfter: "2", times: 1 },
  { status: 503, probability: 0.1, seed: 1 },
  { busy: "phone:+60123456789", times: 2 },
  { busy: "email:ada@example.com", forMs: 5_000 },
  { latencyMs: 200 },
  { status: 302, location: "https://example.com/" },
  { hang: true, times: 1 },
  { drop: "after", times: 1 },
  { unauthorized: true },
  { status: 500, contact: "id:1" },
  { firewall: "<script>" },
  { contactRate: 5 },
  { rate: 5, limiter: "token-bucket" },
];

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === "::1" || /^(?:::ffff:)?127\./.test(address));
}

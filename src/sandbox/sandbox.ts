import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { failure, firewallPage, injected, limitHeaders, success, type Answer } from "./answers.ts";
import { createContacts } from "./contacts.ts";
import type { Sandbox, SandboxRequest } from "./contract.ts";
import { handleControl } from "./control.ts";
import { createSandboxFields, type CustomFieldsSettings } from "./custom-fields.ts";
import { createFaults, type Fate, type Fault } from "./faults.ts";
import { createInFlight } from "./in-flight.ts";
import { createManagement } from "./manage.ts";
import { createOperations, type Carried } from "./operations.ts";
import { createLimiter, type Allowance, type Limiter, type LimiterKind } from "./rate-limit.ts";
import { readJson, saysJson } from "./request-body.ts";
import { seededRandom } from "./seeded-random.ts";
import { identifierOf, readIdentifier, validateBody, type WorkspaceRules } from "./validate.ts";
import { createWebhooks, type Webhook } from "./webhooks.ts";
import { changedWorkspace, usualWorkspace, type WorkspaceChange } from "./workspace.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

export interface SandboxOptions extends WorkspaceChange {
  /** 0 for any free one. */
  readonly port?: number;
  /** The loopback interface by default. */
  readonly host?: string;
  /** Undefined: any bearer token is accepted. */
  readonly token?: string;
  /** Requests per second; 0 for no limit, 10 by default. */
  readonly ratePerSecond?: number;
  readonly limiter?: LimiterKind;
  /** Before every answer. */
  readonly latencyMs?: number;
  readonly customFields?: WorkspaceRules["customFields"];
  /** How they are told, and whether they are. */
  readonly fieldsShape?: CustomFieldsSettings["shape"];
  readonly fieldsReading?: CustomFieldsSettings["reading"];
  readonly requireFirstName?: boolean;
  /** Told what becomes of contacts; nobody by default. */
  readonly webhook?: Webhook;
  readonly clock?: () => number;
  /** Decides about faults with a probability; the same sequence every time by default. */
  readonly random?: () => number;
}

export type { Sandbox } from "./contract.ts";

const requestsMax = 100_000;

/** The API's contract as a strict local server, with faults that can be switched on. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? Date.now;
  const inFlight = createInFlight();
  const contacts = createContacts(inFlight.most, clock);
  const faults = createFaults(
    options.random ?? seededRandom(1),
    (a, b) => a === b || (contacts.find(a)?.id ?? -1) === contacts.find(b)?.id,
  );
  const fields = createSandboxFields({
    fields: copyOf(options.customFields),
    shape: options.fieldsShape,
    reading: options.fieldsReading,
  });
  const rules: WorkspaceRules = {
    get customFields() {
      return fields.rules();
    },
    requireFirstName: options.requireFirstName ?? false,
  };
  const startRate = options.ratePerSecond ?? 10;
  const startLimiter = options.limiter ?? "fixed-window";
  const startedAt = clock();
  const startWorkspace = changedWorkspace(usualWorkspace, changeIn(options));
  let workspace = startWorkspace;
  const operations = createOperations(contacts, () => workspace);
  const webhooks = createWebhooks(clock, startedAt);
  webhooks.configure(options.webhook);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  let limiter = createLimiter(startLimiter, startRate);
  let rateFault: Extract<Fault, { rate: number }> | undefined;
  let contactRate = 0;
  let contactLimiters = new Map<string, Limiter>();
  let requests: SandboxRequest[] = [];

  function remember(request: SandboxRequest): void {
    requests.push(request);
    if (requests.length > requestsMax * 1.1) requests = requests.slice(-requestsMax);
  }

  function limitContacts(rate: number): void {
    contactRate = rate;
    contactLimiters = new Map();
  }

  function allowanceOf(method: string, contact: ContactRef | undefined, at: number): Allowance | undefined {
    if (contactRate === 0 || contact === undefined) return undefined;
    const key = `${method} ${contact}`;
    const limiter = contactLimiters.get(key) ?? createLimiter("sliding-window", contactRate);
    contactLimiters.set(key, limiter);
    return limiter(at);
  }

  /** What is decided as a request arrives, before its body: who it is from, the rate, and its fate. */
  function admit(request: IncomingMessage, contact: ContactRef | undefined, at: number): Admission {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    const known = bearer !== undefined && (options.token === undefined || bearer === options.token);
    if (!known || faults.revokesToken(at)) return { at, fate: { kind: "none" }, refusal: failure(401, {}) };
    const allowance = limiter(at);
    const headers = limitHeaders(allowance);
    if (!allowance.allowed) return { at, fate: { kind: "none" }, refusal: failure(429, headers) };
    const own = allowanceOf(request.method ?? "", contact, at);
    if (own?.allowed === false) {
      return { at, fate: { kind: "none" }, refusal: failure(429, limitHeaders(own)) };
    }
    return { at, fate: faults.decide(contact, at), headers };
  }

  /** The neighbour of the contacts: which custom fields there are. */
  function tellFields(request: IncomingMessage, { fate, headers }: Admitted): Answer {
    if (fate.kind === "status") return injected(fate, headers);
    if (request.method !== "GET") return failure(404, headers, "Not found");
    const origin = `http://${request.headers.host ?? "127.0.0.1"}`;
    return fields.answer(new URL(request.url ?? "/", origin), headers);
  }

  /** What the API's page says of a request that was let in. */
  function carryOut(
    request: IncomingMessage,
    call: Call | undefined,
    contact: ContactRef | undefined,
    body: unknown,
    { fate, headers, at }: Admitted,
  ): Answer {
    if (call === undefined) return failure(404, headers, "Not found");
    if (fate.kind === "status") return injected(fate, headers);
    if (contact === undefined || !saysJson(request)) return failure(400, headers);
    const validated = validateBody(body, rules);
    if (!validated.ok) return failure(400, headers, validated.message);
    if (fate.kind === "busy") return failure(449, headers);
    return answerOf(operations[call](contact, validated, at), headers);
  }

  function answerOf(carried: Carried, headers: Admitted["headers"]): Answer {
    if (carried.kind === "refused") return failure(carried.status, headers, carried.message);
    const { contactId, created } = carried;
    const held = contacts.find(`id:${contactId}`);
    if (held) webhooks.tell(created ? "contact.created" : "contact.updated", held);
    return success(contactId, headers);
  }

  async function handleApi(
    request: IncomingMessage,
    response: ServerResponse,
    { call, segment }: Addressed,
  ): Promise<void> {
    const at = clock();
    const contact = segment === undefined ? undefined : readIdentifier(segment);
    const { count, leave } = inFlight.arrive(contact ?? segment ?? "");
    response.once("close", leave);
    const [method, path] = [request.method ?? "", request.url ?? ""];
    const entry = {
      at,
      sinceMs: at - startedAt,
      method,
      path,
      contact,
      inFlight: count,
      ...traceHeaders(request),
    };
    const remembered: { status: number; body: unknown } & SandboxRequest = {
      ...entry,
      status: 0,
      body: undefined,
    };
    remember(remembered);
    const admission = admit(request, contact, at);
    const latencyMs = (options.latencyMs ?? 0) + faults.latencyMs(at);
    remembered.body = await readJson(request);
    if (latencyMs > 0) await wait(latencyMs, undefined, { signal: closing.signal });
    const { kind } = admission.fate;
    if (kind === "hang") return;
    if (kind === "drop-before") return void response.destroy();
    const answer = faults.blocks(remembered.body, at)
      ? firewallPage()
      : (admission.refusal ??
        (call === "fields"
          ? tellFields(request, admission)
          : carryOut(request, call, contact, remembered.body, admission)));
    if (kind === "drop-after") return void response.destroy();
    remembered.status = answer.status;
    leave();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const sandbox = {
    ...createManagement(contacts, rules, webhooks),
    contacts: () => contacts.all(),
    contact(ref: string) {
      const known = identifierOf(ref);
      return known && contacts.find(known);
    },
    requests: () => requests.slice(-requestsMax),
    customFields: () => fields.settings(),
    setCustomFields: (settings: CustomFieldsSettings) => fields.set(settings),
    fault(fault: Fault) {
      if ("contactRate" in fault) return limitContacts(fault.contactRate);
      if (!("rate" in fault)) return faults.add(fault, clock());
      rateFault = fault;
      limiter = createLimiter(fault.limiter ?? startLimiter, fault.rate);
    },
    faults: () => [
      ...faults.list(clock()),
      ...(rateFault ? [{ ...rateFault, left: null }] : []),
      ...(contactRate > 0 ? [{ contactRate, left: null }] : []),
    ],
    clearFaults() {
      faults.clear();
      rateFault = undefined;
      limitContacts(0);
      limiter = createLimiter(startLimiter, startRate);
    },
    workspace: () => workspace,
    setWorkspace(change: WorkspaceChange) {
      workspace = changedWorkspace(workspace, change);
    },
    webhook: () => webhooks.state(),
    setWebhook: (webhook: Webhook | undefined) => webhooks.configure(webhook),
    reset() {
      contacts.clear();
      operations.forget();
      workspace = startWorkspace;
      inFlight.forget();
      fields.reset();
      requests = [];
      sandbox.clearFaults();
    },
  };

  const server = createServer((request, response) => {
    const addressed = addressedBy(request);
    const handled =
      addressed === undefined
        ? handleControl(request, response, sandbox)
        : handleApi(request, response, addressed);
    handled.catch(() => response.destroy());
  });
  const host = options.host ?? "127.0.0.1";
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  return {
    ...sandbox,
    port,
    url: `http://${reachable(host)}:${port}/v1`,
    async close() {
      closing.abort();
      webhooks.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

type Call = "update" | "createOrUpdate";

/** A request for a contact, or for the custom fields; `call` is undefined where the API has none by this method. */
type Addressed =
  | { readonly call: Call | undefined; readonly segment: string }
  | { readonly call: "fields"; readonly segment: undefined };

function addressedBy({ method, url = "" }: IncomingMessage): Addressed | undefined {
  const [path = ""] = url.split("?", 1);
  const [, created, segment] = /^(?:\/v1)?\/contact\/(create_or_update\/)?([^/]+)$/.exec(path) ?? [];
  if (/^(?:\/v1)?\/space\/custom_field$/.test(path)) return { call: "fields", segment: undefined };
  if (segment === undefined) return undefined;
  if (created === undefined) return { call: method === "PUT" ? "update" : undefined, segment };
  return { call: method === "POST" ? "createOrUpdate" : undefined, segment };
}

function changeIn({ unknownContact, duplicates, creationMs, unseenMs }: SandboxOptions): WorkspaceChange {
  return {
    ...(unknownContact && { unknownContact }),
    ...(duplicates && { duplicates }),
    ...(creationMs !== undefined && { creationMs }),
    ...(unseenMs !== undefined && { unseenMs }),
  };
}

interface Admitted {
  readonly at: number;
  readonly fate: Fate;
  readonly refusal?: undefined;
  /** Those of the rate limit. */
  readonly headers: Readonly<Record<string, string>>;
}

type Admission = Admitted | { readonly at: number; readonly fate: Fate; readonly refusal: Answer };

function copyOf(fields: WorkspaceRules["customFields"]): CustomFieldsSettings["fields"] {
  if (fields === undefined) return null;
  return Object.fromEntries(
    Object.entries(fields).map(([name, { type, options, slug }]) => [
      name,
      { type, slug, options: options && [...options] },
    ]),
  );
}

/** Where to reach a server that listens on `host` from this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function traceHeaders({ headers }: IncomingMessage): Pick<SandboxRequest, "traceparent" | "tracestate"> {
  const text = (name: string) => [headers[name] ?? []].flat().join(", ");
  const [traceparent, tracestate] = [text("traceparent"), text("tracestate")];
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
}

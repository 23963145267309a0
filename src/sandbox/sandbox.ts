import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createContacts, type SandboxContact } from "./contacts.ts";
import { handleControl } from "./control.ts";
import { createFaults, type Fate, type Fault } from "./faults.ts";
import { readJson } from "./request-body.ts";
import { createLimiter, type Allowance, type LimiterKind } from "./rate-limit.ts";
import { readIdentifier, validateBody, type WorkspaceRules } from "./validate.ts";

export interface SandboxOptions {
  /** 0 for any free one. */
  readonly port?: number;
  /** Undefined: any bearer token is accepted. */
  readonly token?: string;
  /** Requests per second; 0 for no limit, 10 by default. */
  readonly ratePerSecond?: number;
  readonly limiter?: LimiterKind;
  readonly customFields?: WorkspaceRules["customFields"];
  readonly requireFirstName?: boolean;
  /** A contact nobody has named before is created, or answered 404. */
  readonly unknownContact?: "create" | "404";
  readonly clock?: () => number;
  readonly random?: () => number;
}

/** One request, as it is remembered. */
export interface SandboxRequest {
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly contact: string | undefined;
  /** 0 when the connection was dropped or left hanging. */
  readonly status: number;
  readonly body: unknown;
  /** How many requests for this contact were being answered when it arrived, itself included. */
  readonly inFlight: number;
}

export interface Sandbox {
  /** For `AELYST_API_URL`. */
  readonly url: string;
  readonly port: number;
  contacts(): SandboxContact[];
  contact(ref: ContactRef): SandboxContact | undefined;
  /** The latest 100 000, oldest first. */
  requests(): readonly SandboxRequest[];
  fault(fault: Fault): void;
  faults(): (Fault & { left: number | null })[];
  clearFaults(): void;
  /** Forgets contacts, requests and faults. */
  reset(): void;
  close(): Promise<void>;
}

const requestsMax = 100_000;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API's contract as a strict local server on the loopback interface, with faults that can be switched on. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? Date.now;
  const contacts = createContacts();
  const faults = createFaults(options.random ?? Math.random);
  const rules: WorkspaceRules = {
    customFields: options.customFields,
    requireFirstName: options.requireFirstName ?? false,
  };
  const startRate = options.ratePerSecond ?? 10;
  const startLimiter = options.limiter ?? "fixed-window";
  let limiter = createLimiter(startLimiter, startRate);
  let requests: SandboxRequest[] = [];
  const inFlight = new Map<string, number>();

  async function handleContact(request: IncomingMessage, response: ServerResponse, segment: string) {
    const at = clock();
    const contact = readIdentifier(segment);
    const running = contact === undefined ? 1 : (inFlight.get(contact) ?? 0) + 1;
    if (contact !== undefined) inFlight.set(contact, running);
    let body: unknown;
    let status = 0;
    try {
      body = await readJson(request);
      const fate = faults.decide(contact, at);
      if (fate.latencyMs > 0) await wait(fate.latencyMs);
      if (fate.hang) return;
      if (fate.drop === "before") return void response.destroy();
      const answer = decide(request, contact, body, fate, at);
      if (fate.drop === "after") return void response.destroy();
      status = answer.status;
      response.writeHead(status, { "Content-Type": "application/json", ...answer.headers }).end(answer.body);
    } finally {
      if (contact !== undefined) inFlight.set(contact, (inFlight.get(contact) ?? 1) - 1);
      requests.push({
        at,
        method: request.method ?? "",
        path: request.url ?? "",
        contact,
        status,
        body,
        inFlight: running,
      });
      if (requests.length > requestsMax) requests = requests.slice(-requestsMax / 2);
    }
  }

  /** What the API's page says, in the order in which such an API looks at a request. */
  function decide(
    request: IncomingMessage,
    contact: ContactRef | undefined,
    body: unknown,
    fate: Fate,
    at: number,
  ): Answer {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    const authorized = bearer !== undefined && (options.token === undefined || bearer === options.token);
    if (!authorized || fate.unauthorized) return failure(401, "UN_AUTHORIZED");
    const allowance = limiter(at);
    const headers = limitHeaders(allowance);
    if (!allowance.allowed) return failure(429, "Too Many Requests", headers);
    if (request.method !== "PUT") return failure(404, "Not found", headers);
    if (fate.status) return injected(fate.status, headers);
    if (contact === undefined) return failure(400, "Validation error.", headers);
    const validated = validateBody(body, rules);
    if (!validated.ok) return failure(400, validated.message, headers);
    if (fate.busy) return failure(449, busyMessage, headers);
    if (options.unknownContact === "404" && !contacts.find(contact)) {
      return failure(404, "Contact not found!", headers);
    }
    const contactId = contacts.apply(contact, validated.core, validated.custom);
    return { status: 200, body: JSON.stringify({ contactId }), headers };
  }

  function addFault(fault: Fault): void {
    if ("rate" in fault) limiter = createLimiter(fault.limiter ?? startLimiter, fault.rate);
    else faults.add(fault, clock());
  }

  function clearFaults(): void {
    faults.clear();
    limiter = createLimiter(startLimiter, startRate);
  }

  const sandbox = {
    contacts: () => contacts.all(),
    contact: (ref: ContactRef) => contacts.find(ref),
    requests: () => requests,
    fault: addFault,
    faults: () => faults.list(),
    clearFaults,
    reset() {
      contacts.clear();
      requests = [];
      clearFaults();
    },
  };

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://sandbox").pathname;
    const segment = /^(?:\/v1)?\/contact\/([^/]+)$/.exec(path)?.[1];
    const handled =
      segment === undefined
        ? handleControl(request, response, sandbox)
        : handleContact(request, response, segment);
    handled.catch(() => response.destroy());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  return {
    ...sandbox,
    port,
    url: `http://127.0.0.1:${port}/v1`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const busyMessage =
  "Your request cannot be processed at the moment as it is currently in queue. Please try again in a few minutes.";

function failure(code: number, message: string, headers: Record<string, string> = {}): Answer {
  return { status: code, body: JSON.stringify({ code, message }), headers };
}

function injected(status: NonNullable<Fate["status"]>, headers: Record<string, string>): Answer {
  const message = status.code >= 500 ? "Unexpected error occurred" : "Too Many Requests";
  const retryAfter = status.retryAfter === undefined ? {} : { "Retry-After": status.retryAfter };
  return {
    status: status.code,
    body: status.body ?? JSON.stringify({ code: status.code, message }),
    headers: { ...headers, ...retryAfter },
  };
}

function limitHeaders(allowance: Allowance): Record<string, string> {
  if (allowance.limit === 0) return {};
  return {
    "X-RateLimit-Limit": String(allowance.limit),
    "X-RateLimit-Remaining": String(allowance.remaining),
    ...(allowance.allowed
      ? {}
      : { "Retry-After": String(Math.max(1, Math.ceil(allowance.retryAfterMs / 1_000))) }),
  };
}

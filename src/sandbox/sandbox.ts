import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { failure, firewallPage, injected, limitHeaders, success, type Answer } from "./answers.ts";
import { createContacts } from "./contacts.ts";
import type { Sandbox, SandboxRequest } from "./contract.ts";
import { handleControl } from "./control.ts";
import { createFaults, type Fate, type Fault } from "./faults.ts";
import { createInFlight } from "./in-flight.ts";
import { createLimiter, type Allowance, type Limiter, type LimiterKind } from "./rate-limit.ts";
import { readJson, saysJson } from "./request-body.ts";
import { seededRandom } from "./seeded-random.ts";
import { identifierOf, readIdentifier, validateBody, type WorkspaceRules } from "./validate.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

export interface SandboxOptions {
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
  readonly requireFirstName?: boolean;
  /** A contact nobody has named before is created, or answered 404. */
  readonly unknownContact?: "create" | "404";
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
  const contacts = createContacts(inFlight.most);
  const faults = createFaults(
    options.random ?? seededRandom(1),
    (a, b) => a === b || (contacts.find(a)?.id ?? -1) === contacts.find(b)?.id,
  );
  const rules: WorkspaceRules = {
    customFields: options.customFields,
    requireFirstName: options.requireFirstName ?? false,
  };
  const startRate = options.ratePerSecond ?? 10;
  const startLimiter = options.limiter ?? "fixed-window";
  const startedAt = clock();
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

  function allowanceOf(contact: ContactRef | undefined, at: number): Allowance | undefined {
    if (contactRate === 0 || contact === undefined) return undefined;
    const limiter = contactLimiters.get(contact) ?? createLimiter("sliding-window", contactRate);
    contactLimiters.set(contact, limiter);
    return limiter(at);
  }

  /** What is decided as a request arrives, before its body: who it is from, the rate, and its fate. */
  function admit(request: IncomingMessage, contact: ContactRef | undefined, at: number): Admission {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    const known = bearer !== undefined && (options.token === undefined || bearer === options.token);
    if (!known || faults.revokesToken(at)) return { fate: { kind: "none" }, refusal: failure(401, {}) };
    const allowance = limiter(at);
    const headers = limitHeaders(allowance);
    if (!allowance.allowed) return { fate: { kind: "none" }, refusal: failure(429, headers) };
    const own = allowanceOf(contact, at);
    if (own?.allowed === false) {
      return { fate: { kind: "none" }, refusal: failure(429, limitHeaders(own)) };
    }
    return { fate: faults.decide(contact, at), headers };
  }

  /** What the API's page says of a request that was let in. */
  function carryOut(
    request: IncomingMessage,
    contact: ContactRef | undefined,
    body: unknown,
    { fate, headers }: Admitted,
  ): Answer {
    if (request.method !== "PUT") return failure(404, headers, "Not found");
    if (fate.kind === "status") return injected(fate, headers);
    if (contact === undefined || !saysJson(request)) return failure(400, headers);
    const validated = validateBody(body, rules);
    if (!validated.ok) return failure(400, headers, validated.message);
    if (fate.kind === "busy") return failure(449, headers);
    if (options.unknownContact === "404" && !contacts.find(contact)) return failure(404, headers);
    return success(contacts.apply(contact, validated.core, validated.custom), headers);
  }

  async function handleContact(
    request: IncomingMessage,
    response: ServerResponse,
    segment: string,
  ): Promise<void> {
    const at = clock();
    const contact = readIdentifier(segment);
    const { count, leave } = inFlight.arrive(contact ?? segment);
    response.once("close", leave);
    const [method, path] = [request.method ?? "", request.url ?? ""];
    const entry = { at, sinceMs: at - startedAt, method, path, contact, inFlight: count };
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
      : (admission.refusal ?? carryOut(request, contact, remembered.body, admission));
    if (kind === "drop-after") return void response.destroy();
    remembered.status = answer.status;
    leave();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const sandbox = {
    contacts: () => contacts.all(),
    contact(ref: string) {
      const known = identifierOf(ref);
      return known && contacts.find(known);
    },
    requests: () => requests.slice(-requestsMax),
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
    reset() {
      contacts.clear();
      inFlight.forget();
      requests = [];
      sandbox.clearFaults();
    },
  };

  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const segment = /^(?:\/v1)?\/contact\/([^/]+)$/.exec(path)?.[1];
    const handled =
      segment === undefined
        ? handleControl(request, response, sandbox)
        : handleContact(request, response, segment);
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
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Admitted {
  readonly fate: Fate;
  readonly refusal?: undefined;
  /** Those of the rate limit. */
  readonly headers: Readonly<Record<string, string>>;
}

type Admission = Admitted | { readonly fate: Fate; readonly refusal: Answer };

/** Where to reach a server that listens on `host` from this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

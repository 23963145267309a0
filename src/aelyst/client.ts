import type { Dispatcher } from "undici";
import { contactBody, type ContactPatch } from "../contact/contact-patch.ts";
import { contactPath, type ContactRef } from "../contact/contact-ref.ts";
import type { TraceContext } from "../contact/trace-context.ts";
import { exchange, type Answer } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import { clean, noBody, readBody, words, type AnswerBody } from "./answer.ts";
import type { ApiResult } from "./result.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Where requests go, and as whom. */
export interface Destination {
  /** Requests go to `<baseUrl>/contact/<identifier>`. */
  readonly baseUrl: string;
  readonly token: string;
  /** For the whole answer, body included. */
  readonly timeoutMs: number;
}

export interface AelystClient {
  /** One `PUT /contact/{identifier}`, of this trace. Never rejects: whatever happens is a result. */
  update(
    contact: ContactRef,
    patch: ContactPatch,
    signal?: AbortSignal,
    trace?: TraceContext,
  ): Promise<ApiResult>;
  /**
   * One `POST /contact/create_or_update/{identifier}`, the vendor's documented neighbour: makes the contact unless the
   * identifier, or the phone or e-mail of the patch, is somebody's already.
   */
  create: AelystClient["update"];
  /** Aborts what is on the wire and refuses what comes later; resolves when nothing is left. */
  close(): Promise<void>;
}

interface Call {
  readonly method: "PUT" | "POST";
  /** Between `/contact/` and the identifier. */
  readonly path: string;
}

export function createAelystClient(
  destination: Destination,
  connections: Dispatcher,
  clock: () => number = Date.now,
): AelystClient {
  const { token, timeoutMs } = destination;
  const base = destination.baseUrl.replace(/\/+$/, "");
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    Accept: "application/json",
    "User-Agent": "contact-relay",
  };
  const running = new Map<AbortController, Promise<ApiResult>>();
  let closed = false;

  async function request(
    call: Call,
    contact: ContactRef,
    patch: ContactPatch,
    abort: AbortController,
    trace: TraceContext | undefined,
  ): Promise<ApiResult> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort.abort();
    }, timeoutMs);
    try {
      const url = new URL(`${base}/contact/${call.path}${contactPath(contact)}`);
      const body = JSON.stringify(contactBody(patch));
      const answer = await exchange(
        connections,
        { method: call.method, url, headers: { ...headers, ...trace }, body },
        abort.signal,
      );
      return resultOf(answer, await bodyOf(answer), url, clock(), token);
    } catch (error) {
      if (late) return unanswered("timeout", `no answer within ${timeoutMs} ms`);
      if (abort.signal.aborted) return unanswered("network", "aborted");
      const { reason, message } = failureOf(error);
      return unanswered(reason, clean(message, token));
    } finally {
      clearTimeout(timer);
    }
  }

  function caller(call: Call): AelystClient["update"] {
    return async (contact, patch, signal, trace) => {
      if (closed || signal?.aborted) return unanswered("network", "aborted");
      const abort = new AbortController();
      const onAbort = () => abort.abort();
      signal?.addEventListener("abort", onAbort);
      try {
        const result = request(call, contact, patch, abort, trace);
        running.set(abort, result);
        return await result;
      } finally {
        signal?.removeEventListener("abort", onAbort);
        running.delete(abort);
      }
    };
  }

  return {
    update: caller({ method: "PUT", path: "" }),
    create: caller({ method: "POST", path: "create_or_update/" }),
    async close() {
      closed = true;
      const results = [...running.values()];
      for (const abort of running.keys()) abort.abort();
      await Promise.all(results);
    },
  };
}

/** All but a 200 says what it means by its status: a body that is lost on the way takes nothing from it. */
async function bodyOf(answer: Answer): Promise<AnswerBody> {
  try {
    return await readBody(answer.body);
  } catch (error) {
    if (answer.status === 200) throw error;
    return noBody;
  }
}

function unanswered(reason: "network" | "timeout", message: string): ApiResult {
  return { kind: "unavailable", reason, status: undefined, message, retryAfterMs: undefined };
}

/** What an answer means, by its status: the only place that knows. */
function resultOf(answer: Answer, body: AnswerBody, url: URL, now: number, token: string): ApiResult {
  const { status, headers } = answer;
  const hintMs = retryAfterMs({
    header: headers["retry-after"] ?? null,
    dateHeader: headers["date"] ?? null,
    body: body.json,
    now,
  });
  if (status === 200) {
    const contactId = contactIdOf(body.json);
    if (contactId !== undefined) return { kind: "ok", status, contactId };
  }
  const said = words(body);
  if (status < 300) {
    const text = `HTTP ${status} without an integer contactId${said === undefined ? "" : `: ${said}`}`;
    const message = clean(text, token);
    return { kind: "unavailable", reason: "not-the-contract", status, message, retryAfterMs: hintMs };
  }
  if (status < 400) {
    const message = clean(redirectMessage(answer, url), token);
    return { kind: "unavailable", reason: "redirect", status, message, retryAfterMs: hintMs };
  }
  const message = clean(said ?? `HTTP ${status} ${answer.statusText}`, token);
  switch (status) {
    case 429:
      return {
        kind: "limited",
        status,
        retryAfterMs: hintMs,
        allowedRate: allowedRateOf(headers["x-ratelimit-limit"]),
      };
    case 449:
      return { kind: "busy", status, retryAfterMs: hintMs };
    case 401:
    case 403:
      return { kind: "unauthorized", status, message };
    case 400:
    case 409: {
      const contactId = contactIdOf(messageOf(body.json));
      if (contactId !== undefined) return { kind: "taken", status, message, contactId };
      if (status === 409) return { kind: "refused", status, message };
      return { kind: saysMissing(message) ? "not-found" : "invalid", status, message };
    }
    case 422:
      return { kind: "invalid", status, message };
    case 404:
      return { kind: "not-found", status, message };
    case 408:
    case 425:
      return { kind: "unavailable", reason: "status", status, message, retryAfterMs: hintMs };
  }
  if (status < 500) return { kind: "refused", status, message };
  return { kind: "unavailable", reason: "status", status, message, retryAfterMs: hintMs };
}

/** Seen: `{ code, message: { contactId, message: "… already connected to a contact" } }`. */
function messageOf(json: unknown): unknown {
  return typeof json === "object" && json !== null && "message" in json ? json.message : undefined;
}

/** About the contact itself: a custom field can be missing too, and is named first then. */
function saysMissing(message: string): boolean {
  return /^(?:no (?:such )?contact(?: (?:was )?found| exists| with\b|[.!]?$)|contact(?: with identifier \S+| \S+:\S+)? (?:was |is )?(?:not found|does(?: not|n't) exist))/i.test(
    message,
  );
}

/** Where to, by its origin only: the rest of the address may name a person. */
function redirectMessage({ status, headers }: Answer, url: URL): string {
  const location = headers["location"] ?? "";
  const target = URL.canParse(location, url.href) ? ` to ${new URL(location, url.href).origin}` : "";
  return `HTTP ${status}, a redirect${location === "" ? "" : target}, which is never followed`;
}

function contactIdOf(json: unknown): number | undefined {
  if (typeof json !== "object" || json === null || !("contactId" in json)) return undefined;
  return Number.isInteger(json.contactId) ? Number(json.contactId) : undefined;
}

function allowedRateOf(header: string | undefined): number | undefined {
  const limit = /^\d{1,9}$/.test(header ?? "") ? Number(header) : 0;
  return limit > 0 ? limit : undefined;
}

import { contactBody, type ContactPatch } from "../contact/contact-patch.ts";
import { contactPath, type ContactRef } from "../contact/contact-ref.ts";
import { errorMessage, failureMessage, parseBody, readBounded, type AnswerBody } from "./answer.ts";
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
  /** One `PUT /contact/{identifier}`. Never rejects: whatever happens is a result. */
  update(contact: ContactRef, patch: ContactPatch, signal?: AbortSignal): Promise<ApiResult>;
}

export function createAelystClient(destination: Destination, clock: () => number = Date.now): AelystClient {
  const base = destination.baseUrl.replace(/\/+$/, "");
  const headers = {
    Authorization: `Bearer ${destination.token}`,
    "Content-Type": "application/json",
    Accept: "application/json",
    "User-Agent": "contact-relay",
  };

  async function update(contact: ContactRef, patch: ContactPatch, stop?: AbortSignal): Promise<ApiResult> {
    const timeout = AbortSignal.timeout(destination.timeoutMs);
    try {
      const response = await fetch(`${base}/contact/${contactPath(contact)}`, {
        method: "PUT",
        headers,
        body: JSON.stringify(contactBody(patch)),
        redirect: "manual",
        signal: stop ? AbortSignal.any([timeout, stop]) : timeout,
      });
      const text = await readBounded(response);
      return resultOf(response, parseBody(text), clock(), destination.token);
    } catch (error) {
      const timedOut = timeout.aborted && !stop?.aborted;
      return {
        kind: "unavailable",
        reason: timedOut ? "timeout" : "network",
        status: undefined,
        message: timedOut ? `no answer within ${destination.timeoutMs} ms` : failureMessage(error),
        retryAfterMs: undefined,
      };
    }
  }

  return { update };
}

/** What an answer means, by its status: the only place that knows. */
function resultOf(response: Response, body: AnswerBody, now: number, token: string): ApiResult {
  const { status } = response;
  const hintMs = retryAfterMs({
    header: response.headers.get("retry-after"),
    dateHeader: response.headers.get("date"),
    body: body.json,
    now,
  });
  const message = errorMessage(status, body, token);
  if (status === 200) {
    const contactId = contactIdOf(body.json);
    if (contactId !== undefined) return { kind: "ok", status, contactId };
  }
  if (status < 300) {
    const text = "a success that is not the contract's";
    return { kind: "unavailable", reason: "not-the-contract", status, message: text, retryAfterMs: hintMs };
  }
  if (status < 400) {
    const text = "a redirect, which is never followed";
    return { kind: "unavailable", reason: "redirect", status, message: text, retryAfterMs: hintMs };
  }
  switch (status) {
    case 429:
      return { kind: "limited", status, retryAfterMs: hintMs };
    case 449:
      return { kind: "busy", status, retryAfterMs: hintMs };
    case 401:
    case 403:
      return { kind: "unauthorized", status, message };
    case 400:
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

function contactIdOf(json: unknown): number | undefined {
  if (typeof json !== "object" || json === null || !("contactId" in json)) return undefined;
  return Number.isInteger(json.contactId) ? Number(json.contactId) : undefined;
}

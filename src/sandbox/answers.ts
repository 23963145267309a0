import type { Fate } from "./faults.ts";
import type { RefusalMessage } from "./operations.ts";
import type { Allowance } from "./rate-limit.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The API's own words, from its page; those of 404 as integrators have seen them. */
const messages: Readonly<Record<number, string>> = {
  400: "Validation error.",
  401: "UN_AUTHORIZED",
  404: "Contact not found!",
  429: "Too Many Requests",
  449: "Your request cannot be processed at the moment as it is currently in queue. Please try again in a few minutes.",
};

function messageOf(status: number): string {
  return messages[status] ?? (status >= 500 ? "Unexpected error occurred" : `Injected ${status}`);
}

export function failure(
  code: number,
  headers: Readonly<Record<string, string>>,
  message: RefusalMessage = messageOf(code),
): Answer {
  return {
    status: code,
    body: JSON.stringify({ code, message }),
    headers: { "Content-Type": "application/json", ...headers },
  };
}

export function success(contactId: number, headers: Readonly<Record<string, string>>): Answer {
  return {
    status: 200,
    body: JSON.stringify({ contactId }),
    headers: { "Content-Type": "application/json", ...headers },
  };
}

/** What a fault wants answered; a body that begins like HTML is sent as that. */
export function injected(
  { fault }: Extract<Fate, { kind: "status" }>,
  headers: Readonly<Record<string, string>>,
): Answer {
  const usual = failure(fault.status, headers);
  const type = fault.body?.trimStart().startsWith("<") ? { "Content-Type": "text/html" } : {};
  const location = fault.location === undefined ? {} : { Location: fault.location };
  const retryAfter = fault.retryAfter === undefined ? {} : { "Retry-After": String(fault.retryAfter) };
  return {
    status: fault.status,
    body: fault.body ?? usual.body,
    headers: { ...usual.headers, ...type, ...location, ...retryAfter },
  };
}

/** What a firewall before the API answers: not the API's words, and not JSON. */
export function firewallPage(): Answer {
  return {
    status: 403,
    body: "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>",
    headers: { "Content-Type": "text/html" },
  };
}

/** The three headers of the API's page; the seconds of `Retry-After` are whole ones. */
export function limitHeaders({ allowed, limit, remaining, retryAfterMs }: Allowance): Record<string, string> {
  if (limit === 0) return {};
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return {
    "X-RateLimit-Limit": String(limit),
    "X-RateLimit-Remaining": String(remaining),
    ...(allowed ? {} : { "Retry-After": String(seconds) }),
  };
}

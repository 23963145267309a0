import { at, isList, isObject, parseJson } from "../body.ts";
import type { Completion, JsonObject, JsonValue, LookupAnswer } from "../provider.ts";

/** What an answer of the Graph API comes to. Meta's own texts stay out of the messages: they quote the token. */
export type GraphAnswer =
  | { kind: "object"; value: JsonObject }
  | Extract<Completion, { kind: "later" }>
  /** The token is good, but not for this. `error` is the code. */
  | { kind: "not-permitted"; error: string }
  | { kind: "refused"; message: string };

const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** How long to leave the API alone. */
export const retryMs = {
  unreachable: 30 * secondMs,
  trouble: 30 * secondMs,
  unreadable: 5 * minuteMs,
  /** Without a word of Meta on how long; the windows are an hour and a day. */
  limit: 5 * minuteMs,
  limitMin: minuteMs,
  limitMax: 24 * 60 * minuteMs,
  /** Until somebody renews the token. */
  access: 15 * minuteMs,
} as const;

// https://developers.facebook.com/docs/graph-api/guides/error-handling and …/overview/rate-limiting
const limitCodes = new Set([4, 17, 32, 341, 368, 613]);
const troubleCodes = new Set([1, 2]);
const tokenCodes = new Set([102, 190]);
const permissionCodes = new Set([3, 10]);
/** `(#33)` is what older versions say; newer ones say 100 with that subcode. */
const goneCode = 33;

export function readGraphAnswer(answer: LookupAnswer): GraphAnswer {
  if (answer.kind === "unreachable") {
    return ofTheApi(`the Graph API cannot be reached: ${answer.message}`, retryMs.unreachable);
  }
  if (answer.kind === "too-large") {
    return later(`the Graph API's answer cannot be read: ${answer.message}`, retryMs.unreadable);
  }
  const read = parseJson(answer.text);
  const value = read.ok ? read.value : null;
  const error = at(value, "error");
  const code = numberAt(error, "code");
  if (answer.status === 429 || isLimit(code)) {
    return ofTheApi(
      `Meta's rate limit is reached (${named(answer.status, error)})`,
      regainMs(answer.headers),
    );
  }
  if (code !== undefined && at(error ?? null, "is_transient") !== true) {
    const judged = judgeCode(code, error, answer.status);
    if (judged) return judged;
  }
  if (code !== undefined || answer.status >= 500) {
    const message = `the Graph API has trouble (${named(answer.status, error)})`;
    return code === undefined ? ofTheApi(message, retryMs.trouble) : later(message, retryMs.trouble);
  }
  if (answer.status === 200 && isObject(value) && error === undefined) return { kind: "object", value };
  return later(`the Graph API's answer cannot be read (HTTP ${answer.status})`, retryMs.unreadable);
}

/** Undefined for what goes away by itself. */
function judgeCode(code: number, error: JsonValue | undefined, status: number): GraphAnswer | undefined {
  const name = named(status, error);
  if (troubleCodes.has(code)) return undefined;
  if (tokenCodes.has(code)) {
    const message =
      `Meta does not take the access token, it has expired or was revoked (${name}): ` +
      "put a new one into META_LEAD_ADS_ACCESS_TOKEN or access_token; the lead waits";
    return ofTheApi(message, retryMs.access);
  }
  if (permissionCodes.has(code) || (code >= 200 && code <= 299))
    return { kind: "not-permitted", error: name };
  if (status >= 500) return undefined;
  if (code === goneCode || (code === 100 && numberAt(error, "error_subcode") === goneCode)) {
    const message = `the lead does not exist any more, or belongs to a page that the access token cannot read (${name})`;
    return { kind: "refused", message };
  }
  return { kind: "refused", message: `the Graph API refuses the request (${name})` };
}

function isLimit(code: number | undefined): boolean {
  return code !== undefined && (limitCodes.has(code) || (code >= 80_000 && code <= 80_014));
}

/** `HTTP 400, code 190, subcode 463`. */
function named(status: number, error: JsonValue | undefined): string {
  const parts = [`HTTP ${status}`];
  const code = numberAt(error, "code");
  const subcode = numberAt(error, "error_subcode");
  if (code !== undefined) parts.push(`code ${code}`);
  if (subcode !== undefined) parts.push(`subcode ${subcode}`);
  return parts.join(", ");
}

/**
 * `X-Business-Use-Case-Usage: {"<id>": [{estimated_time_to_regain_access: <minutes>, …}]}`; `X-App-Usage` is one flat
 * object. The longest counts: a hint can only delay.
 */
function regainMs(headers: Readonly<Record<string, string>>): number {
  const usages = ["x-business-use-case-usage", "x-app-usage"].flatMap((name) => usagesIn(headers[name]));
  const minutes = usages.flatMap((usage) => numberAt(usage, "estimated_time_to_regain_access") ?? []);
  const longest = Math.max(0, ...minutes);
  if (longest === 0) return retryMs.limit;
  return Math.min(Math.max(longest * minuteMs, retryMs.limitMin), retryMs.limitMax);
}

function usagesIn(header: string | undefined): JsonValue[] {
  const read = parseJson(header ?? "");
  if (!read.ok || !isObject(read.value)) return [];
  const listed = Object.values(read.value).flatMap((usages) => (isList(usages) ? usages : []));
  return [read.value, ...listed];
}

function numberAt(value: JsonValue | undefined, key: string): number | undefined {
  const found = value === undefined ? undefined : at(value, key);
  return typeof found === "number" ? found : undefined;
}

/** Of this lead alone, for all that is known. */
function later(message: string, delayMs: number): GraphAnswer {
  return { kind: "later", message, delayMs };
}

function ofTheApi(message: string, delayMs: number): GraphAnswer {
  return { kind: "later", message, delayMs, everybody: true };
}

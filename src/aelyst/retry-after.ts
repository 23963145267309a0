/** Whatever the API says, nobody is kept waiting for longer than this on its word, in milliseconds. */
export const retryAfterMaxMs = 3_600_000;

export interface RetryAfterHint {
  /** The `Retry-After` header: seconds (decimals too) or an HTTP-date. */
  readonly header: string | null | undefined;
  /** The response's own `Date`: it tells how far the API's clock is from ours. */
  readonly dateHeader?: string | null | undefined;
  /** The parsed body, which may carry `retryAfter` in seconds. */
  readonly body: unknown;
  readonly now: number;
}

/**
 * How long the API asks to wait, in milliseconds: the longer of header and body, capped at an hour. Undefined when it
 * gives no usable hint; one of zero, without end or in the past is none.
 */
export function retryAfterMs(hint: RetryAfterHint): number | undefined {
  return longest([...fromHeader(hint), fromBody(hint.body)]);
}

function longest(hintsMs: readonly (number | undefined)[]): number | undefined {
  const usable = hintsMs.filter((ms) => ms !== undefined).filter((ms) => ms > 0);
  return usable.length === 0 ? undefined : Math.min(Math.ceil(Math.max(...usable)), retryAfterMaxMs);
}

function fromHeader({ header, dateHeader, now }: RetryAfterHint): (number | undefined)[] {
  const text = header?.trim() ?? "";
  const until = httpDate(text);
  if (until !== undefined) return [until - (httpDate(dateHeader?.trim() ?? "") ?? now)];
  // A header that was sent twice arrives as one list.
  return text.split(",").map((part) => secondsAsMs(part));
}

function fromBody(body: unknown): number | undefined {
  if (typeof body !== "object" || body === null || !("retryAfter" in body)) return undefined;
  const { retryAfter } = body;
  if (typeof retryAfter === "number") return Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined;
  return typeof retryAfter === "string" ? secondsAsMs(retryAfter) : undefined;
}

function secondsAsMs(text: string): number | undefined {
  return /^(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/.test(text.trim()) ? Number(text) * 1_000 : undefined;
}

/** RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and `Sunday, 06-Nov-94 08:49:37 GMT` of old. */
const dateWithZone = /^[a-z]{3,9}, \d{1,2}[ -][a-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]\d{4})$/i;
/** The third notation there, `Sun Nov  6 08:49:37 1994`: GMT, though it does not say so. */
const dateWithoutZone = /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/i;

/** Checked by its shape first: `Date.parse` reads a date into `wait 2099` too. */
function httpDate(text: string): number | undefined {
  const dated = dateWithoutZone.test(text) ? `${text} GMT` : text;
  const ms = dateWithZone.test(text) || dated !== text ? Date.parse(dated) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

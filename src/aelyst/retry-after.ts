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
 * gives no usable hint; one of zero or in the past is none.
 */
export function retryAfterMs(hint: RetryAfterHint): number | undefined {
  const hints = [fromHeader(hint), fromBody(hint.body)].filter((ms) => ms !== undefined);
  return hints.length === 0 ? undefined : Math.max(...hints);
}

function usable(ms: number): number | undefined {
  return ms > 0 ? Math.min(Math.ceil(ms), retryAfterMaxMs) : undefined;
}

function fromHeader({ header, dateHeader, now }: RetryAfterHint): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,15}(\.\d{1,15})?$/.test(text)) return usable(Number(text) * 1_000);
  if (!/[a-z]{3}/i.test(text)) return undefined;
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  const theirNow = Date.parse(dateHeader ?? "");
  return usable(until - (Number.isNaN(theirNow) ? now : theirNow));
}

function fromBody(body: unknown): number | undefined {
  if (typeof body !== "object" || body === null || !("retryAfter" in body)) return undefined;
  const { retryAfter } = body;
  if (typeof retryAfter === "number") return usable(retryAfter * 1_000);
  if (typeof retryAfter === "string" && /^\d{1,15}(\.\d{1,15})?$/.test(retryAfter.trim())) {
    return usable(Number(retryAfter) * 1_000);
  }
  return undefined;
}

/** How the API counts requests. */
export const limiterKinds = ["fixed-window", "sliding-window", "token-bucket"] as const;
export type LimiterKind = (typeof limiterKinds)[number];

/** What the three rate-limit headers say. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until a request can be let through again, in milliseconds; 0 when this one was. */
  readonly retryAfterMs: number;
}

export type Limiter = (now: number) => Allowance;

/** @param perSecond 0 for no limit; less than one, or not whole, makes the window as long as it takes */
export function createLimiter(kind: LimiterKind, perSecond: number): Limiter {
  if (perSecond <= 0) return () => ({ allowed: true, limit: 0, remaining: 0, retryAfterMs: 0 });
  const limit = Math.max(1, Math.floor(perSecond));
  const windowMs = (limit / perSecond) * 1_000;
  switch (kind) {
    case "fixed-window":
      return fixedWindow(limit, windowMs);
    case "sliding-window":
      return slidingWindow(limit, windowMs);
    case "token-bucket":
      return tokenBucket(perSecond);
  }
}

function answer(limit: number, remaining: number, retryAfterMs: number): Allowance {
  return { allowed: retryAfterMs === 0, limit, remaining: Math.max(0, remaining), retryAfterMs };
}

function fixedWindow(limit: number, windowMs: number): Limiter {
  let window = Number.NaN;
  let count = 0;
  return (now) => {
    const current = Math.floor(now / windowMs);
    if (current !== window) {
      window = current;
      count = 0;
    }
    count += 1;
    return answer(limit, limit - count, count <= limit ? 0 : (current + 1) * windowMs - now);
  };
}

function slidingWindow(limit: number, windowMs: number): Limiter {
  let passed: number[] = [];
  return (now) => {
    passed = passed.filter((at) => at > now - windowMs);
    const oldest = passed[0];
    if (passed.length >= limit && oldest !== undefined) return answer(limit, 0, oldest + windowMs - now);
    passed.push(now);
    return answer(limit, limit - passed.length, 0);
  };
}

function tokenBucket(perSecond: number): Limiter {
  const limit = Math.max(1, perSecond);
  let tokens = limit;
  let filledAt = Number.NaN;
  return (now) => {
    const sinceMs = Number.isNaN(filledAt) ? 0 : Math.max(0, now - filledAt);
    tokens = Math.min(limit, tokens + (sinceMs / 1_000) * perSecond);
    filledAt = now;
    // What was waited for as long as it said is whole, however its fractions add up.
    if (tokens < 1 - 1e-6)
      return answer(Math.floor(limit), 0, Math.max(1, ((1 - tokens) / perSecond) * 1_000));
    tokens = Math.max(0, tokens - 1);
    return answer(Math.floor(limit), Math.floor(tokens), 0);
  };
}

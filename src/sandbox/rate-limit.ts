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

/** @param perSecond 0 for no limit */
export function createLimiter(kind: LimiterKind, perSecond: number): Limiter {
  if (perSecond <= 0) return () => ({ allowed: true, limit: 0, remaining: 0, retryAfterMs: 0 });
  switch (kind) {
    case "fixed-window":
      return fixedWindow(perSecond);
    case "sliding-window":
      return slidingWindow(perSecond);
    case "token-bucket":
      return tokenBucket(perSecond);
  }
}

function answer(limit: number, remaining: number, retryAfterMs: number): Allowance {
  return { allowed: retryAfterMs === 0, limit, remaining: Math.max(0, remaining), retryAfterMs };
}

function fixedWindow(limit: number): Limiter {
  let window = Number.NaN;
  let count = 0;
  return (now) => {
    const current = Math.floor(now / 1_000);
    if (current !== window) {
      window = current;
      count = 0;
    }
    count += 1;
    return answer(limit, limit - count, count <= limit ? 0 : (current + 1) * 1_000 - now);
  };
}

function slidingWindow(limit: number): Limiter {
  let passed: number[] = [];
  return (now) => {
    passed = passed.filter((at) => at > now - 1_000);
    const oldest = passed[0];
    if (passed.length >= limit && oldest !== undefined) return answer(limit, 0, oldest + 1_000 - now);
    passed.push(now);
    return answer(limit, limit - passed.length, 0);
  };
}

function tokenBucket(limit: number): Limiter {
  let tokens = limit;
  let filledAt = Number.NaN;
  return (now) => {
    if (!Number.isNaN(filledAt)) tokens = Math.min(limit, tokens + ((now - filledAt) / 1_000) * limit);
    filledAt = now;
    if (tokens < 1) return answer(limit, 0, Math.max(1, ((1 - tokens) / limit) * 1_000));
    tokens -= 1;
    return answer(limit, Math.floor(tokens), 0);
  };
}

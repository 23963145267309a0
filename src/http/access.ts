import { createHash, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { incomingOf } from "./body.ts";
import { createGuessBrake } from "./guess-brake.ts";
import { errorBody } from "./webhooks.ts";

export interface AccessOptions {
  /** Without one nobody is let in. */
  readonly adminToken: string | undefined;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "adminTokenRefused">;
}

/** Who may ask what an operator may; one for all routes, so that wrong tokens are counted together. */
export interface Access {
  readonly isOn: boolean;
  /** Undefined for the right token. `missing` is for the one who gave none, or a wrong one. */
  refusal(context: Context, missing: string): Response | undefined;
}

export function createAccess({ adminToken, clock, log, metrics }: AccessOptions): Access {
  const brake = createGuessBrake(clock);

  function guessed(): { retryAfterSeconds: number } | undefined {
    const { waitMs, begins } = brake.wrong();
    metrics.adminTokenRefused(waitMs === 0 ? "401" : "429");
    if (begins) log.warn("many wrong admin tokens: further ones are answered 429 for a minute");
    return waitMs === 0 ? undefined : { retryAfterSeconds: Math.ceil(waitMs / 1_000) };
  }

  return {
    isOn: adminToken !== undefined,
    refusal(context, missing) {
      const header = context.req.header("authorization");
      if (adminToken !== undefined && bearerMatches(header, adminToken)) return undefined;
      // Who shows no token guesses none.
      const braked = adminToken === undefined || header === undefined ? undefined : guessed();
      if (braked) {
        context.header("Retry-After", String(braked.retryAfterSeconds));
        const message = "Too many wrong admin tokens. The right one is let in at any time.";
        return context.json(errorBody("too-many-wrong-tokens", message), 429);
      }
      context.header("WWW-Authenticate", "Bearer");
      return context.json(errorBody("unauthorized", missing), 401);
    },
  };
}

/** Constant time. */
function bearerMatches(header: string | undefined, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** A request made on this machine itself: not one that a proxy on this machine passed on. */
export function isLoopback(context: Context): boolean {
  const forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"];
  if (forwarded.some((name) => context.req.header(name) !== undefined)) return false;
  const address = incomingOf(context)?.socket.remoteAddress ?? "";
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

import { createHash, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import type { SignOuts } from "../store/sign-outs.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { incomingOf } from "./body.ts";
import { createEndedSessions } from "./ended-sessions.ts";
import { createGuessBrake } from "./guess-brake.ts";
import { isOwnOrigin } from "./origin.ts";
import { cookiesIn, createSessions, type Role, type Session } from "./sessions.ts";
import { errorBody } from "./webhooks.ts";

export interface AccessOptions {
  /** Without one nobody is let in. */
  readonly adminToken: string | undefined;
  /** Lets in for reading alone. */
  readonly readToken?: string | undefined;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "adminTokenRefused">;
  /** Of all processes; without it this one knows of its own alone. */
  readonly signOuts?: SignOuts;
}

/** Who asks: by a token in the request, or by a browser's session. */
export interface Caller {
  readonly role: Role;
  readonly session?: Session;
}

export type SignIn =
  | { readonly kind: "in"; readonly text: string; readonly session: Session }
  | { readonly kind: "wrong" }
  | { readonly kind: "braked"; readonly retryAfterSeconds: number };

/** Who may ask what an operator may; one for all routes, so that wrong tokens are counted together. */
export interface Access {
  readonly isOn: boolean;
  /** Undefined for whoever may ask this. `missing` is for the one who gave no token, or a wrong one. */
  refusal(context: Context, missing: string): Promise<Response | undefined>;
  /** Undefined for a stranger. Counts no guess. */
  callerOf(context: Context): Promise<Caller | undefined>;
  /** A token that was typed into a page. */
  signIn(token: string): SignIn;
  /** What the cookie of this session lets in is over, whoever holds it. */
  signOut(session: Session): Promise<void>;
}

const tooMany = "Too many wrong admin tokens. The right one is let in at any time.";
const readingAlone = "ADMIN_READ_TOKEN is for reading alone: this needs ADMIN_TOKEN.";
const foreign = "A page of another origin has asked for this. Nothing was done.";

export function createAccess(options: AccessOptions): Access {
  const { adminToken, readToken, clock, log, metrics } = options;
  const brake = createGuessBrake(clock);
  const hasEnded = createEndedSessions(options.signOuts, clock);
  const sessions = createSessions({ operator: adminToken, viewer: readToken }, options.now);

  function guessed(): { retryAfterSeconds: number } | undefined {
    const { waitMs, begins } = brake.wrong();
    metrics.adminTokenRefused(waitMs === 0 ? "401" : "429");
    if (begins) log.warn("many wrong admin tokens: further ones are answered 429 for a minute");
    return waitMs === 0 ? undefined : { retryAfterSeconds: Math.ceil(waitMs / 1_000) };
  }

  function roleOf(token: string): Role | undefined {
    const isOperator = adminToken !== undefined && isSame(token, adminToken);
    const isViewer = readToken !== undefined && isSame(token, readToken);
    return isOperator ? "operator" : isViewer ? "viewer" : undefined;
  }

  async function callerOf(context: Context): Promise<Caller | undefined> {
    const header = context.req.header("authorization");
    if (adminToken === undefined) return undefined;
    if (header !== undefined) {
      const role = roleOf(/^bearer +(.+)$/i.exec(header)?.[1] ?? "");
      return role && { role };
    }
    for (const text of cookiesIn(context.req.header("cookie"))) {
      const session = sessions.read(text);
      if (session && !(await hasEnded(session.id))) return { role: session.role, session };
    }
    return undefined;
  }

  /** What is wrong with a request of somebody who is known. */
  function forbidden({ role, session }: Caller, context: Context): string | undefined {
    if (["GET", "HEAD"].includes(context.req.method)) return undefined;
    if (role === "viewer") return readingAlone;
    return session && !isOwnOrigin(context) ? foreign : undefined;
  }

  return {
    isOn: adminToken !== undefined,
    callerOf,
    async refusal(context, missing) {
      const caller = await callerOf(context);
      if (caller) {
        const message = forbidden(caller, context);
        return message === undefined ? undefined : context.json(errorBody("forbidden", message), 403);
      }
      // Who shows no token guesses none.
      const isGuess = adminToken !== undefined && context.req.header("authorization") !== undefined;
      const braked = isGuess ? guessed() : undefined;
      if (braked) {
        context.header("Retry-After", String(braked.retryAfterSeconds));
        return context.json(errorBody("too-many-wrong-tokens", tooMany), 429);
      }
      context.header("WWW-Authenticate", "Bearer");
      return context.json(errorBody("unauthorized", missing), 401);
    },
    signIn(token) {
      const role = adminToken === undefined ? undefined : roleOf(token);
      if (role) {
        log.info({ role }, "somebody has signed in to the console");
        return { kind: "in", ...sessions.begin(role) };
      }
      const braked = guessed();
      return braked ? { kind: "braked", ...braked } : { kind: "wrong" };
    },
    async signOut(session) {
      sessions.end(session);
      await options.signOuts?.add(session.id, session.expiresAt).catch((error: unknown) => {
        log.error(
          { err: error },
          "a sign-out could not be stored: until it is over, other processes take its session",
        );
      });
      log.info({ role: session.role }, "somebody has signed out of the console");
    },
  };
}

/** Constant time. */
function isSame(given: string, token: string): boolean {
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

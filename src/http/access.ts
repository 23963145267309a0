import { createHash, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { incomingOf } from "./body.ts";

/** Whether the request carries this bearer token. Constant time. */
export function bearerMatches(context: Context, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
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

import type { Context } from "hono";

/**
 * Whether a page of this relay has made the request: what a browser does for a foreign page carries the foreign page's
 * `Origin`, and `Sec-Fetch-Site` says so as well. What carries neither was not made by a browser's page.
 */
export function isOwnOrigin(context: Context): boolean {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = context.req.header("origin");
  if (origin === undefined) return site === "same-origin";
  if (!URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  // A foreign page cannot make a browser send the second: only a proxy in front of the relay does.
  const hosts = [context.req.header("host"), context.req.header("x-forwarded-host")?.split(",")[0]?.trim()];
  return hosts.some((own) => own !== undefined && sameHost(own, host));
}

/** How the browser reached the page that asks: it knows, whatever proxies say. */
export function isOverTls(context: Context): boolean {
  return context.req.header("origin")?.startsWith("https://") === true;
}

/** A proxy may name the port that goes without saying. */
function sameHost(one: string, other: string): boolean {
  const plain = (host: string) => host.toLowerCase().replace(/:(80|443)$/, "");
  return plain(one) === plain(other);
}

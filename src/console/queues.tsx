import { Hono, type Context } from "hono";
import type { Caller } from "../http/access.ts";
import type { ConsoleOptions, Pages } from "./options.ts";

export const queuesPath = "/console/queues";

/** Bull Board writes styles into its page, and names the address of its pages in it. Nothing else is looser than elsewhere. */
export const queuesPolicy = (policy: string) =>
  policy
    .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    .replace("base-uri 'none'", "base-uri 'self'");

/** It would be the only thing that a page of this relay loads from elsewhere. */
const elsewhere = /<link [^>]*href="https?:\/\/[^>]*>/g;

const trustedPath = `${queuesPath}/trusted.js`;

/** Its script loads more of itself, which the page's policy wants to be vouched for: the relay's own files are. */
const trustedScript = `"use strict";
window.trustedTypes?.createPolicy("default", {
  createScriptURL(text) {
    const { origin, pathname } = new URL(text, document.baseURI);
    return origin === location.origin && pathname.startsWith("${queuesPath}/static/") ? text : undefined;
  },
});
`;

/** Of one session this is written down once in so many milliseconds, however often the board asks for more. */
const writtenEveryMs = 600_000;
const sessionsMax = 1_000;

/** Bull Board, where `CONSOLE_QUEUES` is on: for an operator alone, because jobs are shown as they are, and to look at. */
export function queueRoutes(
  options: ConsoleOptions,
  pages: Pages,
  {
    callerOf,
    policy,
  }: { readonly callerOf: (context: Context) => Caller | undefined; readonly policy: string },
): Hono {
  const app = new Hono();
  if (!options.board) return app;
  const { board } = options;
  const written = new Map<string, number>();

  function writeDown({ role, session }: Caller, isPage: boolean): void {
    const id = session?.id ?? "";
    const now = options.clock();
    if (!isPage && now - (written.get(id) ?? 0) < writtenEveryMs) return;
    if (written.size >= sessionsMax) written.clear();
    written.set(id, now);
    void options.record(role, "personal-data-shown", "queues");
  }

  async function show(context: Context): Promise<Response> {
    const caller = callerOf(context);
    if (caller?.role !== "operator") {
      const content = (
        <p class="notice">Jobs are shown as they are, with personal data: this needs the operator's token.</p>
      );
      return pages.page(context, pages.view(context), "Queues", content, 403);
    }
    if (!["GET", "HEAD"].includes(context.req.method)) {
      context.header("Allow", "GET, HEAD");
      return context.text("The queues can only be looked at here. Nothing was done.", 405);
    }
    if (context.req.path === trustedPath) {
      return context.body(trustedScript, 200, { "Content-Type": "text/javascript; charset=utf-8" });
    }
    const answer = await (await board()).fetch(context.req.raw);
    const type = answer.headers.get("content-type") ?? "text/plain; charset=utf-8";
    const isPage = type.startsWith("text/html");
    const isFile = context.req.path.startsWith(`${queuesPath}/static/`);
    if (!isFile) writeDown(caller, isPage);
    context.header("Content-Type", type);
    context.header("Content-Security-Policy", queuesPolicy(policy));
    if (isFile) context.header("Cache-Control", "private, max-age=86400");
    context.status(answer.status as 200);
    if (isPage) {
      const page = (await answer.text()).replaceAll(elsewhere, "");
      return context.body(page.replace("<script ", `<script defer src="${trustedPath}"></script>$&`));
    }
    return context.body(await answer.arrayBuffer());
  }

  app.all(queuesPath, show);
  app.all(`${queuesPath}/*`, show);
  return app;
}

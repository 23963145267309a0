import { Hono, type Context } from "hono";
import { contactRef, contactTag, parseContactRef } from "../contact/contact-ref.ts";
import type { Caller } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { openApiDocument } from "../http/openapi/document.ts";
import { isOverTls, isOwnOrigin } from "../http/origin.ts";
import { sessionCookie, sessionMs } from "../http/sessions.ts";
import { errorBody } from "../http/webhooks.ts";
import { actions } from "./actions.tsx";
import { assetRoutes } from "./assets.ts";
import type { ConsoleOptions, Pages, PageStatus } from "./options.ts";
import { Frame } from "./layout.tsx";
import { Contacts, ContactPage, readContact } from "./pages/contacts.tsx";
import { EventPage, readEvent } from "./pages/event.tsx";
import { readReplay, ReplayPage } from "./pages/replay.tsx";
import { Events, readEvents } from "./pages/events.tsx";
import { Overview, readOverview } from "./pages/overview.tsx";
import { ParkedItemPage, readParkedItem } from "./pages/parked-item.tsx";
import { Parked, readParked } from "./pages/parked.tsx";
import { Playground, readPlayground } from "./pages/playground.tsx";
import { Reference } from "./pages/reference.tsx";
import { readReplays, Replays, ReplayShown, type ReplayLine } from "./pages/replays.tsx";
import { Runbook } from "./pages/runbook.tsx";
import { Bounce, SignIn } from "./pages/sign-in.tsx";
import { readSource, readSources, SourcePage, Sources } from "./pages/sources.tsx";
import { readSystem, System } from "./pages/system.tsx";
import { queueRoutes } from "./queues.tsx";
import { contactPage, href, viewOf, type View } from "./view.ts";

/** Nothing but what this relay serves itself runs, shows or is sent to; and no page is shown within another. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const headers = {
  "Content-Security-Policy": policy,
  // With `no-referrer` a browser names no origin when it sends a form.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
} as const;

const formBytesMax = 4_000_000;

/** `/console`: the operator's pages. As `/admin`, nothing is there without an `ADMIN_TOKEN`. */
export function consoleApp(options: ConsoleOptions): Hono {
  const app = new Hono();
  const { access, assets } = options;
  /** Who asks, as the guard has found. */
  const callers = new WeakMap<Request, Caller>();
  app.use("/console", (context, next) => guard(context, next));
  app.use("/console/*", (context, next) => guard(context, next));

  async function guard(context: Context, next: () => Promise<void>) {
    if (!access.isOn) return context.json(errorBody("not-found", "Not found."), 404);
    const { path } = context.req;
    if (path.startsWith("/console/assets/")) return await next();
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    const isReading = ["GET", "HEAD"].includes(context.req.method);
    if (!isReading && !isOwnOrigin(context)) {
      options.log.warn(
        { path: "/console" },
        "a page of another origin asked the console for something: refused",
      );
      return context.text("A page of another origin has asked for this. Nothing was done.", 403);
    }
    if (path === "/console/sign-in") return await next();
    const caller = await access.callerOf(context);
    // A cookie alone: a page is for browsers.
    if (!caller?.session) return askToSignIn(context);
    callers.set(context.req.raw, caller);
    const isPlain = path === "/console/sign-out";
    if (!isReading && caller.role === "viewer" && !isPlain) {
      const content = (
        <p class="notice">
          You are signed in for reading alone: this needs the operator's token. Nothing was done.
        </p>
      );
      return pages.page(context, pages.view(context), "Reading alone", content, 403);
    }
    return await next();
  }

  function askToSignIn(context: Context): Response | Promise<Response> {
    const url = new URL(context.req.url);
    const to = `${url.pathname}${url.search}`;
    if (context.req.method !== "GET") return document(context, <SignIn assets={assets} to="/console" />, 401);
    const isFromElsewhere = context.req.header("sec-fetch-site") === "cross-site";
    if (isFromElsewhere) return document(context, <Bounce assets={assets} to={to} />, 200);
    return document(context, <SignIn assets={assets} to={to} />, 401);
  }

  const roleOf = (context: Context) => callers.get(context.req.raw)?.role ?? "viewer";
  const pages: Pages = {
    view: (context) => viewOf(context, roleOf(context), options, new URL(context.req.url).searchParams),
    page(context, view, title, content, status = 200) {
      if (view.isShown)
        void options.record(view.role, "personal-data-shown", shownOn(context.req.path, options.seals));
      const said = saidWords(view.search.get("said") ?? "");
      const frame = (
        <Frame view={view} title={title} assets={assets} said={said}>
          {content}
        </Frame>
      );
      return document(context, frame, status);
    },
    async form(context) {
      const body = await readBody(context, formBytesMax).catch(() => undefined);
      const form = new URLSearchParams(body?.toString("utf8") ?? "");
      // What was typed belongs into no address.
      const kept = ["destination", "personal"].map((name): [string, string] => [name, form.get(name) ?? ""]);
      return { form, view: viewOf(context, roleOf(context), options, new URLSearchParams(kept)) };
    },
    done: (context, view, path, said, params = {}) =>
      context.redirect(href(view, path, { ...params, said }), 303),
  };

  app.route("/", assetRoutes(assets));
  app.route("/", signInRoutes(options, pages));
  app.route("/", readingRoutes(options, pages));
  app.route("/", actions(options, pages));
  const callerOf = (context: Context) => callers.get(context.req.raw);
  app.route("/", queueRoutes(options, pages, { callerOf, policy }));
  app.all("/console/*", (context) =>
    pages.page(context, pages.view(context), "Not found", <p class="notice">There is no such page.</p>, 404),
  );
  app.onError((error, context) => {
    options.log.error({ err: error }, "a page of the console failed");
    return context.text("The page could not be made just now. See the log.", 503);
  });
  return app;
}

function document(
  context: Context,
  element: { toString(): string | Promise<string> },
  status: PageStatus | 401 | 429,
) {
  return context.html(`<!doctype html>${String(element)}`, status);
}

/** What the audit log says of a page: an event or a parked item by its id, a contact by its tag, else which page it is. */
function shownOn(path: string, seals: ConsoleOptions["seals"]): string {
  const [kind = "", name] = path
    .replace(/^\/console\/?/, "")
    .split("/")
    .map(decodeURIComponent);
  if (name === undefined || name === "") return kind === "" ? "overview" : kind;
  if (kind !== "contacts") return name;
  const contact = parseContactRef(seals?.open(name) ?? "");
  return contact ? contactTag(contact) : kind;
}

/** Of what was done; anything else that stands in an address says nothing. */
function saidWords(said: string): string | undefined {
  const [, what = "", done = "", of = done] = /^([a-z-]+?)(?:-(\d{1,9})-of-(\d{1,9}))?$/.exec(said) ?? [];
  const count = done === of ? done : `${done} of ${of}; the others are not parked any more`;
  switch (what) {
    case "replayed":
      return "It will be mapped again with the current mapping.";
    case "retried":
      return `Taken up again: ${count}.`;
    case "dropped":
      return `Dropped for good: ${count}.`;
    case "acknowledged":
      return "Acknowledged: it is open again as soon as something new is parked in it.";
    case "muted":
      return "Muted: it needs nobody, whatever is parked in it.";
    case "open":
      return "Open again.";
    case "begun":
      return "The replay has begun.";
    case "none":
      return "Nothing was chosen.";
    case "stopped":
      return "The replay was stopped.";
    default:
      return undefined;
  }
}

function signInRoutes({ access, assets, record }: ConsoleOptions, pages: Pick<Pages, "form">): Hono {
  const app = new Hono();
  app.get("/console/sign-in", (context) => document(context, <SignIn assets={assets} to="/console" />, 200));

  app.post("/console/sign-in", async (context) => {
    const { form } = await pages.form(context);
    const asked = form.get("to") ?? "";
    const to = /^\/console(?:[/?]|$)/.test(asked) && !asked.includes("\\") ? asked : "/console";
    const result = access.signIn((form.get("token") ?? "").trim());
    switch (result.kind) {
      case "in": {
        const cookie = sessionCookie(result.text, isOverTls(context), sessionMs / 1_000);
        context.header("Set-Cookie", cookie);
        await record(result.session.role, "sign-in");
        return context.redirect(to, 303);
      }
      case "wrong":
        return document(context, <SignIn assets={assets} to={to} problem="That is not the token." />, 401);
      case "braked": {
        context.header("Retry-After", String(result.retryAfterSeconds));
        const problem = `Too many wrong tokens: try again in ${result.retryAfterSeconds} s. The right one is let in at any time.`;
        return document(context, <SignIn assets={assets} to={to} problem={problem} />, 429);
      }
    }
  });

  app.post("/console/sign-out", async (context) => {
    const caller = await access.callerOf(context);
    if (caller?.session) {
      await access.signOut(caller.session);
      await record(caller.role, "sign-out");
    }
    for (const isSecure of [true, false]) {
      context.header("Set-Cookie", sessionCookie("", isSecure, 0), { append: true });
    }
    return context.redirect("/console/sign-in", 303);
  });
  return app;
}

function readingRoutes(options: ConsoleOptions, { view: viewFor, page }: Pages): Hono {
  const app = new Hono();
  const { factsOf } = options;

  for (const path of ["/console", "/console/"]) {
    app.get(path, async (context) => {
      const view = viewFor(context);
      return page(context, view, "Overview", <Overview view={view} shown={await readOverview(view)} />);
    });
  }
  app.get("/console/events", async (context) => {
    const view = viewFor(context);
    return page(context, view, "Events", <Events view={view} shown={await readEvents(view)} />);
  });
  app.get("/console/events/:id", async (context) => {
    const view = viewFor(context);
    const shown = await readEvent(view, context.req.param("id"), options.process.retentionHours);
    return page(
      context,
      view,
      "Event",
      <EventPage view={view} shown={shown} />,
      shown.event.ok ? 200 : missing(shown.event.status),
    );
  });
  app.get("/console/events/:id/replay", async (context) => {
    const view = viewFor(context);
    const shown = await readReplay(view, context.req.param("id"));
    return page(context, view, "Replay", <ReplayPage view={view} shown={shown} />);
  });
  app.get("/console/contacts", (context) => {
    const view = viewFor(context);
    return page(context, view, "Contacts", <Contacts view={view} />);
  });
  app.get("/console/contacts/:ref", async (context) => {
    const view = viewFor(context);
    const shown = await readContact(view, context.req.param("ref"));
    const status = shown.contact.ok || shown.contact.status !== 400 ? 200 : 400;
    return page(context, view, "Contact", <ContactPage view={view} shown={shown} />, status);
  });
  app.get("/console/parked", async (context) => {
    const view = viewFor(context);
    return page(context, view, "Parked", <Parked view={view} shown={await readParked(view)} />);
  });
  app.get("/console/parked/:id", async (context) => {
    const view = viewFor(context);
    const shown = await readParkedItem(view, context.req.param("id"));
    return page(
      context,
      view,
      "Parked item",
      <ParkedItemPage view={view} shown={shown} />,
      shown.item.ok ? 200 : missing(shown.item.status),
    );
  });
  app.get("/console/replays", async (context) => {
    const view = viewFor(context);
    return page(context, view, "Replays", <Replays view={view} shown={await readReplays(view)} />);
  });
  app.get("/console/replays/:id", async (context) => {
    const view = viewFor(context);
    const id = context.req.param("id");
    const replay = await view.ask<ReplayLine>(`/replays/${encodeURIComponent(id)}`);
    return page(context, view, "Replay", <ReplayShown view={view} id={id} replay={replay} />);
  });
  app.get("/console/sources", async (context) => {
    const view = viewFor(context);
    return page(context, view, "Sources", <Sources view={view} shown={await readSources(view)} />);
  });
  app.get("/console/sources/:name", async (context) => {
    const view = viewFor(context);
    const shown = await readSource(view, context.req.param("name"), options);
    return page(context, view, "Source", <SourcePage view={view} shown={shown} />, shown.source ? 200 : 404);
  });
  app.get("/console/playground", async (context) => {
    const view = viewFor(context);
    const { event, source } = context.req.query();
    const given = { ...(event === undefined ? {} : { event }), ...(source === undefined ? {} : { source }) };
    const shown = await readPlayground(view, given, factsOf);
    return page(context, view, "Playground", <Playground view={view} shown={shown} />);
  });
  app.get("/console/system", async (context) => {
    const view = viewFor(context);
    return page(
      context,
      view,
      "System",
      <System
        view={view}
        shown={await readSystem(view, options.process)}
        hasBoard={options.board !== undefined}
      />,
    );
  });
  app.get("/console/reference", (context) =>
    page(context, viewFor(context), "Reference", <Reference document={openApiDocument(options.version)} />),
  );
  app.get("/console/runbook", (context) =>
    page(context, viewFor(context), "Runbook", <Runbook html={options.assets.runbook} />),
  );
  app.get("/console/find", (context) => find(context, viewFor(context), page));
  return app;
}

function missing(status: number): 404 | 503 {
  return status === 404 || status === 400 ? 404 : 503;
}

/** Whatever is looked for: an id, an e-mail, a phone number, else a query for the events. */
function find(context: Context, view: View, page: Pages["page"]): Response {
  const text = (view.search.get("q") ?? "").trim();
  if (/^evt_\w+$/.test(text)) return context.redirect(href(view, `/events/${text}`), 303);
  if (/^dlv_[\w.]+$/.test(text)) return context.redirect(href(view, `/parked/${text}`), 303);
  const isContact = view.search.get("what") === "contact";
  const contact =
    parseContactRef(text) ??
    (text.includes("@") && !/\s|^\w+:/.test(text) ? contactRef("email", text) : undefined) ??
    (/^\+?[\d\s().-]{6,}$/.test(text) ? contactRef("phone", text) : undefined) ??
    (/^\d{1,16}$/.test(text) ? contactRef("id", text) : undefined);
  if (contact !== undefined) return context.redirect(contactPage(view, contact), 303);
  if (!isContact && text !== "") return context.redirect(href(view, "/events", { q: text }), 303);
  const problem =
    "That names no contact: write an e-mail, a phone number with its country code, or id: and the number.";
  return page(
    context,
    view,
    "Contacts",
    <Contacts view={view} problem={text === "" ? undefined : problem} />,
    text === "" ? 200 : 400,
  );
}

import { Hono } from "hono";
import { contactTag, parseContactRef } from "../contact/contact-ref.ts";
import type { ShapeWatch } from "../delivery/shape-watch.ts";
import type { Spool } from "../intake/spool.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Access } from "./access.ts";
import { describeMailbox, isKnown } from "./describe.ts";
import { eventsRoutes, type EventsOptions } from "./events.ts";
import { failuresRoutes } from "./failures.ts";
import { busOf, upstreamOf, type BusState } from "./health.ts";
import type { ContactAnswer } from "./schemas/contacts.ts";
import type { SourcesAnswer, StatusAnswer, StatusUnavailable } from "./schemas/state.ts";
import { errorBody } from "./webhooks.ts";

export interface AdminOptions extends EventsOptions {
  readonly shapes: Pick<ShapeWatch, "changes">;
  readonly bus: BusState;
  readonly spool: Pick<Spool, "state">;
  readonly access: Access;
  readonly version: string;
  readonly role: StatusAnswer["role"];
  readonly log: Logger;
}

/** How long an operator's question waits to know whether the store is there. */
const healthDeadlineMs = 5_000;

/** `/admin/…`: nothing is there without an `ADMIN_TOKEN`. */
export function admin(options: AdminOptions): Hono {
  const app = new Hono();
  const { store, access } = options;

  app.use("/admin/*", async (context, next) => {
    if (!access.isOn) return context.json(errorBody("not-found", "Not found."), 404);
    const refused = access.refusal(context, "The admin bearer token is missing or wrong.");
    if (refused) return refused;
    context.header("Cache-Control", "no-store");
    // Asked first, because some of the store's own questions would wait for it without end.
    const healthy = await store.health(healthDeadlineMs);
    if (!healthy.ok) {
      const { version, role } = options;
      const unknown = { queues: null, upstream: { state: "unknown" } } as const;
      const stored = { engine: store.engine, ...healthy };
      const state: StatusUnavailable = { version, role, store: stored, ...unknown };
      if (context.req.path === "/admin/status") return context.json(state, 503);
      return context.json(errorBody("unavailable", "The store does not answer. See the log."), 503);
    }
    return await next();
  });

  app.get("/admin/status", async (context) => {
    const [healthy, queues, upstream] = await Promise.all([
      store.health(healthDeadlineMs),
      store.counts(),
      upstreamOf(store, options.clock()),
    ]);
    const { version, role } = options;
    const spool = options.spool.state();
    const stored = { engine: store.engine, ...healthy };
    const bus = busOf(options.bus);
    const state: StatusAnswer = { version, role, store: stored, queues, upstream, ...bus, spool };
    return context.json(state);
  });

  app.get("/admin/sources", (context) => {
    const known: SourcesAnswer = {
      items: [...options.sources.values()].map(({ name, provider }) => ({
        source: name,
        provider: provider.name,
        path: `/webhooks/${name}`,
        changes: options.shapes.changes(name).map(({ type, form, kind, name: what, from, at }) => ({
          type,
          form,
          kind,
          name: what,
          from,
          at: new Date(at).toISOString(),
        })),
      })),
    };
    return context.json(known);
  });

  app.route("/", eventsRoutes(options));

  app.get("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const state = await store.mailbox.read(contact);
    if (!isKnown(state)) {
      return context.json(errorBody("not-found", "Nothing is known of this contact."), 404);
    }
    const known: ContactAnswer = { contact, ...describeMailbox(state) };
    return context.json(known);
  });

  app.delete("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const events = await store.erase(contact);
    options.log.info({ contact: contactTag(contact), events }, "contact erased by an operator");
    return context.json({ status: "erased", events });
  });

  app.route("/", failuresRoutes(store.failures, options.log));

  app.all("/admin/*", (context) => context.json(errorBody("not-found", "Not found."), 404));

  app.onError((error, context) => {
    options.log.error({ err: error, path: context.req.path }, "an admin request failed");
    return context.json(errorBody("unavailable", "The store did not answer. See the log."), 503);
  });
  return app;
}

const noSuchReference = errorBody(
  "malformed",
  "A contact is named as phone:+60123456789, email:name@example.com or id:123.",
);

import { Hono } from "hono";
import { contactTag, parseContactRef } from "../contact/contact-ref.ts";
import type { Spool } from "../intake/spool.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { bearerMatches } from "./access.ts";
import { describeEvent, describeMailbox, isKnown } from "./describe.ts";
import { failuresRoutes } from "./failures.ts";
import { upstreamOf } from "./health.ts";
import { errorBody } from "./webhooks.ts";

export interface AdminOptions {
  readonly store: Store;
  readonly spool: Pick<Spool, "state">;
  readonly adminToken: string | undefined;
  readonly version: string;
  readonly role: string;
  readonly clock: () => number;
  readonly log: Logger;
}

/** `/admin/…`: nothing is there without an `ADMIN_TOKEN`. */
export function admin(options: AdminOptions): Hono {
  const app = new Hono();
  const { store, adminToken } = options;

  app.use("/admin/*", async (context, next) => {
    if (adminToken === undefined) return context.json(errorBody("not-found", "Not found."), 404);
    if (!bearerMatches(context, adminToken)) {
      context.header("WWW-Authenticate", "Bearer");
      return context.json(errorBody("unauthorized", "The admin bearer token is missing or wrong."), 401);
    }
    context.header("Cache-Control", "no-store");
    return await next();
  });

  app.get("/admin/status", async (context) => {
    const [healthy, queues, upstream] = await Promise.all([
      store.health(1_500),
      store.counts(),
      upstreamOf(store, options.clock()),
    ]);
    const { version, role } = options;
    const spool = options.spool.state();
    return context.json({
      version,
      role,
      store: { engine: store.engine, ...healthy },
      queues,
      upstream,
      spool,
    });
  });

  app.get("/admin/events/:id", async (context) => {
    const record = await store.events.find(context.req.param("id"));
    if (!record) return context.json(noSuchEvent, 404);
    return context.json(await describeEvent(record, store));
  });

  app.post("/admin/events/:id/replay", async (context) => {
    const id = context.req.param("id");
    if (await store.events.replay(id)) return context.json({ status: "replayed", id });
    if (await store.events.find(id)) {
      return context.json(errorBody("not-finished", "The event is still being worked on."), 409);
    }
    return context.json(noSuchEvent, 404);
  });

  app.get("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const state = await store.mailbox.read(contact);
    if (!isKnown(state)) {
      return context.json(errorBody("not-found", "Nothing is known of this contact."), 404);
    }
    return context.json({ contact, ...describeMailbox(state) });
  });

  app.delete("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const events = await store.mailbox.erase(contact);
    await store.events.erase(events);
    options.log.info(
      { contact: contactTag(contact), events: events.length },
      "contact erased by an operator",
    );
    return context.json({ status: "erased", events: events.length });
  });

  app.route("/", failuresRoutes(store.failures));

  app.all("/admin/*", (context) => context.json(errorBody("not-found", "Not found."), 404));

  app.onError((error, context) => {
    options.log.error({ err: error, path: context.req.path }, "an admin request failed");
    return context.json(errorBody("unavailable", "The store did not answer. See the log."), 503);
  });
  return app;
}

const noSuchEvent = errorBody("not-found", "There is no such event, or it is older than its retention.");
const noSuchReference = errorBody(
  "malformed",
  "A contact is named as phone:+60123456789, email:name@example.com or id:123.",
);

import { Hono } from "hono";
import { contactTag, parseContactRef } from "../contact/contact-ref.ts";
import type { ShapeWatch } from "../delivery/shape-watch.ts";
import type { Spool } from "../intake/spool.ts";
import type { OpenNotice } from "../notices/shapes.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Access } from "./access.ts";
import { auditRoutes, createAudited } from "./audit.ts";
import { describeErasure, eraseReferences } from "./erase.ts";
import type { SeenReplica } from "../store/replicas.ts";
import { describeContact, isKnown } from "./describe.ts";
import { eventsRoutes, type EventsOptions } from "./events.ts";
import { failureGroupsRoutes } from "./failure-groups.ts";
import { failuresRoutes } from "./failures.ts";
import { busOf, upstreamOf, type BusState } from "./health.ts";
import { describeReplicas } from "./replicas.ts";
import { replaysRoutes, type ReplaysOptions } from "./replays.ts";
import { answerNumbers } from "./numbers.ts";
import type { SourcesAnswer, StatusAnswer, StatusUnavailable } from "./schemas/state.ts";
import { errorBody } from "./webhooks.ts";

export interface AdminOptions extends EventsOptions, Pick<ReplaysOptions, "foretellReplay"> {
  readonly shapes: Pick<ShapeWatch, "changes">;
  readonly bus: BusState;
  /** What needs a person now. */
  readonly notices?: (() => Promise<readonly OpenNotice[]>) | undefined;
  readonly spool: Pick<Spool, "state">;
  /** Those that run on the same store; which of them is this one. */
  readonly replicas: { readonly id: string; list(): Promise<readonly SeenReplica[]> };
  readonly access: Access;
  readonly version: string;
  readonly role: StatusAnswer["role"];
  readonly log: Logger;
}

/** How long an operator's question waits to know whether the store is there. */
export const healthDeadlineMs = 5_000;

/** `/admin/…`: nothing is there without an `ADMIN_TOKEN`. */
export function admin(options: AdminOptions): Hono {
  const app = new Hono();
  const { store, access } = options;

  const audited = createAudited({ audit: store.audit, clock: options.clock, log: options.log });

  app.use("/admin/*", async (context, next) => {
    if (!access.isOn) return context.json(errorBody("not-found", "Not found."), 404);
    const refused = await access.refusal(context, "The admin bearer token is missing or wrong.");
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
    const [healthy, counts, oldest, upstream, notices, replicas] = await Promise.all([
      store.health(healthDeadlineMs),
      store.counts(),
      store.oldest(),
      upstreamOf(store, options.clock()),
      options.notices?.(),
      options.replicas.list(),
    ]);
    const { version, role } = options;
    const spool = options.spool.state();
    const stored = { engine: store.engine, ...healthy };
    const bus = busOf(options.bus);
    const queues = {
      events: { ...counts.events, oldestAt: timeOf(oldest.event) },
      contacts: { ...counts.contacts, oldestAt: timeOf(oldest.update) },
    };
    const state: StatusAnswer = {
      version,
      role,
      store: stored,
      queues,
      upstream,
      ...bus,
      spool,
      notices,
      replicas: describeReplicas(replicas, options.replicas.id, options.clock()),
    };
    return context.json(state);
  });

  const { sources, clock } = options;
  app.get("/admin/numbers", answerNumbers({ stores: [store], sources, clock }));

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

  app.route("/", auditRoutes(store.audit));
  app.route("/", eventsRoutes(options, audited));
  app.route("/", replaysRoutes(options, audited));

  app.get("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const state = await store.mailbox.read(contact);
    if (!isKnown(state)) {
      return context.json(errorBody("not-found", "Nothing is known of this contact."), 404);
    }
    return context.json(describeContact(contact, state));
  });

  app.delete("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) return context.json(noSuchReference, 400);
    const person = context.req.query("person") ?? "false";
    if (person !== "true" && person !== "false") {
      return context.json(errorBody("malformed", "`person` is true or false."), 400);
    }
    const erased = await eraseReferences(store, contact, person === "true");
    const target = contactTag(contact);
    const { events } = erased;
    options.log.info(
      { contact: target, events, references: erased.erased.length },
      "contact erased by an operator",
    );
    await audited(context, "erase", { target, detail: describeErasure(erased) });
    return context.json(erased);
  });

  const { failures } = store;
  app.route("/", failureGroupsRoutes({ failures, clock, log: options.log }, audited));
  app.route("/", failuresRoutes(failures, options.log, audited));

  app.all("/admin/*", (context) => context.json(errorBody("not-found", "Not found."), 404));

  app.onError((error, context) => {
    options.log.error({ err: error, path: context.req.path }, "an admin request failed");
    return context.json(errorBody("unavailable", "The store did not answer. See the log."), 503);
  });
  return app;
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

const noSuchReference = errorBody(
  "malformed",
  "A contact is named as phone:+60123456789, email:name@example.com or id:123.",
);

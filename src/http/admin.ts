import { Hono } from "hono";
import { contactBody, patchEntries } from "../contact/contact-patch.ts";
import { parseContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { EventRecord, MailboxState, Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { bearerMatches } from "./access.ts";
import { upstreamOf } from "./health.ts";
import { errorBody } from "./webhooks.ts";

export interface AdminOptions {
  readonly store: Store;
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
    return context.json({ version, role, store: { engine: store.engine, ...healthy }, queues, upstream });
  });

  app.get("/admin/events/:id", async (context) => {
    const record = await store.events.find(context.req.param("id"));
    if (!record) {
      return context.json(
        errorBody("not-found", "There is no such event, or it is older than its retention."),
        404,
      );
    }
    return context.json(await describeEvent(record, store));
  });

  app.get("/admin/contacts/:ref", async (context) => {
    const contact = parseContactRef(context.req.param("ref"));
    if (!contact) {
      const message = "A contact is named as phone:+60123456789, email:name@example.com or id:123.";
      return context.json(errorBody("malformed", message), 400);
    }
    const state = await store.mailbox.read(contact);
    if (state.waiting.length + Object.keys(state.applied).length + state.history.length === 0) {
      return context.json(errorBody("not-found", "Nothing is known of this contact."), 404);
    }
    return context.json({ contact, ...describeMailbox(state) });
  });

  app.all("/admin/*", (context) => context.json(errorBody("not-found", "Not found."), 404));

  app.onError((error, context) => {
    options.log.error({ err: error, path: context.req.path }, "an admin request failed");
    return context.json(errorBody("unavailable", "The store did not answer. See the log."), 503);
  });
  return app;
}

function describeMailbox(state: MailboxState) {
  const oldestFirst = [...state.waiting].sort((a, b) => compareStamps(a.stamp, b.stamp));
  return {
    waiting: oldestFirst.map(({ eventId, patch, stamp }) => ({ eventId, patch: contactBody(patch), stamp })),
    applied: state.applied,
    history: state.history.map((line) => ({ ...line, at: new Date(line.at).toISOString() })),
  };
}

async function describeEvent(record: EventRecord, store: Store) {
  const { event, state, attempts, result, failure } = record;
  const { payload, occurredAt, receivedAt, ...rest } = event;
  const updates = result?.outcome === "mapped" ? result.updates : [];
  return {
    ...rest,
    occurredAt: new Date(occurredAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    state,
    attempts,
    outcome: result?.outcome ?? (failure === undefined ? "pending" : "failed"),
    ...(failure === undefined ? {} : { reason: failure }),
    ...(result?.outcome === "ignored" ? { reason: result.reason } : {}),
    warnings: result && "warnings" in result ? result.warnings : [],
    updates: await Promise.all(updates.map((update) => describeUpdate(update, store))),
    payload: readablePayload(payload),
  };
}

/** What became of an update, field by field, as far as the contact's mailbox still tells. */
async function describeUpdate(update: ContactUpdate, store: Store) {
  const { waiting, applied, history } = await store.mailbox.read(update.contact);
  const isWaiting = waiting.some((other) => other.eventId === update.eventId);
  const wasParked = history.some(
    (line) => line.outcome.startsWith("parked") && line.eventIds.includes(update.eventId),
  );
  const fields = patchEntries(update.patch).map(([field]) => {
    const origin = applied[field];
    if (origin && origin.eventId === update.eventId) return [field, { state: "applied" }];
    if (origin && compareStamps(origin.stamp, update.stamp) > 0) {
      return [field, { state: "superseded", by: origin.eventId }];
    }
    return [field, { state: isWaiting ? "waiting" : wasParked ? "parked" : "unknown" }];
  });
  return {
    id: update.id,
    contact: update.contact,
    patch: contactBody(update.patch),
    stamp: update.stamp,
    fields: Object.fromEntries(fields),
  };
}

/** The payload as JSON, or as its text when reading it as JSON would change a number in it. */
function readablePayload(payload: string): unknown {
  return /\d{16,}/.test(payload) ? payload : JSON.parse(payload);
}

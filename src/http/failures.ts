import { Hono } from "hono";
import { contactBody } from "../contact/contact-patch.ts";
import type { Failure, Failures } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Audited } from "./audit.ts";
import { failuresQuery, type FailureAnswer } from "./schemas/failures.ts";
import { pageDefault, pageMax } from "./schemas/values.ts";
import { errorBody } from "./webhooks.ts";

/** The parked, below `/admin`: list, show, retry (one, some, all), drop. */
export function failuresRoutes(failures: Failures, log: Logger, audited: Audited): Hono {
  const app = new Hono();

  app.get("/admin/failures", async (context) => {
    const asked = failuresQuery.safeParse(context.req.query());
    if (!asked.success) {
      return context.json(errorBody("malformed", asked.error.issues[0]?.message ?? ""), 400);
    }
    const { limit = pageDefault, cursor, group } = asked.data;
    if (cursor !== undefined && !(await failures.isCursor(cursor, group))) return context.json(noCursor, 400);
    const page = await failures.list(limit, cursor, group);
    return context.json({ items: page.items.map(describeFailure), next: page.next ?? null });
  });

  app.get("/admin/failures/:id", async (context) => {
    const failure = await failures.find(context.req.param("id"));
    return failure ? context.json(describeFailure(failure)) : context.json(noSuchFailure, 404);
  });

  app.post("/admin/failures/retry", async (context) => {
    const retried = await retryAll(failures);
    log.info({ retried }, "everything parked is retried by an operator");
    await audited(context, "retry-all", { detail: `${retried} retried` });
    return context.json({ status: "retried", retried });
  });

  app.post("/admin/failures/:id/retry", async (context) => {
    const id = context.req.param("id");
    const found = await failures.retry(id);
    if (!found) return context.json(noSuchFailure, 404);
    log.info({ failure: id }, "a parked item is retried by an operator");
    await audited(context, "retry", { target: id });
    return context.json({ status: "retried", retried: 1 });
  });

  app.delete("/admin/failures/:id", async (context) => {
    const id = context.req.param("id");
    const found = await failures.drop(id);
    if (!found) return context.json(noSuchFailure, 404);
    log.warn({ failure: id }, "a parked item was dropped by an operator");
    await audited(context, "drop", { target: id });
    return context.json({ status: "dropped" });
  });

  return app;
}

const noCursor = errorBody("malformed", "cursor must be the `next` of the page before.");
const noSuchFailure = errorBody("not-found", "Nothing is parked under this id.");

/** Retries what is parked now; what fails again meanwhile is not taken twice. */
export async function retryAll(
  failures: Failures,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<number> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await failures.list(pageMax, cursor);
    ids.push(...page.items.map((item) => item.id));
    cursor = page.next;
  } while (cursor !== undefined);
  let retried = 0;
  for (const [index, id] of ids.entries()) {
    progress(index, ids.length);
    if (await failures.retry(id)) retried += 1;
  }
  return retried;
}

/** A failure as the operator sees it: times in ISO, patches in the API's own shape. */
export function describeFailure(failure: Failure): FailureAnswer {
  const { updates, at, ...rest } = failure;
  return {
    ...rest,
    at: new Date(at).toISOString(),
    ...(updates === undefined
      ? {}
      : {
          updates: updates.map(({ id, eventId, patch, stamp }) => ({
            id,
            eventId,
            patch: contactBody(patch),
            stamp,
          })),
        }),
  };
}

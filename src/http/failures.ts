import { Hono } from "hono";
import { contactBody } from "../contact/contact-patch.ts";
import type { Failure, Failures } from "../store/store.ts";
import { errorBody } from "./webhooks.ts";

const pageDefault = 50;
const pageMax = 500;

/** The parked, below `/admin`: list, show, retry (one, some, all), drop. */
export function failuresRoutes(failures: Failures): Hono {
  const app = new Hono();

  app.get("/admin/failures", async (context) => {
    const limit = Math.min(pageMax, Math.max(1, Number(context.req.query("limit")) || pageDefault));
    const page = await failures.list(limit, context.req.query("cursor"));
    return context.json({ items: page.items.map(describeFailure), next: page.next ?? null });
  });

  app.get("/admin/failures/:id", async (context) => {
    const failure = await failures.find(context.req.param("id"));
    return failure ? context.json(describeFailure(failure)) : context.json(noSuchFailure, 404);
  });

  app.post("/admin/failures/retry", async (context) => {
    const retried = await retryAll(failures);
    return context.json({ status: "retried", retried });
  });

  app.post("/admin/failures/:id/retry", async (context) => {
    const found = await failures.retry(context.req.param("id"));
    return found ? context.json({ status: "retried", retried: 1 }) : context.json(noSuchFailure, 404);
  });

  app.delete("/admin/failures/:id", async (context) => {
    const found = await failures.drop(context.req.param("id"));
    return found ? context.json({ status: "dropped" }) : context.json(noSuchFailure, 404);
  });

  return app;
}

const noSuchFailure = errorBody("not-found", "Nothing is parked under this id.");

/** Retries what is parked now; what fails again meanwhile is not taken twice. */
export async function retryAll(failures: Failures): Promise<number> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await failures.list(pageMax, cursor);
    ids.push(...page.items.map((item) => item.id));
    cursor = page.next;
  } while (cursor !== undefined);
  let retried = 0;
  for (const id of ids) if (await failures.retry(id)) retried += 1;
  return retried;
}

/** A failure as the operator sees it: times in ISO, patches in the API's own shape. */
export function describeFailure(failure: Failure) {
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

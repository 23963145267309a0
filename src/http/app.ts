import { Hono } from "hono";
import type { AdminOptions } from "./admin.ts";
import type { Desk } from "./desk.ts";
import { adminDesks } from "./desks.ts";
import { health, type HealthOptions } from "./health.ts";
import { maskedAdmin, type Seals } from "./masking.ts";
import { openapi } from "./openapi/route.ts";
import { errorBody, webhooks, type WebhooksOptions } from "./webhooks.ts";

/** Everything the relay answers over HTTP. `webhooks` is undefined in a process that takes none (`ROLE=worker`). */
export function httpApp(options: {
  readonly webhooks: WebhooksOptions | undefined;
  readonly health: Omit<HealthOptions, "desks">;
  readonly admin: Omit<AdminOptions, "store">;
  /** Opens masked references; undefined where nobody is let in. */
  readonly seals?: Seals | undefined;
  /** The operator's pages, over the API that is handed to it. */
  readonly console?: (api: Hono) => Hono;
  /** One for each workspace, the first of which is asked where all would say the same. */
  readonly desks: readonly [Desk, ...Desk[]];
}): Hono {
  const { desks } = options;
  const app = new Hono();
  if (options.webhooks) app.route("/", webhooks(options.webhooks));
  app.route("/", health({ ...options.health, desks }));
  app.route("/", openapi(options.admin.version));
  const api = maskedAdmin(adminDesks(options.admin, desks), options.admin.access, options.seals);
  app.route("/", api);
  if (options.console) app.route("/", options.console(api));
  app.notFound((context) => context.json(errorBody("not-found", "Not found."), 404));
  app.onError((error, context) => {
    options.admin.log.error({ err: error, path: context.req.path }, "a request failed unexpectedly");
    return context.json(errorBody("unavailable", "The request could not be handled just now."), 503);
  });
  return app;
}

import { Hono, type Context } from "hono";
import { isAuditCursor, type Audit, type AuditEntry, type KeptAuditEntry } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { auditQuery, type AuditEntryAnswer } from "./schemas/audit.ts";
import { errorBody } from "./webhooks.ts";

export interface AuditOptions {
  readonly audit: Audit;
  readonly clock: () => number;
  readonly log: Logger;
}

/** Writes down what whoever asks has done. Never rejects: what was done is done. */
export type Audited = (
  context: Context,
  action: AuditEntry["action"],
  about?: Pick<AuditEntry, "target" | "detail">,
) => Promise<void>;

/** What commands of this package say they are. It says who has asked, and proves nothing: the token does. */
export const commandLineAgent = "contact-relay-command";

export function createAudited({ audit, clock, log }: AuditOptions): Audited {
  return async (context, action, about = {}) => {
    try {
      await audit.record({ at: clock(), who: whoAsks(context), action, ...about });
    } catch (error) {
      log.error(
        { err: error, action, ...about },
        "what an operator did could not be written to the audit log",
      );
    }
  };
}

export function whoAsks(context: Context): AuditEntry["who"] {
  return context.req.header("user-agent") === commandLineAgent ? "command line" : "operator";
}

/** `GET /admin/audit`: who did what, newest first. */
export function auditRoutes(audit: Audit): Hono {
  const app = new Hono();
  app.get("/admin/audit", async (context) => {
    const { limit, cursor } = auditQuery.parse(context.req.query());
    if (cursor !== undefined && !isAuditCursor(cursor)) return context.json(noCursor, 400);
    const page = await audit.list(limit, cursor);
    return context.json({ items: page.items.map(describeEntry), next: page.next ?? null });
  });
  return app;
}

const noCursor = errorBody("malformed", "cursor must be the `next` of the page before.");

export function describeEntry({ at, ...entry }: KeptAuditEntry): AuditEntryAnswer {
  return { ...entry, at: new Date(at).toISOString() };
}

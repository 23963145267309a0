import { Hono } from "hono";
import { parseJson } from "../providers/json.ts";
import { alike, isGroupKey, type FailureGroup, type Failures, type GroupMark } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { whoAsks, type Audited } from "./audit.ts";
import { readBody } from "./body.ts";
import {
  groupsQuery,
  markQuestion,
  noUntil,
  type GroupAnswer,
  type MarkAsked,
  type MarkedAnswer,
} from "./schemas/failure-groups.ts";
import { pageDefault } from "./schemas/values.ts";
import { errorBody } from "./webhooks.ts";

export interface FailureGroupsOptions {
  readonly failures: Failures;
  readonly clock: () => number;
  readonly log: Logger;
}

const questionBytesMax = 4_096;

/** The groups of the parked, below `/admin`: list, show, acknowledge, mute, open again. */
export function failureGroupsRoutes(options: FailureGroupsOptions, audited: Audited): Hono {
  const { failures, clock, log } = options;
  const app = new Hono();

  app.get("/admin/failures/groups", async (context) => {
    const asked = groupsQuery.safeParse(context.req.query());
    if (!asked.success) {
      return context.json(errorBody("malformed", asked.error.issues[0]?.message ?? ""), 400);
    }
    const { state: states, limit = pageDefault, cursor } = asked.data;
    if (cursor !== undefined && !(await failures.isGroupsCursor(cursor))) return context.json(noCursor, 400);
    const page = await failures.groups({ states, limit, cursor });
    return context.json({ items: page.items.map(describeGroup), next: page.next ?? null });
  });

  app.get("/admin/failures/groups/:key", async (context) => {
    const key = context.req.param("key");
    const group = isGroupKey(key) ? await failures.group(key) : undefined;
    return group ? context.json(describeGroup(group)) : context.json(noSuchGroup, 404);
  });

  app.post("/admin/failures/groups/:key", async (context) => {
    const body = await readBody(context, questionBytesMax).catch(() => undefined);
    const json = body === undefined ? undefined : parseJson(body.toString("utf8"));
    if (json?.ok !== true) return context.json(errorBody("malformed", notAQuestion), 400);
    const asked = markQuestion.safeParse(json.value);
    const problem = asked.success ? problemOf(asked.data, clock()) : asked.error.issues[0]?.message;
    if (!asked.success || problem !== undefined) {
      return context.json(errorBody("malformed", problem ?? ""), 400);
    }
    const key = context.req.param("key");
    const mark = markOf(asked.data, whoAsks(context), clock());
    if (!isGroupKey(key) || !(await failures.mark(key, mark))) return context.json(noSuchGroup, 404);
    log.info(
      { group: key, state: mark.state, until: mark.until },
      "an operator has spoken of a parked group",
    );
    await audited(context, ...markEntry(key, mark));
    return context.json(describeMarked(key, mark));
  });

  return app;
}

const noCursor = errorBody("malformed", "cursor must be the `next` of the page before.");
const noSuchGroup = errorBody("not-found", "Nothing is parked in such a group.");
const notAQuestion = 'The body is JSON such as {"state":"acknowledged","note":"the vendor knows"}.';

/** What a time alone does not say: it has to be one to come. */
export function problemOf({ until }: MarkAsked, now: number): string | undefined {
  return until !== undefined && until <= now ? noUntil : undefined;
}

export function markOf({ state, note = "", until }: MarkAsked, by: GroupMark["by"], at: number): GroupMark {
  return {
    state,
    by,
    at,
    ...(note === "" ? {} : { note }),
    ...(until === undefined ? {} : { until }),
  };
}

/** What the audit log says of it. The note is a person's own words and stays where it can be changed. */
export function markEntry(key: string, { state, until }: GroupMark) {
  const action = ({ open: "open", acknowledged: "acknowledge", muted: "mute" } as const)[state];
  const detail =
    state !== "muted" ? {} : { detail: until === undefined ? "for good" : `until ${isoOf(until)}` };
  return [action, { target: key, ...detail }] as const;
}

export function describeGroup(group: FailureGroup): GroupAnswer {
  const { key, count, sources, state, sample } = group;
  const { kind, reason, status, message, fields = [] } = sample;
  return {
    key,
    kind,
    reason,
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { words: alike(message) }),
    fields,
    count,
    first: isoOf(group.first),
    last: isoOf(group.last),
    sources,
    sample: sample.id,
    state,
    ...(group.mark ? { mark: describeMark(group.mark) } : {}),
  };
}

export function describeMarked(key: string, mark: GroupMark): MarkedAnswer {
  return { key, state: mark.state, mark: describeMark(mark) };
}

function describeMark({ by, at, note, until, reopenedAt }: GroupMark): MarkedAnswer["mark"] {
  return {
    by,
    at: isoOf(at),
    ...(note === undefined ? {} : { note }),
    ...(until === undefined ? {} : { until: isoOf(until) }),
    ...(reopenedAt === undefined ? {} : { reopenedAt: isoOf(reopenedAt) }),
  };
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}

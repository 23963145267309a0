import { Hono } from "hono";
import { contactTag } from "../contact/contact-ref.ts";
import type { Foretold } from "../delivery/replays/foretell.ts";
import { parseJson } from "../providers/json.ts";
import type { Replay, ReplayFilter } from "../store/replays.ts";
import type { AuditEntry, PacerState, Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Audited } from "./audit.ts";
import { readBody } from "./body.ts";
import { notAQuestion, readReplayQuestion, type ReplayAsked } from "./replay-question.ts";
import { eventsLimit } from "./schemas/events.ts";
import type { ForetoldAnswer, ReplayAnswer, ReplayFilterAnswer } from "./schemas/replays.ts";
import { errorBody } from "./webhooks.ts";

export type ForetellReplay = (store: Store, filter: ReplayFilter, sample: number) => Promise<Foretold>;

export interface ReplaysOptions {
  readonly store: Store;
  readonly foretellReplay: ForetellReplay;
  readonly log: Logger;
}

const questionBytesMax = 65_536;

/** Replays by a filter, below `/admin`: make one or say what it would do, list, show, stop. */
export function replaysRoutes({ store, foretellReplay, log }: ReplaysOptions, audited: Audited): Hono {
  const app = new Hono();

  app.post("/admin/replays", async (context) => {
    const body = await readBody(context, questionBytesMax).catch(() => undefined);
    const json = body === undefined ? undefined : parseJson(body.toString("utf8"));
    if (json?.ok !== true) return context.json(errorBody("malformed", notAQuestion), 400);
    const read = readReplayQuestion(json.value, await store.replays.now());
    if (!read.ok) return context.json(errorBody("malformed", read.message), 400);
    const { asked } = read;
    if (asked.dryRun) return context.json(await dryRun(store, foretellReplay, asked));
    const made = await makeReplay(store, asked, "operator");
    log.info(replayLine(made.replay), "a replay was asked for by an operator");
    await audited(context, "replay-started", startedEntry(made.replay));
    return context.json(made.answer, 201);
  });

  app.get("/admin/replays", async (context) => {
    const { limit: limitText, cursor } = context.req.query();
    const page = await store.replays.list(eventsLimit.parse(limitText), cursor);
    const pace = await store.pacer.state();
    return context.json({
      items: page.items.map((replay) => describeReplay(replay, pace)),
      next: page.next ?? null,
    });
  });

  app.get("/admin/replays/:id", async (context) => {
    const replay = await store.replays.find(context.req.param("id"));
    if (!replay) return context.json(noSuchReplay, 404);
    return context.json(describeReplay(replay, await store.pacer.state()));
  });

  app.delete("/admin/replays/:id", async (context) => {
    const { replay, isNew } = await stopReplay(store, context.req.param("id"));
    if (!replay) return context.json(noSuchReplay, 404);
    if (isNew) {
      log.info({ replay: replay.id }, "a replay was stopped by an operator");
      await audited(context, "replay-stopped", { target: replay.id });
    }
    return context.json(describeReplay(replay, await store.pacer.state()));
  });

  return app;
}

const noSuchReplay = errorBody("not-found", "There is no such replay, or it is older than its retention.");

/** Keeps a replay in the store, where the processes that deliver find it. */
export async function makeReplay(
  store: Store,
  { filter, share }: Pick<ReplayAsked, "filter" | "share">,
  by: string,
): Promise<{ replay: Replay; answer: ReplayAnswer }> {
  const total = await store.events.count(filter);
  const replay = await store.replays.create({ filter, share, by, total });
  return { replay, answer: describeReplay(replay, await store.pacer.state()) };
}

export async function dryRun(
  store: Store,
  foretell: ForetellReplay,
  { filter, share, sample }: ReplayAsked,
): Promise<ForetoldAnswer> {
  const foretold = await foretell(store, filter, sample);
  const rate = plannedRate(share, await store.pacer.state());
  return {
    status: "dry-run",
    filter: describeFilter(filter),
    share,
    ...foretold,
    rate,
    estimateSeconds: secondsFor(foretold.matching, rate),
  };
}

/** `isNew`: it was this that stopped it. */
export async function stopReplay(
  { replays }: Pick<Store, "replays">,
  id: string,
): Promise<{ replay: Replay | undefined; isNew: boolean }> {
  const before = await replays.find(id);
  const replay = await replays.stop(id);
  return { replay, isNew: before?.state === "running" && replay?.state === "stopped" };
}

/** What the audit log says of a replay that begins. */
export function startedEntry({ id, total }: Replay): Pick<AuditEntry, "target" | "detail"> {
  return { target: id, detail: `${total} events match` };
}

/** What the log says of a replay: whose events they are is nobody's business there. */
export function replayLine({ id, filter, share, by, total }: Replay) {
  const { contact, ...rest } = filter;
  const about = {
    ...describeFilter(rest),
    ...(contact === undefined ? {} : { contact: contactTag(contact) }),
  };
  return { replay: id, filter: about, share, by, of: total };
}

/** A replay as the operator sees it. */
export function describeReplay(replay: Replay, pace: PacerState): ReplayAnswer {
  const { id, state, message, filter, share, by, createdAt, finishedAt, total, progress } = replay;
  const { replayed, skipped, failed } = progress;
  const isRunning = state === "running";
  const rate = isRunning && progress.rate === 0 ? plannedRate(share, pace) : progress.rate;
  const passed = replayed + Object.values(skipped).reduce((sum, count) => sum + count, 0);
  return {
    id,
    state,
    ...(message === undefined ? {} : { message }),
    filter: describeFilter(filter),
    share,
    by,
    createdAt: new Date(createdAt).toISOString(),
    ...(finishedAt === undefined ? {} : { finishedAt: new Date(finishedAt).toISOString() }),
    of: total,
    replayed,
    skipped,
    failed,
    rate,
    estimateSeconds: isRunning ? secondsFor(Math.max(0, total - passed), rate) : null,
  };
}

function describeFilter({ source, type, state, contact, from, to }: ReplayFilter): ReplayFilterAnswer {
  return {
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(state === "completed" || state === "failed" ? { state } : {}),
    ...(contact === undefined ? {} : { contact }),
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    to: new Date(to).toISOString(),
  };
}

function plannedRate(share: number, { rate, pausedForMs }: PacerState): number {
  return pausedForMs > 0 ? 0 : Math.round(share * rate * 1_000) / 1_000;
}

function secondsFor(count: number, rate: number): number | null {
  if (count === 0) return 0;
  return rate === 0 ? null : Math.ceil(count / rate);
}

import { Hono } from "hono";
import { previewPayload, previewRecorded } from "../intake/preview.ts";
import { parseJson } from "../providers/json.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import type { Audited } from "./audit.ts";
import { readBody } from "./body.ts";
import { describeEvent, describeSummary } from "./describe.ts";
import { readEventFilter } from "./event-filter.ts";
import { eventsLimit, previewQuestion } from "./schemas/events.ts";
import { errorBody } from "./webhooks.ts";

export interface EventsOptions {
  readonly store: Store;
  readonly sources: ReadonlyMap<string, Source>;
  readonly bodyLimitBytes: number;
  readonly clock: () => number;
}

/** Events below `/admin`: list, show, replay, and what a payload would become. */
export function eventsRoutes(
  { store, sources, bodyLimitBytes, clock }: EventsOptions,
  audited: Audited,
): Hono {
  const app = new Hono();

  app.get("/admin/events", async (context) => {
    const { limit: limitText, cursor, ...asked } = context.req.query();
    const filter = readEventFilter(asked);
    if (!filter.ok) return context.json(errorBody("malformed", filter.message), 400);
    const limit = eventsLimit.parse(limitText);
    const page = await store.events.list(filter.filter, limit, cursor);
    return context.json({ items: page.items.map(describeSummary), next: page.next ?? null });
  });

  app.get("/admin/events/:id", async (context) => {
    const record = await store.events.find(context.req.param("id"));
    if (!record) return context.json(noSuchEvent, 404);
    return context.json(await describeEvent(record, store));
  });

  app.post("/admin/events/:id/replay", async (context) => {
    const id = context.req.param("id");
    if (await store.events.replay(id)) {
      await audited(context, "replay", { target: id });
      return context.json({ status: "replayed", id });
    }
    const record = await store.events.find(id);
    if (record?.event.withdrawn) return context.json(nothingToReplay, 410);
    if (record) {
      return context.json(errorBody("not-finished", "The event is still being worked on."), 409);
    }
    return context.json(noSuchEvent, 404);
  });

  app.post("/admin/preview", async (context) => {
    // A question that breaks off is none.
    const body = await readBody(context, bodyLimitBytes * 2).catch(() => undefined);
    const asked = body === undefined ? undefined : readQuestion(body.toString("utf8"));
    if (!asked) return context.json(notAQuestion, 400);
    if (asked.event === undefined) {
      const source = sources.get(asked.source);
      if (!source) return context.json(noSuchSource, 404);
      const trial = tried(source, asked.map);
      if (!trial.ok) return context.json(errorBody("malformed", trial.problems.join("\n")), 400);
      const { payload, headers, type } = asked;
      return context.json(await previewPayload(trial.source, payload, headers, type, clock()));
    }
    const record = await store.events.find(asked.event);
    if (!record) return context.json(noSuchEvent, 404);
    if (record.event.withdrawn) return context.json(nothingToReplay, 410);
    const source = sources.get(record.event.source);
    if (!source) return context.json(noSuchSource, 404);
    const trial = tried(source, asked.map);
    if (!trial.ok) return context.json(errorBody("malformed", trial.problems.join("\n")), 400);
    return context.json(await previewRecorded(trial.source, record.event));
  });

  return app;
}

const noSuchEvent = errorBody("not-found", "There is no such event, or it is older than its retention.");
const nothingToReplay = errorBody(
  "gone",
  "The event's payload was erased or dropped: nothing can be replayed.",
);
const noSuchSource = errorBody("not-found", "There is no such source here.");
const notAQuestion = errorBody(
  "malformed",
  "Send JSON: {source, payload, headers?, type?, map?} or {event, map?}; payload is the body as JSON or, for any other " +
    "type, as a text.",
);

type Question =
  | { readonly event: string; readonly map: string | undefined }
  | {
      readonly event?: undefined;
      readonly source: string;
      readonly payload: Buffer;
      readonly headers: Readonly<Record<string, string>>;
      readonly type: string | undefined;
      readonly map: string | undefined;
    };

function readQuestion(text: string): Question | undefined {
  const json = parseJson(text);
  const read = json.ok ? previewQuestion.safeParse(json.value) : undefined;
  if (read?.success !== true) return undefined;
  const map = typeof read.data.map === "object" ? JSON.stringify(read.data.map) : read.data.map;
  if ("event" in read.data) return { event: read.data.event, map };
  const { source, payload, headers = {}, type } = read.data;
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    source,
    payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
    headers: Object.fromEntries(lowered),
    type,
    map,
  };
}

type Tried =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly problems: readonly string[] };

function tried(source: Source, map: string | undefined): Tried {
  if (map === undefined) return { ok: true, source };
  if (!source.remap) return { ok: false, problems: ["The map of this source cannot be replaced."] };
  const trial = source.remap(map);
  return trial.ok ? { ok: true, source: { ...source, map: (event) => trial.map(event) } } : trial;
}

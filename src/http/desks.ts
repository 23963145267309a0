import { Hono, type Context } from "hono";
import { admin, healthDeadlineMs, type AdminOptions } from "./admin.ts";
import { createAudited } from "./audit.ts";
import { incomingOf } from "./body.ts";
import type { Desk } from "./desk.ts";
import { retryAll } from "./failures.ts";
import { answerNumbers } from "./numbers.ts";
import { errorBody } from "./webhooks.ts";

type SharedOptions = Omit<AdminOptions, "store">;
type Answer = Readonly<Record<string, unknown>>;

/**
 * `/admin/…` over one workspace or several. With several, `?destination=name` says which one is meant. Without it, lists
 * go through one after the other, an id is looked for in all of them (a parked delivery that more than one has is told with its destination), and a contact has to be told with its destination:
 * the same reference in two workspaces is two contacts. So has a replay: each workspace has its own rate.
 */
export function adminDesks(options: SharedOptions, desks: readonly Desk[]): Hono {
  const offices = desks.map(({ destination, store }) => ({
    destination: destination ?? "",
    app: admin({ ...options, store }),
  }));
  const [only] = offices;
  if (only && desks.length === 1 && desks[0]?.destination === undefined) return only.app;
  const names = offices.map(({ destination }) => destination).join(", ");
  const app = new Hono();

  type Office = (typeof offices)[number];
  /** The same request, put to one workspace. */
  async function ask({ app, destination }: Office, context: Context, change: Record<string, string> = {}) {
    const url = new URL(context.req.url);
    url.searchParams.delete("destination");
    for (const [name, value] of Object.entries(change)) {
      if (value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const { headers } = context.req.raw;
    // What answers HEAD has nothing in it that could be put together. The body is left out at the end.
    const method = context.req.method === "HEAD" ? "GET" : context.req.method;
    // A body is read from the connection itself, which goes along; a request of the console has none.
    const asked = incomingOf(context) || method === "GET" ? undefined : await context.req.arrayBuffer();
    const body = asked === undefined || asked.byteLength === 0 ? {} : { body: asked };
    const answer = await app.fetch(new Request(url, { method, headers, ...body }), context.env as object);
    return { destination, answer };
  }

  async function named(context: Context, asked: string): Promise<Response> {
    const office = offices.find(({ destination }) => destination === asked);
    if (office) return (await ask(office, context)).answer;
    return context.json(
      errorBody("not-found", `There is no such destination here: there are ${names}.`),
      404,
    );
  }

  /** Whoever knows the id answers; nobody else has anything to say about it. */
  async function whoeverKnows(context: Context): Promise<Response> {
    const asked = await Promise.all(offices.map((office) => ask(office, context)));
    const known = asked.find(({ answer }) => answer.status !== 404) ?? asked[0];
    if (!known) return context.json(errorBody("not-found", "Not found."), 404);
    return known.answer.ok && context.req.method === "GET" ? await withDestination(known) : known.answer;
  }

  /**
   * Deliveries are numbered by each workspace for itself, so that an id can be known to more than one. It is looked for
   * before anything is done, and nothing is done where it does not say which one is meant.
   */
  async function theOneThatKnows(context: Context): Promise<Response> {
    const url = new URL(context.req.url);
    url.pathname = url.pathname.replace(/\/retry$/, "");
    url.searchParams.delete("destination");
    const { headers } = context.req.raw;
    const looks = await Promise.all(
      offices.map(async (office) => {
        const request = new Request(url, { headers });
        return { office, answer: await office.app.fetch(request, context.env as object) };
      }),
    );
    const away = looks.find(({ answer }) => !answer.ok && answer.status !== 404);
    if (away) return away.answer;
    const known = looks.filter(({ answer }) => answer.ok);
    const [found] = known;
    if (!found) return looks[0]?.answer ?? context.notFound();
    if (known.length > 1) {
      const whose = known.map(({ office }) => office.destination).join(" and in ");
      const say = `This id is parked in ${whose}. Say whose is meant: ?destination= one of them.`;
      return context.json(errorBody("malformed", say), 400);
    }
    const { office, answer } = found;
    if (["GET", "HEAD"].includes(context.req.method)) {
      return await withDestination({ destination: office.destination, answer });
    }
    return (await ask(office, context)).answer;
  }

  /** One page of one workspace; its last page goes on with the first one of the next. */
  async function pageOfAll(context: Context): Promise<Response> {
    const cursor = context.req.query("cursor") ?? "";
    const [, name = "", inner = ""] = /^([a-z0-9_]+):(.*)$/s.exec(cursor) ?? [];
    const at = cursor === "" ? 0 : offices.findIndex(({ destination }) => destination === name);
    const office = offices[at];
    if (!office) return context.json(noCursor, 400);
    const { answer } = await ask(office, context, { cursor: inner });
    if (!answer.ok) return answer;
    const page = (await readJson(answer)) as { items: readonly Answer[]; next: string | null };
    const following = offices[at + 1];
    const last = following ? `${following.destination}:` : null;
    return context.json({
      items: page.items.map((item) => ({ ...item, destination: office.destination })),
      next: page.next === null ? last : `${office.destination}:${page.next}`,
    });
  }

  app.use("/admin/*", async (context, next) => {
    if (!options.access.isOn) return context.json(errorBody("not-found", "Not found."), 404);
    const refused = await options.access.refusal(context, "The admin bearer token is missing or wrong.");
    if (refused) return refused;
    const asked = context.req.query("destination") ?? "";
    return asked === "" ? await next() : await named(context, asked);
  });
  const stores = desks.map(({ store }) => store);
  const { sources, clock } = options;
  app.get("/admin/numbers", answerNumbers({ stores, sources, clock }));
  app.get("/admin/events", pageOfAll);
  app.get("/admin/failures", pageOfAll);
  app.get("/admin/replays", pageOfAll);
  app.get("/admin/replays/:id", whoeverKnows);
  app.delete("/admin/replays/:id", whoeverKnows);
  app.post("/admin/replays", (context) =>
    context.json(errorBody("malformed", `Say whose events: ?destination= one of ${names}.`), 400),
  );
  app.get("/admin/audit", pageOfAll);
  app.get("/admin/events/:id", whoeverKnows);
  app.post("/admin/events/:id/replay", whoeverKnows);
  app.get("/admin/failures/groups", pageOfAll);
  for (const method of ["GET", "POST"]) {
    app.on(method, "/admin/failures/groups/:key", (context) =>
      context.json(errorBody("malformed", `Say whose group: ?destination= one of ${names}.`), 400),
    );
  }
  app.get("/admin/failures/:id", theOneThatKnows);
  app.delete("/admin/failures/:id", theOneThatKnows);
  app.post("/admin/failures/:id/retry", async (context) =>
    context.req.param("id") === "retry" ? context.notFound() : await theOneThatKnows(context),
  );
  app.post("/admin/failures/retry", (context) => retryEverywhere(context, options, desks));
  app.get("/admin/status", async (context) => {
    const asked = await Promise.all(offices.map((office) => ask(office, context)));
    const away = asked.find(({ answer }) => !answer.ok);
    if (away) return away.answer;
    const states = await Promise.all(
      asked.map(async ({ destination, answer }) => {
        const state = (await readJson(answer)) as Answer;
        return { destination, state };
      }),
    );
    const { queues: _q, upstream: _u, ...shared } = states[0]?.state ?? {};
    const destinations = states.map(({ destination, state }) => [
      destination,
      { queues: state["queues"], upstream: state["upstream"] },
    ]);
    return context.json({ ...shared, destinations: Object.fromEntries(destinations) });
  });
  for (const method of ["GET", "DELETE"]) {
    app.on(method, "/admin/contacts/:ref", (context) =>
      context.json(errorBody("malformed", `Say whose contact: ?destination= one of ${names}.`), 400),
    );
  }
  // The same whomever one asks: sources, previews, and what is not there.
  app.all("/admin/*", async (context) => {
    const [office] = offices;
    return office ? (await ask(office, context)).answer : context.notFound();
  });
  return app;
}

/** One click is one entry of the audit log, which says how many it was of each workspace. */
async function retryEverywhere(
  context: Context,
  { clock, log }: SharedOptions,
  desks: readonly Desk[],
): Promise<Response> {
  // Asked first, because a retry would wait for a store that is away without end.
  const health = await Promise.all(desks.map(({ store }) => store.health(healthDeadlineMs)));
  if (health.some(({ ok }) => !ok)) return context.json(storeAway, 503);
  const counts: { destination: string; retried: number }[] = [];
  let isDone = true;
  for (const { destination = "", store } of desks) {
    try {
      counts.push({ destination, retried: await retryAll(store.failures) });
    } catch (error) {
      log.error({ err: error, destination }, "not everything parked could be retried");
      isDone = false;
    }
  }
  const retried = counts.reduce((sum, one) => sum + one.retried, 0);
  log.info({ retried, counts }, "everything parked is retried by an operator");
  const each = counts
    .filter((one) => one.retried > 0)
    .map((one) => `${one.retried} of ${one.destination}`)
    .join(", ");
  const [first] = desks;
  if (first && counts.length > 0) {
    const audited = createAudited({ audit: first.store.audit, clock, log });
    await audited(context, "retry-all", { detail: `${retried} retried${each === "" ? "" : `: ${each}`}` });
  }
  return isDone ? context.json({ status: "retried", retried }) : context.json(storeAway, 503);
}

const storeAway = errorBody("unavailable", "The store did not answer. See the log.");
const noCursor = errorBody("malformed", "cursor must be the `next` of the page before.");

async function withDestination({ destination, answer }: { destination: string; answer: Response }) {
  const body = (await readJson(answer)) as Answer;
  return Response.json(
    { ...body, destination },
    { status: answer.status, headers: { "Cache-Control": "no-store" } },
  );
}

/** An answer of our own: where a number has more digits than a number holds, it is a text. */
async function readJson(answer: Response): Promise<unknown> {
  return JSON.parse(await answer.text());
}

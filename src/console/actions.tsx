import { Hono } from "hono";
import { parseContactRef } from "../contact/contact-ref.ts";
import type { Erasure, Page, ParkedItem } from "./answers.ts";
import type { ConsoleOptions, Pages } from "./options.ts";
import { ContactPage, Erased, readContact } from "./pages/contacts.tsx";
import { ConfirmDrop } from "./pages/parked-item.tsx";
import { actMax } from "./pages/parked.tsx";
import { Playground, readPlayground } from "./pages/playground.tsx";
import { Plan, replayRequest } from "./pages/replays.tsx";
import { EventLink, Trouble } from "./parts.tsx";
import { href, type Asked, type View } from "./view.ts";

/** What operators do by pages: plain forms, so that it needs no script. Each goes through the admin API. */
export function actions(options: ConsoleOptions, pages: Pages): Hono {
  const app = new Hono();
  app.route("/", eventActions(pages));
  app.route("/", parkedActions(pages));
  app.route("/", contactActions(options, pages));
  app.route("/", sourceActions(options, pages));
  app.route("/", replayActions(pages));
  return app;
}

function eventActions({ page, form: formOf, done }: Pages): Hono {
  const app = new Hono();
  app.post("/console/events/:id/replay", async (context) => {
    const { view } = await formOf(context);
    const path = `/events/${encodeURIComponent(context.req.param("id"))}`;
    const replayed = await view.ask(`${path}/replay`, { method: "POST" });
    if (replayed.ok) return done(context, view, path, "replayed");
    return page(context, view, "Replay", <Trouble asked={replayed} />, 400);
  });
  return app;
}

function parkedActions({ page, form: formOf, done }: Pages): Hono {
  const app = new Hono();
  app.post("/console/parked/act", async (context) => {
    const { form, view } = await formOf(context);
    const group = form.get("group") ?? "";
    const of = form.get("of") ?? "";
    const ids =
      form.get("scope") === "group"
        ? await idsOfGroup(view, { group, of, upto: form.get("upto") ?? "" })
        : [...new Set(form.getAll("id"))];
    const back = group === "" ? {} : groupAddress(group, of);
    if (ids.length === 0) return done(context, view, "/parked", "none", back);
    if (form.get("act") !== "drop") {
      const count = await countDone(view, ids, "POST", of);
      return done(context, view, "/parked", `retried-${count}-of-${ids.length}`);
    }
    // The answer is about the very items that the question named, whatever has come since.
    if (form.get("sure") !== String(ids.length)) {
      const content = <ConfirmDrop view={view} toDrop={{ ids, group, of }} />;
      return page(context, view, "Drop", content);
    }
    const count = await countDone(view, ids, "DELETE", of);
    return done(context, view, "/parked", `dropped-${count}-of-${ids.length}`);
  });

  app.post("/console/parked/mark", async (context) => {
    const { form, view } = await formOf(context);
    const group = form.get("group") ?? "";
    const of = form.get("of") ?? "";
    const state = form.get("state") ?? "";
    const days = Number(form.get("for") ?? "");
    const note = form.get("note") ?? "";
    const marked = await view.ask(`/failures/groups/${encodeURIComponent(group)}`, {
      method: "POST",
      ...(of === "" ? {} : { query: { destination: of } }),
      body: {
        state,
        ...(note === "" ? {} : { note }),
        ...(state === "muted" && days > 0 ? { until: view.now + days * dayMs } : {}),
      },
    });
    if (!marked.ok) return page(context, view, "Parked", <Trouble asked={marked} />, 400);
    return done(context, view, "/parked", state);
  });
  return app;
}

const dayMs = 86_400_000;

function groupAddress(group: string, of: string) {
  return of === "" ? { group } : { group, destination: of };
}

interface MeantItems {
  readonly group: string;
  readonly of: string;
  /** When the newest item was parked that was shown; what came since is not meant. */
  readonly upto: string;
}

async function idsOfGroup(view: View, { group, of, upto }: MeantItems): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null && ids.length < actMax) {
    const query: Record<string, string | number> = { group, cursor, limit: 500 };
    const page: Asked<Page<ParkedItem>> = await view.ask("/failures", {
      query: of === "" ? query : { ...query, destination: of },
    });
    if (!page.ok) return [];
    ids.push(...page.body.items.filter(({ at }) => upto === "" || at <= upto).map(({ id }) => id));
    cursor = page.body.next;
  }
  return ids.slice(0, actMax);
}

async function countDone(
  view: View,
  ids: readonly string[],
  method: "POST" | "DELETE",
  of: string,
): Promise<number> {
  let count = 0;
  for (const id of ids) {
    const path = `/failures/${encodeURIComponent(id)}`;
    const whose = of === "" ? {} : { query: { destination: of } };
    const answer = await view.ask(method === "POST" ? `${path}/retry` : path, { method, ...whose });
    if (answer.ok) count += 1;
  }
  return count;
}

function contactActions({ seals }: ConsoleOptions, { page, form: formOf }: Pages): Hono {
  const app = new Hono();
  app.post("/console/contacts/:ref/erase", async (context) => {
    const { form, view } = await formOf(context);
    const asked = context.req.param("ref");
    const meant = parseContactRef(seals?.open(asked) ?? "");
    if (meant === undefined || parseContactRef(form.get("typed") ?? "") !== meant) {
      const problem = "That is another reference than this page's. Nothing was erased.";
      const shown = await readContact(view, asked);
      return page(context, view, "Contact", <ContactPage view={view} shown={shown} problem={problem} />, 400);
    }
    const erased = await view.ask<Erasure>(`/contacts/${encodeURIComponent(meant)}`, {
      method: "DELETE",
      query: { person: form.get("person") === "true" ? "true" : "false" },
    });
    if (!erased.ok) return page(context, view, "Contact", <Trouble asked={erased} />, 400);
    return page(context, view, "Erased", <Erased view={view} erased={erased.body} />);
  });
  return app;
}

function sourceActions({ factsOf, sendSample }: ConsoleOptions, { page, form: formOf }: Pages): Hono {
  const app = new Hono();
  app.post("/console/sources/:name/send", async (context) => {
    const { form, view } = await formOf(context);
    const name = context.req.param("name");
    const sent = await sendSample(name, form.get("sample") ?? "");
    const back = <a href={href(view, `/sources/${encodeURIComponent(name)}`)}>Back to {name}</a>;
    if (!sent.ok) {
      const content = <p class="trouble">{sent.message}</p>;
      return page(context, view, "Sample", [content, back], 400);
    }
    const ids = [...sent.text.matchAll(/evt_[0-9A-Za-z]+/g)].map(([id]) => id);
    const content = (
      <>
        <h1>Sample sent to {name}</h1>
        <p class="sentence">
          The relay answered {sent.status}: <code>{sent.text === "" ? "(empty)" : sent.text}</code>
        </p>
        {[...new Set(ids)].map((id) => (
          <p>
            <EventLink view={view} id={id} />
          </p>
        ))}
        <p>{back}</p>
      </>
    );
    return page(context, view, "Sample", content);
  });

  app.post("/console/playground", async (context) => {
    const { form, view } = await formOf(context);
    const text = (name: string) => (form.get(name) ?? "").replaceAll("\r\n", "\n");
    const run = form.get("run");
    const given = {
      source: text("source"),
      event: text("event"),
      payload: text("payload"),
      map: text("map"),
      isRun: true,
      overLast: run === "last",
    };
    const shown = await readPlayground(view, given, factsOf);
    return page(context, view, "Playground", <Playground view={view} shown={shown} />);
  });
  return app;
}

function replayActions({ page, form: formOf, done }: Pages): Hono {
  const app = new Hono();

  app.post("/console/replays/plan", async (context) => {
    const { form, view } = await formOf(context);
    const { text, share, request } = asked(form, view);
    const body = { ...request.body, dryRun: true };
    const plan =
      request.problems.length > 0
        ? undefined
        : await view.ask<Readonly<Record<string, unknown>>>("/replays", { method: "POST", body });
    const shown = { text, share, problems: request.problems, plan };
    return page(context, view, "Replay by filter", <Plan view={view} shown={shown} />);
  });
  app.post("/console/replays/begin", async (context) => {
    const { form, view } = await formOf(context);
    const { text, share, request } = asked(form, view);
    // The range that was planned: what a word such as `since:24h` means moves on.
    const body = { filter: planned(form.get("filter") ?? ""), share };
    const begun = await view.ask<{ id?: string }>("/replays", { method: "POST", body });
    if (begun.ok && begun.body.id !== undefined) {
      return done(context, view, `/replays/${encodeURIComponent(begun.body.id)}`, "begun");
    }
    const plan = begun.ok ? undefined : begun;
    const shown = { text, share, problems: request.problems, plan };
    return page(context, view, "Replay by filter", <Plan view={view} shown={shown} />, 400);
  });
  app.post("/console/replays/:id/stop", async (context) => {
    const { view } = await formOf(context);
    const path = `/replays/${encodeURIComponent(context.req.param("id"))}`;
    const stopped = await view.ask(path, { method: "DELETE" });
    if (stopped.ok) return done(context, view, path, "stopped");
    return page(context, view, "Replay", <Trouble asked={stopped} />, 400);
  });
  return app;
}

function planned(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asked(form: URLSearchParams, view: View) {
  const text = form.get("q") ?? "";
  const share = Number(form.get("share"));
  const isShare = Number.isFinite(share) && share > 0 && share <= 1;
  const request = replayRequest(text, isShare ? share : 0.2, view.now);
  const problems = isShare
    ? request.problems
    : [...request.problems, "The share is a number above 0, and 1 at most."];
  return { text, share: isShare ? share : 0.2, request: { ...request, problems } };
}

import type { Page } from "../answers.ts";
import { keptFields } from "../layout.tsx";
import { Empty, State, Table, Time, Trouble } from "../parts.tsx";
import { readQuery } from "../query.ts";
import { href, type Asked, type View } from "../view.ts";
import { exact } from "../words.ts";

/** A replay of everything that a filter found, as far as the API tells of it. */
export interface ReplayLine {
  readonly id: string;
  readonly [more: string]: unknown;
}

export interface ReplaysShown {
  readonly list: Asked<Page<ReplayLine>>;
  readonly text: string;
}

export async function readReplays(view: View): Promise<ReplaysShown> {
  return { list: await view.ask<Page<ReplayLine>>("/replays"), text: view.search.get("q") ?? "" };
}

/** The body of `POST /admin/replays`. */
export function replayRequest(text: string, share: number, now: number) {
  const { problems, ...filter } = readQuery(text, now);
  const one = "A replay takes one type: a pattern would find nothing.";
  return { problems: filter.type?.includes("*") ? [...problems, one] : problems, body: { filter, share } };
}

export function Replays({ view, shown }: { readonly view: View; readonly shown: ReplaysShown }) {
  const { list, text } = shown;
  if (!list.ok && (list.status === 404 || list.status === 405)) {
    return (
      <>
        <h1>Replays</h1>
        <Empty>
          This relay replays one event at a time: open it from <a href={href(view, "/events")}>Events</a>, and
          the difference is shown first.
        </Empty>
      </>
    );
  }
  return (
    <>
      <h1>Replays</h1>
      {view.role === "operator" ? <PlanForm view={view} text={text} share="0.2" /> : null}
      {list.ok ? <List view={view} items={list.body.items} /> : <Trouble asked={list} />}
    </>
  );
}

function PlanForm(props: { readonly view: View; readonly text: string; readonly share: string }) {
  const { view, text, share } = props;
  return (
    <form method="post" action="/console/replays/plan" class="bar">
      {keptFields(view)}
      <input
        type="search"
        name="q"
        value={text}
        aria-label="Which events"
        placeholder="source:shop from:2026-01-30T00:00Z to:2026-01-31T00:00Z"
        autocomplete="off"
        required
      />
      <label>
        Share of the rate <input name="share" value={share} inputmode="decimal" size={4} />
      </label>
      <button type="submit">Plan: count first</button>
    </form>
  );
}

export interface PlanShown {
  readonly text: string;
  readonly share: number;
  readonly problems: readonly string[];
  readonly plan: Asked<Readonly<Record<string, unknown>>> | undefined;
}

/** What the dry run says, before anything is begun. */
export function Plan({ view, shown }: { readonly view: View; readonly shown: PlanShown }) {
  const { text, share, problems, plan } = shown;
  return (
    <>
      <h1>Replay by filter</h1>
      <PlanForm view={view} text={text} share={String(share)} />
      {problems.map((problem) => (
        <p class="trouble" role="alert">
          {problem}
        </p>
      ))}
      {plan === undefined ? null : plan.ok ? <Details facts={plan.body} /> : <Trouble asked={plan} />}
      {plan?.ok === true ? (
        <form method="post" action="/console/replays/begin" class="actions">
          {keptFields(view)}
          <input type="hidden" name="q" value={text} />
          <input type="hidden" name="share" value={String(share)} />
          <input type="hidden" name="filter" value={JSON.stringify(plan.body["filter"])} />
          <button type="submit" class="main">
            Begin this replay
          </button>
        </form>
      ) : null}
    </>
  );
}

export function ReplayShown(props: {
  readonly view: View;
  readonly id: string;
  readonly replay: Asked<ReplayLine>;
}) {
  const { view, id, replay } = props;
  return (
    <>
      <h1>
        Replay <span class="id">{id}</span>
      </h1>
      {replay.ok ? <Details facts={replay.body} /> : <Trouble asked={replay} />}
      {replay.ok && view.role === "operator" ? (
        <form method="post" action={`/console/replays/${encodeURIComponent(id)}/stop`} class="actions">
          {keptFields(view)}
          <button type="submit" class="drop">
            Stop it
          </button>
        </form>
      ) : null}
      <p>
        <a href={href(view, "/replays")}>All replays</a>
      </p>
    </>
  );
}

function List({ view, items }: { readonly view: View; readonly items: readonly ReplayLine[] }) {
  if (items.length === 0) return <Empty>No replay was begun yet.</Empty>;
  return (
    <Table caption="Replays" head={["Replay", "State", "What is known of it"]}>
      {items.map(({ id, state, ...facts }) => (
        <tr>
          <th scope="row">
            <a class="id" href={href(view, `/replays/${encodeURIComponent(id)}`)}>
              {id}
            </a>
          </th>
          <td>{typeof state === "string" ? <State word={state} /> : null}</td>
          <td>
            {Object.entries(facts)
              .map(([name, value]) => `${label(name)} ${plain(value)}`)
              .join(", ")}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Details({ facts }: { readonly facts: Readonly<Record<string, unknown>> }) {
  return (
    <dl class="facts">
      {Object.entries(facts).map(([name, value]) => (
        <div>
          <dt>{label(name)}</dt>
          <dd>{isTime(value) ? <Time at={value} /> : plain(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
}

/** `wouldLose` as `would lose`. */
function label(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function plain(value: unknown): string {
  if (typeof value === "number") return exact(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

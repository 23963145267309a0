import type { Numbers, Page, ParkedGroup, SourceShown, StatusOfSome } from "../answers.ts";
import {
  answerClasses,
  dayFigures,
  dayQuery,
  parkedOf,
  rateFigures,
  recentQuery,
  workFigures,
  worksOf,
  type Figures,
} from "../figures.ts";
import { needsOf, type Need } from "../needs.ts";
import { State, StoreAndSpool, Table, Terminal, Time, Trouble } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, exact } from "../words.ts";
import { readGroups } from "./parked.tsx";
import { SourcesShown } from "./overview-sources.tsx";
import { WorkShown } from "./overview-work.tsx";

const groupsMax = 5;

export interface OverviewShown {
  readonly status: Asked<StatusOfSome>;
  readonly parked: Asked<Page<ParkedGroup>>;
  readonly sources: Asked<{ readonly items: readonly SourceShown[] }>;
  /** Of the last day. */
  readonly numbers: Asked<Numbers>;
  /** Of the last minutes, by workspace. */
  readonly recent: ReadonlyMap<string, Asked<Numbers>>;
}

export async function readOverview(view: View): Promise<OverviewShown> {
  const isOfAll = view.destination === "" && view.destinations.length > 0;
  const query = recentQuery(view.now);
  const recent = (isOfAll ? view.destinations : [""]).map(async (destination) => {
    const asked = { ...query, ...(destination === "" ? {} : { destination }) };
    return [destination, await view.ask<Numbers>("/numbers", { query: asked })] as const;
  });
  const [status, parked, sources, numbers, ...recents] = await Promise.all([
    view.ask<StatusOfSome>("/status"),
    readGroups(view, "open", groupsMax),
    view.ask<{ items: readonly SourceShown[] }>("/sources"),
    view.ask<Numbers>("/numbers", { query: dayQuery }),
    ...recent,
  ]);
  return { status, parked, sources, numbers, recent: new Map(recents) };
}

export function Overview({ view, shown }: { readonly view: View; readonly shown: OverviewShown }) {
  const { status, recent, numbers } = shown;
  const day = numbers.ok ? numbers.body : undefined;
  if (!status.ok) {
    return (
      <>
        <h1>Overview</h1>
        <Trouble asked={status} />
      </>
    );
  }
  return (
    <>
      <h1>Overview</h1>
      <div data-live-overview>
        {worksOf(status.body).map((work) => {
          const asked = recent.get(work.destination);
          const figures = {
            ...workFigures(work, view.now),
            ...rateFigures(asked?.ok === true ? asked.body : undefined, view.now),
          };
          return <WorkShown view={view} work={work} figures={figures} />;
        })}
        <Beside status={status.body} />
      </div>
      <NeedsPerson
        view={view}
        needs={needsOf(status.body)}
        parked={shown.parked}
        parkedCount={parkedOf(status.body)}
      />
      <Traffic numbers={day} />
      <Answers figures={dayFigures(day)} />
      <SourcesShown view={view} sources={shown.sources} numbers={day} status={status.body} />
      <Terminal
        lines={["contact-relay status --watch", "contact-relay check", "contact-relay failures list"]}
      />
    </>
  );
}

function Beside({ status }: { readonly status: StatusOfSome }) {
  const { store, spool, bus = {} } = status;
  return (
    <dl class="facts">
      <StoreAndSpool store={store} spool={spool} />
      {Object.entries(bus).map(([source, { state, place, lag, message }]) => (
        <div>
          <dt>Bus of {source}</dt>
          <dd>
            <State word={state} /> {place}
            {lag === null ? null : `, ${counted(lag, "message")} behind`}
            {message === undefined ? null : `: ${message}`}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function NeedsPerson(props: {
  readonly view: View;
  readonly needs: readonly Need[];
  readonly parked: OverviewShown["parked"];
  readonly parkedCount: number;
}) {
  const { view, needs, parked, parkedCount } = props;
  return (
    <section aria-labelledby="needs">
      <h2 id="needs">What needs a person</h2>
      <ul class="plain needs" data-needs aria-live="polite">
        {needs.map(({ text, since, heading }) => (
          <li>
            {text} {since === null ? null : <Time at={since} />}{" "}
            <a href={`${href(view, "/runbook")}#${heading}`}>What to do</a>
          </li>
        ))}
      </ul>
      {parked.ok ? (
        <p class="empty" data-no-needs hidden={needs.length > 0}>
          {parked.body.items.length === 0 ? "Nothing parked needs a person." : "Nothing but what is parked."}
        </p>
      ) : (
        <Trouble asked={parked} />
      )}
      <p class="notice" data-parked={parkedCount} hidden>
        More was parked since this page was made: <a href={href(view, "/parked")}>look at it</a>.
      </p>
      <ParkedGroups view={view} parked={parked} />
    </section>
  );
}

function ParkedGroups({ view, parked }: { readonly view: View; readonly parked: OverviewShown["parked"] }) {
  if (!parked.ok || parked.body.items.length === 0) return null;
  return (
    <ul class="plain needs">
      {parked.body.items.map(({ key, reason, words, count, last, destination }) => (
        <li>
          <a
            href={href(
              view,
              "/parked",
              destination === undefined ? { group: key } : { group: key, destination },
            )}
          >
            {counted(count, "item")} parked: {reason}
          </a>{" "}
          {words} <Time at={last} />
        </li>
      ))}
    </ul>
  );
}

const drawn = ["accepted", "delivered", "parked"] as const;

/** A picture by the server, so that it is there without script; the script draws a larger one over it. */
function Traffic({ numbers }: { readonly numbers: Numbers | undefined }) {
  if (!numbers || numbers.series.length === 0) return null;
  const { series, total, from, to, stepMinutes } = numbers;
  const most = Math.max(1, ...series.map(({ accepted }) => accepted));
  const bars = series.flatMap(({ accepted }, index) => {
    const height = Math.round((accepted / most) * 58);
    return accepted === 0 ? [] : `M${index * 4} 60v-${height}h3v${height}z`;
  });
  return (
    <section aria-labelledby="traffic">
      <h2 id="traffic">Traffic</h2>
      <p>
        <Time at={from} /> to <Time at={to} />, in steps of {counted(stepMinutes, "minute")}:{" "}
        {drawn.map((name) => `${exact(total[name])} ${name}`).join(", ")}.
      </p>
      <div data-traffic class="plot">
        <svg
          viewBox={`0 0 ${series.length * 4} 60`}
          preserveAspectRatio="none"
          role="img"
          aria-label="Accepted, over time"
        >
          <path d={bars.join("")} />
        </svg>
      </div>
    </section>
  );
}

/** Rows of classes that nothing was answered with are there for the script, and not shown. */
function Answers({ figures }: { readonly figures: Figures }) {
  const isAsked = answerClasses.some(([name]) => figures[`answers ${name}`] !== "");
  return (
    <section aria-labelledby="answers">
      <h2 id="answers">Answers of the API, last day</h2>
      <dl class="facts">
        <div>
          <dt>From acceptance to delivery, about</dt>
          <dd>
            median <span data-live="|medianDay">{figures["medianDay"]}</span>, 95 % within{" "}
            <span data-live="|p95Day">{figures["p95Day"]}</span>
          </dd>
        </div>
      </dl>
      <p class="empty" data-none hidden={isAsked}>
        None yet.
      </p>
      <Table caption="Answers of the API" head={["Answer", "It", "Requests", "Share"]}>
        {answerClasses.map(([name, meaning]) => (
          <tr hidden={figures[`answers ${name}`] === ""} data-when={`|answers ${name}`}>
            <th scope="row">{name}</th>
            <td>{meaning}</td>
            <td class="number" data-live={`|answers ${name}`}>
              {figures[`answers ${name}`]}
            </td>
            <td class="number" data-live={`|share ${name}`}>
              {figures[`share ${name}`]}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

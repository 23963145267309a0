import type { EventLine, Page } from "../answers.ts";
import { eventsOf } from "../filled-pages.ts";
import { keptFields } from "../layout.tsx";
import { Empty, Pager, Ref, State, Table, Terminal, Time, Trouble } from "../parts.tsx";
import { fitsPattern, queryWords, readQuery, withWord, type EventQuery } from "../query.ts";
import { eventPage, href, type Asked, type View } from "../view.ts";
import { exact } from "../words.ts";

const pageSize = 50;
/** Of what is looked through for a pattern at once: little enough that a page stays short. */
const pageLeast = 10;
const searchedMax = 2_000;
const eventStates = ["waiting", "active", "delayed", "failed", "completed"];

export interface EventsShown {
  readonly text: string;
  readonly query: EventQuery;
  readonly page: Asked<Page<EventLine>>;
  /** How many were looked through, where that is more than what is shown. */
  readonly searched: number;
  readonly sources: readonly string[];
}

export async function readEvents(view: View): Promise<EventsShown> {
  const text = view.search.get("q") ?? "";
  const query = readQuery(text, view.now);
  const sources = await view.ask<{ items: readonly { source: string }[] }>("/sources");
  const names = sources.ok ? sources.body.items.map(({ source }) => source) : [];
  const found = await search(view, query, view.search.get("cursor") ?? undefined);
  return { text, query, sources: names, ...found };
}

/** A type with a star is sought within what the other words find, for as long as that stays quick. */
async function search(view: View, query: EventQuery, from: string | undefined) {
  const { type, source, state, contact, from: since, to } = query;
  const isPattern = type?.includes("*") === true;
  const exactly = { source, state, contact, from: since, to, ...(isPattern ? {} : { type }) };
  const items: EventLine[] = [];
  let cursor = from;
  let searched = 0;
  for (;;) {
    const page = await eventsOf(view, exactly, Math.max(pageLeast, pageSize - items.length), cursor);
    if (!page.ok) return { page, searched };
    searched += page.body.items.length;
    items.push(...page.body.items.filter((item) => !isPattern || fitsPattern(type ?? "", item.type)));
    const { next } = page.body;
    const isEnough = !isPattern || items.length >= pageSize;
    if (next === null || isEnough || searched >= searchedMax) {
      return { page: { ok: true as const, body: { items, next } }, searched };
    }
    cursor = next;
  }
}

export function Events({ view, shown }: { readonly view: View; readonly shown: EventsShown }) {
  const { text, query, page, sources, searched } = shown;
  const items = page.ok ? page.body.items : [];
  return (
    <>
      <h1>Events</h1>
      <form class="bar" action="/console/events" role="search" aria-label="Query" data-bar>
        {keptFields(view)}
        <input
          type="search"
          name="q"
          value={text}
          aria-label="Query"
          placeholder="source:shop state:failed type:orders/* since:24h"
          autocomplete="off"
          spellcheck={false}
          list="words"
          data-query
        />
        <datalist id="words">
          {[
            ...queryWords,
            ...sources.map((name) => `source:${name}`),
            ...eventStates.map((state) => `state:${state}`),
          ].map((word) => (
            <option value={word} />
          ))}
        </datalist>
        <button type="submit">Search</button>
      </form>
      {query.problems.map((problem) => (
        <p class="trouble" role="alert">
          {problem}
        </p>
      ))}
      <Facets view={view} text={text} name="state" values={eventStates} chosen={query.state} />
      <Facets view={view} text={text} name="source" values={sources.slice(0, 20)} chosen={query.source} />
      {page.ok ? null : <Trouble asked={page} />}
      <p class="live" data-live-events data-newest={items[0]?.id ?? ""} hidden></p>
      {searched > items.length ? (
        <p>
          {exact(items.length)} found in {exact(searched)} that were looked through
          {page.ok && page.body.next !== null ? "; older ones are on the next page." : ", which is all."}
        </p>
      ) : null}
      {page.ok && items.length === 0 ? (
        <Empty>No event fits. Older ones may be past their retention.</Empty>
      ) : null}
      {items.length === 0 ? null : <EventsTable view={view} events={items} />}
      {page.ok ? <Pager view={view} path="/events" next={page.body.next} /> : null}
      <Terminal
        lines={[
          `curl -H "Authorization: Bearer $ADMIN_TOKEN" '${view.address}/admin/events?${apiQuery(query)}'`,
        ]}
      />
    </>
  );
}

function apiQuery({
  source = "",
  state = "",
  type = "",
  contact = "",
  from = "",
  to = "",
}: EventQuery): string {
  const given = Object.entries({ source, state, type, contact, from, to }).filter(
    ([, value]) => value !== "",
  );
  return new URLSearchParams(given).toString();
}

export function EventsTable(props: { readonly view: View; readonly events: readonly EventLine[] }) {
  const head = ["Received", "State", "Source", "Type", "Contacts", "Outcome"];
  return (
    <Table caption="Events" head={head} rows="events">
      {props.events.map((event) => (
        <EventRow view={props.view} event={event} />
      ))}
    </Table>
  );
}

function EventRow({ view, event }: { readonly view: View; readonly event: EventLine }) {
  const { id, receivedAt, state, source, type, contacts, outcome, reason } = event;
  return (
    <tr data-row>
      <td>
        <a href={eventPage(view, id)} data-open>
          <Time at={receivedAt} />
        </a>
      </td>
      <td>
        <State word={state} />
      </td>
      <td>{source}</td>
      <td>{type}</td>
      <td>
        {contacts.map((contact, index) => (
          <>
            {index === 0 ? null : ", "}
            <Ref view={view} contact={contact} destination={event.destination} />
          </>
        ))}
      </td>
      <td>{reason ?? outcome}</td>
    </tr>
  );
}

function Facets(props: {
  readonly view: View;
  readonly text: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly chosen: string | undefined;
}) {
  const { view, text, name, values, chosen } = props;
  const link = (value: string | undefined) => href(view, "/events", { q: withWord(text, name, value) });
  return (
    <nav class="facets" aria-label={`By ${name}`}>
      <ul>
        <li>
          <a href={link(undefined)} aria-current={chosen === undefined ? "true" : undefined}>
            any {name}
          </a>
        </li>
        {values.map((value) => (
          <li>
            <a href={link(value)} aria-current={chosen === value ? "true" : undefined}>
              {value}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

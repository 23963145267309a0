import type { EventShown, FieldLine } from "../answers.ts";
import { fieldsOf } from "../answers.ts";
import { EventLink, Ref, State, Table, Trouble, Value, refText } from "../parts.tsx";
import { anchor, linesOf, originsOf, type Line } from "../payload.ts";
import { href, type Asked, type View } from "../view.ts";
import { Copies } from "./take-along.tsx";
import { barsOf, Waterfall } from "../waterfall.tsx";
import { acceptedAt, counted, duration, exact } from "../words.ts";

export interface EventPageShown {
  readonly id: string;
  readonly event: Asked<EventShown>;
  readonly retentionHours: number;
}

export async function readEvent(view: View, id: string, retentionHours: number): Promise<EventPageShown> {
  return { id, event: await view.ask<EventShown>(`/events/${encodeURIComponent(id)}`), retentionHours };
}

export function EventPage({ view, shown }: { readonly view: View; readonly shown: EventPageShown }) {
  const { event, id } = shown;
  if (!event.ok) return <EventGone view={view} shown={shown} status={event.status} message={event.message} />;
  const { body } = event;
  const { lines, more } = linesOf(body.payload);
  const isGone = body.withdrawn !== undefined;
  return (
    <>
      <h1>
        Event <span class="id">{id}</span>
      </h1>
      {isGone ? (
        <p class="notice">
          {body.withdrawn === "erased"
            ? "Erased: what this event told was deleted with its contact. Its duplicates are still refused."
            : "Dropped: its payload was deleted by an operator. Its duplicates are still refused."}
        </p>
      ) : null}
      <Head view={view} event={body} />
      <section aria-labelledby="way">
        <h2 id="way">What happened</h2>
        <Waterfall bars={barsOf(body)} />
      </section>
      {isGone ? null : <Actions view={view} event={body} />}
      <div class="sides" data-sides>
        <section aria-labelledby="payload">
          <h2 id="payload">Payload</h2>
          {isGone ? (
            <p>It is gone for good.</p>
          ) : (
            <Payload event={body} lines={lines} more={more} view={view} />
          )}
        </section>
        <section aria-labelledby="fields">
          <h2 id="fields">Fields</h2>
          <Fields event={body} lines={lines} />
        </section>
      </div>
      <Updates view={view} event={body} />
      <Copies view={view} event={body} />
    </>
  );
}

function Head({ view, event }: { readonly view: View; readonly event: EventShown }) {
  const { source, provider, type, state, outcome, reason, attempts, replay, warnings } = event;
  return (
    <>
      <p class="sentence">
        <State word={state} /> {outcome}
        {reason === undefined ? null : `: ${reason}`}
      </p>
      <dl class="facts">
        <div>
          <dt>Source</dt>
          <dd>
            <a href={href(view, `/sources/${encodeURIComponent(source)}`)}>{source}</a> ({provider})
          </dd>
        </div>
        <div>
          <dt>Type</dt>
          <dd>{type}</dd>
        </div>
        <div>
          <dt>Runs</dt>
          <dd>
            {counted(replay + 1, "run")}, mapping begun {counted(attempts, "time")} in this one
          </dd>
        </div>
        {event.destination === undefined ? null : (
          <div>
            <dt>Destination</dt>
            <dd>{event.destination}</dd>
          </div>
        )}
      </dl>
      {warnings.length === 0 ? null : (
        <ul class="warnings">
          {warnings.map(({ field, message }) => (
            <li>
              <strong>{field}</strong> was left out: {message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Payload(props: {
  readonly event: EventShown;
  readonly lines: readonly Line[];
  readonly more: boolean;
  readonly view: View;
}) {
  const { event, lines, more, view } = props;
  const fed = fedBy(event.mapping?.fields ?? [], lines);
  return (
    <>
      <div class="tree scroll" tabindex={0} role="region" aria-label="Payload, line by line">
        {lines.map(({ path, depth, name, value }) => {
          const fields = fed.get(path) ?? [];
          return (
            <div
              class={`line d${Math.min(depth, 12)}${fields.length > 0 ? " fed" : ""}`}
              id={anchor("payload", path)}
            >
              <span class="name">{name}</span>
              {value === undefined ? null : <span class="text">{value}</span>}
              {fields.map((field) => (
                <a class="to" href={`#${anchor("field", field)}`}>
                  {field}
                </a>
              ))}
            </div>
          );
        })}
      </div>
      {more ? (
        <p>
          Only the first {exact(lines.length)} lines are shown.{" "}
          <a href={jsonOf(view, event)}>All of it as JSON</a>
        </p>
      ) : null}
    </>
  );
}

/** As masked as the page is. */
function jsonOf(view: View, { id, destination = view.destination }: EventShown): string {
  const query = new URLSearchParams({
    ...(destination === "" ? {} : { destination }),
    ...(view.isShown ? {} : { personal: "masked" }),
  });
  return `/admin/events/${id}?${query.toString()}`;
}

function fedBy(fields: readonly FieldLine[], lines: readonly Line[]): ReadonlyMap<string, readonly string[]> {
  const fed = new Map<string, string[]>();
  for (const { field, from } of fields) {
    if (from === undefined) continue;
    for (const { path } of originsOf(from, lines)) fed.set(path, [...(fed.get(path) ?? []), field]);
  }
  return fed;
}

function Fields({ event, lines }: { readonly event: EventShown; readonly lines: readonly Line[] }) {
  const fates = new Map(event.updates.flatMap(({ fields }) => Object.entries(fields)));
  const { mapping } = event;
  if (!mapping || mapping.fields.length === 0) return <p>Nothing was made of it.</p>;
  return (
    <>
      <Table caption="Fields" head={["Field", "From", "Was", "Became", "What became of it"]}>
        {mapping.fields.map(({ field, from, was, became, note, why }) => {
          const [origin] = from === undefined ? [] : originsOf(from, lines);
          const fate = fates.get(field);
          return (
            <tr id={anchor("field", field)}>
              <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
              <td>
                {origin === undefined ? (
                  <code>{from}</code>
                ) : (
                  <a href={`#${anchor("payload", origin.path)}`}>
                    <code>{from}</code>
                  </a>
                )}
              </td>
              <td>
                <Value value={was} />
              </td>
              <td>
                {became === undefined ? null : <Value value={became} />} {why ?? note}
              </td>
              <td>
                {fate === undefined ? null : <State word={fate.state} />}
                {fate?.state === "superseded" ? (
                  <a href={`/console/events/${fate.by}`}> by a newer event</a>
                ) : null}
              </td>
            </tr>
          );
        })}
      </Table>
      {mapping.unusedAnswers.length === 0 ? null : (
        <p>Answers that no field was made of: {mapping.unusedAnswers.join(", ")}.</p>
      )}
    </>
  );
}

function Updates({ view, event }: { readonly view: View; readonly event: EventShown }) {
  if (event.updates.length === 0) return null;
  return (
    <section aria-labelledby="updates">
      <h2 id="updates">Updates</h2>
      {event.updates.map(({ contact, patch, fields }) => (
        <>
          <h3>
            <Ref view={view} contact={contact} destination={event.destination} />
          </h3>
          <Table caption={`Update of ${refText(contact)}`} head={["Field", "Value", "What became of it"]}>
            {[...fieldsOf(patch)].map(([field, value]) => {
              const fate = fields[field];
              return (
                <tr>
                  <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
                  <td>
                    <Value value={value} />
                  </td>
                  <td>
                    {fate === undefined ? null : <State word={fate.state} />}
                    {fate?.state === "superseded" ? (
                      <>
                        {" by "}
                        <EventLink view={view} id={fate.by} />
                      </>
                    ) : null}
                  </td>
                </tr>
              );
            })}
          </Table>
        </>
      ))}
    </section>
  );
}

function Actions({ view, event }: { readonly view: View; readonly event: EventShown }) {
  const isDone = event.state === "completed" || event.state === "failed";
  return (
    <p class="actions">
      {view.role === "operator" && isDone ? (
        <a class="button" href={href(view, `/events/${event.id}/replay`, { destination: event.destination })}>
          Replay: show the difference first
        </a>
      ) : null}
      {view.role === "operator" ? (
        <a
          class="button"
          href={href(view, "/playground", { event: event.id, destination: event.destination })}
        >
          Open in the playground
        </a>
      ) : null}
    </p>
  );
}

function EventGone(props: {
  readonly view: View;
  readonly shown: EventPageShown;
  readonly status: number;
  readonly message: string;
}) {
  const { view, shown, status, message } = props;
  const { id, retentionHours } = shown;
  if (status !== 404) return <Trouble asked={{ ok: false, status, message }} />;
  const at = acceptedAt(id);
  const age = at === undefined ? undefined : view.now - at;
  const isPast = age !== undefined && age > 0 && age < 20 * 365 * 86_400_000;
  return (
    <>
      <h1>
        Event <span class="id">{id}</span>
      </h1>
      <p class="notice">
        {isPast && age > retentionHours * 3_600_000
          ? `Retention over: it was accepted ${duration(age)} ago, and finished events are kept for ${exact(retentionHours)} h.`
          : isPast
            ? "It is not kept here any more: more finished events came than RETENTION_EVENTS keeps; or another relay accepted it."
            : "No event has this id."}
      </p>
      <p>
        <a href={href(view, "/events")}>All events that are kept</a>
      </p>
    </>
  );
}

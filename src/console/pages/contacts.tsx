import type { Contact, Erasure, EventLine, Page } from "../answers.ts";
import { keptFields } from "../layout.tsx";
import {
  Empty,
  EventLink,
  Pager,
  refText,
  State,
  Table,
  Terminal,
  Time,
  Trouble,
  Updates,
} from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, duration } from "../words.ts";
import { EventsTable } from "./events.tsx";

export function Contacts({ view, problem }: { readonly view: View; readonly problem?: string | undefined }) {
  return (
    <>
      <h1>Contacts</h1>
      <form class="bar" action="/console/find">
        {keptFields(view)}
        <input type="hidden" name="what" value="contact" />
        <input
          type="search"
          name="q"
          aria-label="Reference of a contact"
          placeholder="ada@example.com, +60123456789, id:123"
          autocomplete="off"
        />
        <button type="submit">Look up</button>
      </form>
      {problem === undefined ? null : (
        <p class="trouble" role="alert">
          {problem}
        </p>
      )}
      <p>
        A contact is named as the API names it: <code>email:</code>, <code>phone:</code> or <code>id:</code>.
        The values that it has are kept at the API alone; here is which event set each of them, and by which
        request.
      </p>
      <Terminal lines={["contact-relay contact show email:ada@example.com"]} />
    </>
  );
}

export interface ContactShown {
  readonly ref: string;
  readonly contact: Asked<Contact>;
  readonly events: Asked<Page<EventLine>>;
}

export async function readContact(view: View, ref: string): Promise<ContactShown> {
  const [contact, events] = await Promise.all([
    view.ask<Contact>(`/contacts/${encodeURIComponent(ref)}`),
    view.ask<Page<EventLine>>("/events", {
      query: { contact: ref, limit: 25, cursor: view.search.get("cursor") ?? undefined },
    }),
  ]);
  return { ref, contact, events };
}

export function ContactPage(props: {
  readonly view: View;
  readonly shown: ContactShown;
  readonly problem?: string | undefined;
}) {
  const { view, shown, problem } = props;
  const { contact, events, ref } = shown;
  const items = events.ok ? events.body.items : [];
  return (
    <>
      <h1>
        Contact <span class="id">{refText(contact.ok ? contact.body.contact : ref)}</span>
      </h1>
      {contact.ok ? (
        <Known view={view} contact={contact.body} />
      ) : (
        <Unknown asked={contact} events={items.length} />
      )}
      {items.length > 0 ? (
        <section aria-labelledby="events">
          <h2 id="events">Events that spoke of it</h2>
          <EventsTable view={view} events={items} />
          {events.ok ? (
            <Pager view={view} path={`/contacts/${encodeURIComponent(ref)}`} next={events.body.next} />
          ) : null}
        </section>
      ) : null}
      {view.role === "operator" && (contact.ok || items.length > 0) ? (
        <Erase
          view={view}
          refAsked={ref}
          linked={contact.ok ? (contact.body.linked ?? []) : []}
          problem={problem}
        />
      ) : null}
    </>
  );
}

function Unknown(props: { readonly asked: Extract<Asked<unknown>, { ok: false }>; readonly events: number }) {
  if (props.asked.status !== 404) return <Trouble asked={props.asked} />;
  return (
    <p class="notice">
      {props.events > 0
        ? "Nothing waits for this contact, and nothing was delivered to it yet."
        : "Nothing is known of this contact: it never came, it was erased, or its retention is over."}
    </p>
  );
}

function Known({ view, contact }: { readonly view: View; readonly contact: Contact }) {
  const applied = Object.entries(contact.applied).flatMap(([field, origin]) =>
    origin ? [{ field, ...origin }] : [],
  );
  return (
    <>
      {contact.contactId === undefined ? null : (
        <p>
          The API knows it as contact <code>{contact.contactId}</code>
          {contact.linked?.length ? (
            <>
              , and takes these references for the same one: <References view={view} refs={contact.linked} />.
              They share what was applied.
            </>
          ) : (
            "."
          )}
        </p>
      )}
      <section aria-labelledby="applied">
        <h2 id="applied">Fields at the API, and the event that set each</h2>
        {applied.length === 0 ? (
          <Empty>Nothing was delivered yet.</Empty>
        ) : (
          <Table caption="Fields" head={["Field", "Set by", "As of"]}>
            {applied.map(({ field, eventId, stamp }) => (
              <tr>
                <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
                <td>
                  <EventLink view={view} id={eventId} />
                </td>
                <td>{stampTime(stamp)}</td>
              </tr>
            ))}
          </Table>
        )}
      </section>
      <section aria-labelledby="waits">
        <h2 id="waits">What waits</h2>
        {contact.waiting.length === 0 ? (
          <Empty>Nothing waits.</Empty>
        ) : (
          <Updates view={view} caption="What waits" updates={contact.waiting} />
        )}
      </section>
      <section aria-labelledby="requests">
        <h2 id="requests">Requests</h2>
        {contact.history.length === 0 ? (
          <Empty>No request was made for it yet.</Empty>
        ) : (
          <Table caption="Requests" head={["At", "Took", "Request", "Answer", "What came of it", "Fields"]}>
            {contact.history.map((note) => (
              <tr>
                <td>
                  <Time at={note.at} />
                </td>
                <td>{note.durationMs === undefined ? "" : duration(note.durationMs)}</td>
                <td>
                  {note.method} {refText(note.identifier)}
                </td>
                <td>{note.status ?? "none"}</td>
                <td>
                  <State word={note.outcome} /> {note.message}{" "}
                  {note.parkedId === undefined ? null : (
                    <a href={href(view, `/parked/${encodeURIComponent(note.parkedId)}`)}>parked item</a>
                  )}
                </td>
                <td>{note.fields.map(({ field }) => field).join(", ")}</td>
              </tr>
            ))}
          </Table>
        )}
      </section>
    </>
  );
}

function References({ view, refs }: { readonly view: View; readonly refs: readonly string[] }) {
  return (
    <>
      {refs.map((ref, index) => (
        <>
          {index === 0 ? "" : ", "}
          <a href={href(view, `/contacts/${encodeURIComponent(ref)}`)}>{refText(ref)}</a>
        </>
      ))}
    </>
  );
}

/** A stamp begins with the event's time. */
function stampTime(stamp: string) {
  const ms = Number(/^(\d{1,15})-/.exec(stamp)?.[1]);
  return Number.isFinite(ms) ? <Time at={new Date(ms).toISOString()} /> : stamp;
}

function Erase(props: {
  readonly view: View;
  readonly refAsked: string;
  readonly linked: readonly string[];
  readonly problem: string | undefined;
}) {
  const { view, refAsked, linked, problem } = props;
  return (
    <section aria-labelledby="erase" class="danger">
      <h2 id="erase">Erase</h2>
      <p>
        This removes every trace of the contact here: what its events told, what waits, what is parked, which
        event set which field. It cannot be undone. It does not reach the API, the senders, backups of the
        store, or logs, which hold no personal data. Duplicates of its events stay refused.
      </p>
      <form method="post" action={`/console/contacts/${encodeURIComponent(refAsked)}/erase`}>
        {keptFields(view)}
        {linked.length === 0 ? null : (
          <label>
            <input type="checkbox" name="person" value="true" /> The whole person: with{" "}
            {counted(linked.length, "linked reference")}
          </label>
        )}
        <label for="typed">Type the whole reference, such as email:ada@example.com</label>
        <input id="typed" name="typed" autocomplete="off" spellcheck={false} required />
        {problem === undefined ? null : (
          <p class="trouble" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="drop">
          Erase this contact
        </button>
      </form>
      <Terminal lines={["contact-relay contact erase email:ada@example.com"]} />
    </section>
  );
}

export function Erased({ view, erased }: { readonly view: View; readonly erased: Erasure }) {
  const { events, linked } = erased;
  return (
    <>
      <h1>Erased</h1>
      <p class="notice">
        Nothing of this contact is left here. {counted(events, "event")} had spoken of it; what they told is
        gone. At the API it stays as it is.
      </p>
      {linked.length === 0 ? null : (
        <p class="notice">
          The API takes these for the same contact, and what is known by them is still here:{" "}
          <References view={view} refs={linked} />
        </p>
      )}
      <p>
        <a href={href(view, "/contacts")}>Look up another contact</a>
      </p>
    </>
  );
}

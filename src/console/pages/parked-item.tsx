import type { ParkedItem } from "../answers.ts";
import { keptFields } from "../layout.tsx";
import { advice } from "../parked-groups.ts";
import { EventLink, Ref, State, Terminal, Time, Trouble, Updates } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, exact } from "../words.ts";

export interface ParkedItemShown {
  readonly id: string;
  readonly item: Asked<ParkedItem>;
}

export async function readParkedItem(view: View, id: string): Promise<ParkedItemShown> {
  return { id, item: await view.ask<ParkedItem>(`/failures/${encodeURIComponent(id)}`) };
}

export function ParkedItemPage({ view, shown }: { readonly view: View; readonly shown: ParkedItemShown }) {
  const { item, id } = shown;
  if (!item.ok) {
    return (
      <>
        <h1>
          Parked <span class="id">{id}</span>
        </h1>
        {item.status === 404 ? (
          <p class="notice">
            Nothing is parked under this id any more: it was retried, dropped, or its contact was erased.
          </p>
        ) : (
          <Trouble asked={item} />
        )}
        <p>
          <a href={href(view, "/parked")}>Everything that is parked</a>
        </p>
      </>
    );
  }
  const { body } = item;
  const of = body.destination ?? view.destination;
  const whose = of === "" ? "" : ` --destination ${of}`;
  return (
    <>
      <h1>
        Parked <span class="id">{id}</span>
      </h1>
      <p class="sentence">
        <State word="parked" /> {body.reason}
        {body.message === undefined ? null : `: ${body.message}`}
      </p>
      <p>{advice(body.reason)}</p>
      <dl class="facts">
        <div>
          <dt>Parked</dt>
          <dd>
            <Time at={body.at} />
          </dd>
        </div>
        <div>
          <dt>Attempts</dt>
          <dd>{exact(body.attempts)}</dd>
        </div>
        {body.status === undefined ? null : (
          <div>
            <dt>The API's status</dt>
            <dd>{body.status}</dd>
          </div>
        )}
        {body.contact === undefined ? null : (
          <div>
            <dt>Contact</dt>
            <dd>
              <Ref view={view} contact={body.contact} destination={body.destination} />
            </dd>
          </div>
        )}
        {body.kind === "event" ? (
          <div>
            <dt>Event</dt>
            <dd>
              <EventLink view={view} id={body.id} />
            </dd>
          </div>
        ) : null}
      </dl>
      {body.updates === undefined ? null : (
        <section aria-labelledby="would">
          <h2 id="would">What a retry would deliver</h2>
          <Updates view={view} caption="What a retry would deliver" updates={body.updates} />
        </section>
      )}
      {view.role === "operator" ? (
        <form method="post" action="/console/parked/act" class="actions">
          {keptFields(view)}
          <input type="hidden" name="id" value={id} />
          {of === "" ? null : <input type="hidden" name="of" value={of} />}
          <button type="submit" name="act" value="retry" class="main">
            Retry
          </button>
          <button type="submit" name="act" value="drop" class="drop">
            Drop …
          </button>
        </form>
      ) : null}
      <Terminal
        lines={[`contact-relay failures show ${id}${whose}`, `contact-relay failures retry ${id}${whose}`]}
      />
    </>
  );
}

export interface ToDrop {
  readonly ids: readonly string[];
  readonly group: string;
  /** The workspace of all of them, where it is known. */
  readonly of: string;
}

/** A drop is for good: it is asked for twice, with its count. */
export function ConfirmDrop({ view, toDrop }: { readonly view: View; readonly toDrop: ToDrop }) {
  const { ids, group, of } = toDrop;
  return (
    <>
      <h1>Drop {counted(ids.length, "item")} for good?</h1>
      <p>
        What is dropped is never delivered, and cannot be brought back. Duplicates of its events stay refused.
      </p>
      <form method="post" action="/console/parked/act" class="actions">
        {keptFields(view)}
        <input type="hidden" name="act" value="drop" />
        <input type="hidden" name="sure" value={String(ids.length)} />
        <input type="hidden" name="group" value={group} />
        {of === "" ? null : <input type="hidden" name="of" value={of} />}
        {ids.map((id) => (
          <input type="hidden" name="id" value={id} />
        ))}
        <button type="submit" class="drop">
          Drop {counted(ids.length, "item")}
        </button>{" "}
        <a href={href(view, "/parked", of === "" ? { group } : { group, destination: of })}>Keep them</a>
      </form>
    </>
  );
}

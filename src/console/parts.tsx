import type { Child } from "hono/jsx";
import { fieldsOf, type Patch, type StatusOfSome } from "./answers.ts";
import type { Asked, View } from "./view.ts";
import { contactPage, eventPage, href } from "./view.ts";
import { counted, exact, stateClass, utc, valueText } from "./words.ts";

/** The script puts the reader's own time beside it. */
export function Time({ at }: { readonly at: string }) {
  return <time datetime={at}>{utc(at).slice(0, 19)} UTC</time>;
}

/** A masked reference is read up to its seal. */
export function refText(ref: string): string {
  return ref.replace(/:~[\w-]{17,}$/, ":•••").replace(/~[\w-]{17,}$/, "");
}

export function Ref(props: {
  readonly view: View;
  readonly contact: string;
  readonly destination?: string | undefined;
}) {
  const { view, contact, destination } = props;
  return <a href={contactPage(view, contact, destination)}>{refText(contact)}</a>;
}

export function EventLink({ view, id }: { readonly view: View; readonly id: string }) {
  return (
    <a class="id" href={eventPage(view, id)}>
      {id}
    </a>
  );
}

/** A word, with a colour that says nothing more than the word does. */
export function State({ word, live }: { readonly word: string; readonly live?: string }) {
  return (
    <span class={stateClass(word)} data-live={live}>
      {word}
    </span>
  );
}

export function Value({ value }: { readonly value: unknown }) {
  return (
    <span class={value === undefined || value === null ? "value none" : "value"}>{valueText(value)}</span>
  );
}

/** A table that scrolls by itself where it is too wide. */
export function Table(props: {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows?: string;
  readonly children?: Child;
}) {
  const { caption, head, rows, children } = props;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={`Table: ${caption}`}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {head.map((name) => (
              <th scope="col">{name === "" ? <span class="hidden">Choose</span> : name}</th>
            ))}
          </tr>
        </thead>
        <tbody data-rows={rows}>{children}</tbody>
      </table>
    </div>
  );
}

export function Empty({ children }: { readonly children?: Child }) {
  return <p class="empty">{children}</p>;
}

/** The same question in a terminal. */
export function Terminal({ lines }: { readonly lines: readonly string[] }) {
  return (
    <details class="terminal">
      <summary>In a terminal</summary>
      <pre tabindex={0}>{lines.join("\n")}</pre>
    </details>
  );
}

export function Trouble({ asked }: { readonly asked: Extract<Asked<unknown>, { ok: false }> }) {
  return (
    <p class="trouble" role="alert">
      {asked.message} ({asked.status})
    </p>
  );
}

export function Pager(props: { readonly view: View; readonly path: string; readonly next: string | null }) {
  const { view, path, next } = props;
  const search = Object.fromEntries(view.search);
  const isFirst = view.search.get("cursor") === null;
  return (
    <nav class="pager" aria-label="Pages of this list">
      {isFirst ? null : <a href={href(view, path, { ...search, cursor: undefined })}>Newest</a>}
      {next === null ? null : (
        <a rel="next" href={href(view, path, { ...search, cursor: next })}>
          Older
        </a>
      )}
    </nav>
  );
}

/** Two entries of a list of facts. */
export function StoreAndSpool({ store, spool }: Pick<StatusOfSome, "store" | "spool">) {
  return (
    <>
      <div>
        <dt>Store</dt>
        <dd>
          {store.engine} <State word={store.ok ? "ok" : "away"} />
          {store.ok && store.refuses !== undefined ? ` It refuses new events: ${store.refuses}` : null}
        </dd>
      </div>
      <div>
        <dt>Spool</dt>
        <dd>
          {spool.events === 0 ? "empty" : `${counted(spool.events, "event")}, ${exact(spool.bytes)} bytes`}
        </dd>
      </div>
    </>
  );
}

/** What updates say, a line for each field. */
export function Updates(props: {
  readonly view: View;
  readonly caption: string;
  readonly updates: readonly { readonly eventId: string; readonly patch: Patch }[];
}) {
  const { view, caption, updates } = props;
  return (
    <Table caption={caption} head={["Event", "Field", "Value"]}>
      {updates.flatMap(({ eventId, patch }) =>
        [...fieldsOf(patch)].map(([field, value]) => (
          <tr>
            <td>
              <EventLink view={view} id={eventId} />
            </td>
            <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
            <td>
              <Value value={value} />
            </td>
          </tr>
        )),
      )}
    </Table>
  );
}

import type { Page, ParkedGroup, ParkedItem } from "../answers.ts";
import { filledPage } from "../filled-pages.ts";
import { keptFields } from "../layout.tsx";
import { advice } from "../parked-groups.ts";
import { Empty, Ref, State, Table, Terminal, Time, Trouble } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, exact } from "../words.ts";

const groupsMax = 20;
const itemsMax = 100;
/** A retry or a drop of a whole group takes so many at once. */
export const actMax = 1_000;
type Groups = Page<ParkedGroup>;

export type ParkedShown =
  | { readonly kind: "trouble"; readonly asked: Extract<Asked<unknown>, { ok: false }> }
  | { readonly kind: "gone" }
  | { readonly kind: "group"; readonly group: ParkedGroup; readonly items: Page<ParkedItem> }
  | {
      readonly kind: "groups";
      readonly open: Groups;
      /** Acknowledged or muted. */
      readonly quiet: Groups;
      readonly isFirst: boolean;
    };

export async function readParked(view: View): Promise<ParkedShown> {
  const key = view.search.get("group");
  return key === null ? await readAll(view) : await readOne(view, key);
}

async function readAll(view: View): Promise<ParkedShown> {
  const cursor = view.search.get("cursor") ?? "";
  const [open, quiet] = await Promise.all([
    readGroups(view, "open", groupsMax, cursor),
    readGroups(view, "acknowledged,muted", groupsMax),
  ]);
  if (!open.ok) return { kind: "trouble", asked: open };
  if (!quiet.ok) return { kind: "trouble", asked: quiet };
  return { kind: "groups", open: open.body, quiet: quiet.body, isFirst: cursor === "" };
}

/** Of all workspaces where none is chosen. */
export async function readGroups(
  view: View,
  state: string,
  wanted: number,
  from = "",
): Promise<Asked<Page<ParkedGroup>>> {
  return await filledPage(view, "/failures/groups", { state }, wanted, from);
}

async function readOne(view: View, key: string): Promise<ParkedShown> {
  const query = { group: key, limit: itemsMax, cursor: view.search.get("cursor") ?? "" };
  const [group, items] = await Promise.all([
    view.ask<ParkedGroup>(`/failures/groups/${encodeURIComponent(key)}`),
    view.ask<Page<ParkedItem>>("/failures", { query }),
  ]);
  if (!group.ok) return group.status === 404 ? { kind: "gone" } : { kind: "trouble", asked: group };
  if (!items.ok) return { kind: "trouble", asked: items };
  return { kind: "group", group: group.body, items: items.body };
}

export function Parked({ view, shown }: { readonly view: View; readonly shown: ParkedShown }) {
  return (
    <>
      <h1>Parked</h1>
      <p>
        Set aside for a person. Nothing leaves it but by a retry or a drop, and a retry never overwrites
        anything newer.
      </p>
      <ParkedBody view={view} shown={shown} />
      <Terminal lines={["contact-relay failures groups", "contact-relay failures retry --all"]} />
    </>
  );
}

function ParkedBody({ view, shown }: { readonly view: View; readonly shown: ParkedShown }) {
  switch (shown.kind) {
    case "trouble":
      return <Trouble asked={shown.asked} />;
    case "gone":
      return (
        <>
          <AllGroups view={view} />
          <p class="notice">This group has nothing parked any more.</p>
        </>
      );
    case "group":
      return <GroupShown view={view} group={shown.group} items={shown.items} />;
    case "groups": {
      const { open, quiet, isFirst } = shown;
      const isQuiet = quiet.items.length > 0;
      return (
        <>
          {isFirst ? null : <AllGroups view={view} />}
          {open.items.length > 0 ? null : (
            <Empty>{isQuiet ? "Nothing parked needs a person." : "Nothing is parked."}</Empty>
          )}
          {open.items.map((group) => (
            <GroupHead view={view} group={group} />
          ))}
          {open.next === null ? null : (
            <p>
              <a href={href(view, "/parked", { cursor: open.next })}>Older groups</a>
            </p>
          )}
          {isFirst ? <Folded view={view} groups={quiet} /> : null}
        </>
      );
    }
  }
}

function AllGroups({ view }: { readonly view: View }) {
  return (
    <p>
      <a href={href(view, "/parked")}>All groups</a>
    </p>
  );
}

/** They need nobody, so they stand below and closed. */
function Folded({ view, groups }: { readonly view: View; readonly groups: Groups }) {
  const { items, next } = groups;
  if (items.length === 0) return null;
  const parked = items.reduce((sum, { count }) => sum + count, 0);
  return (
    <details class="folded">
      <summary>
        Acknowledged or muted: {counted(items.length, "group")}
        {next === null ? "" : " and more"}, {counted(parked, "item")}
      </summary>
      {items.map((group) => (
        <GroupHead view={view} group={group} />
      ))}
      {next === null ? null : (
        <p>
          These are the newest {exact(items.length)}: <code>contact-relay failures groups</code> has all.
        </p>
      )}
    </details>
  );
}

interface OfGroup {
  readonly view: View;
  readonly group: ParkedGroup;
}

function GroupHead({ view, group, isAlone = false }: OfGroup & { readonly isAlone?: boolean }) {
  const { key, count, reason, fields, words = "", status, first, last, sources, destination } = group;
  const of = destination === undefined ? {} : { destination };
  return (
    <section class="group" aria-label={`${reason} ${words}`}>
      <h2>
        <a href={href(view, "/parked", { group: key, ...of })}>
          {counted(count, "item")}: {reason}
        </a>
        {fields.length === 0 ? null : <span class="fine"> {fields.join(", ")}</span>}
        {destination === undefined ? null : <span class="fine"> of {destination}</span>}
      </h2>
      {words === "" ? null : (
        <p>
          {status === undefined ? null : <code>{status}</code>} {words}
        </p>
      )}
      <p class="fine">
        First <Time at={first} />, last <Time at={last} />
        {sources.length === 0 ? null : `, from ${sources.join(", ")}`}
        {isAlone ? null : (
          <>
            , <a href={href(view, `/parked/${encodeURIComponent(group.sample)}`, of)}>a sample</a>
          </>
        )}
      </p>
      <Mark group={group} />
      <p>{advice(reason)}</p>
      {view.role === "operator" ? <GroupActions view={view} group={group} isAlone={isAlone} /> : null}
    </section>
  );
}

/** What was said of it, by whom and when. */
function Mark({ group: { state, mark } }: { readonly group: ParkedGroup }) {
  if (!mark || (state === "open" && mark.reopenedAt === undefined && mark.until === undefined)) return null;
  const note = mark.note === undefined ? null : <>: {mark.note}</>;
  const said = (
    <>
      by {mark.by}, <Time at={mark.at} />
    </>
  );
  switch (state) {
    case "acknowledged":
      return (
        <p>
          <State word="acknowledged" /> {said}, until something new is parked in it{note}
        </p>
      );
    case "muted":
      return (
        <p>
          <State word="muted" /> {said},{" "}
          {mark.until === undefined ? (
            "for good"
          ) : (
            <>
              until <Time at={mark.until} />
            </>
          )}
          {note}
        </p>
      );
    case "open":
      return (
        <p>
          <State word="open again" />{" "}
          {mark.reopenedAt === undefined ? (
            "because its time is over"
          ) : (
            <>
              since something new was parked in it, <Time at={mark.reopenedAt} />
            </>
          )}
          ; it was acknowledged or muted {said}
          {note}
        </p>
      );
  }
}

function GroupActions({ view, group, isAlone }: OfGroup & { readonly isAlone: boolean }) {
  const { count, state } = group;
  const all = count > actMax ? `${exact(actMax)} of ${exact(count)}` : `all ${exact(count)}`;
  return (
    <>
      <form method="post" action="/console/parked/act" class="actions">
        <Whose view={view} group={group} />
        <input type="hidden" name="scope" value="group" />
        <input type="hidden" name="upto" value={group.last} />
        <button type="submit" name="act" value="retry">
          Retry {all}
        </button>
        <button type="submit" name="act" value="drop" class="drop">
          Drop {all} …
        </button>
      </form>
      <form method="post" action="/console/parked/mark" class="actions">
        <Whose view={view} group={group} />
        {isAlone ? (
          <label>
            Note (name nobody) <input name="note" maxlength={200} value={group.mark?.note} />
          </label>
        ) : null}
        {state === "acknowledged" ? null : (
          <button type="submit" name="state" value="acknowledged">
            Acknowledge
          </button>
        )}
        {state === "open" ? null : (
          <button type="submit" name="state" value="open">
            Open again
          </button>
        )}
        {state === "muted" && !isAlone ? null : (
          <>
            <button type="submit" name="state" value="muted">
              Mute
            </button>
            <select name="for" aria-label="Mute for how long">
              <option value="1">for a day</option>
              <option value="7">for 7 days</option>
              <option value="">for good</option>
            </select>
          </>
        )}
      </form>
    </>
  );
}

/** Which group a form is about, and of which workspace. */
function Whose({ view, group: { key, destination } }: OfGroup) {
  return (
    <>
      {keptFields(view)}
      <input type="hidden" name="group" value={key} />
      {destination === undefined ? null : <input type="hidden" name="of" value={destination} />}
    </>
  );
}

function GroupShown({ view, group, items }: OfGroup & { readonly items: Page<ParkedItem> }) {
  const { count, key } = group;
  const shown = items.items;
  const table = (
    <>
      <Table
        caption="Parked items"
        head={["", "Parked", "Item", "Contact", "Source", "Attempts", "Words"]}
        rows="parked"
      >
        {shown.map((item) => (
          <tr data-row>
            <td>
              {view.role === "operator" ? (
                <input type="checkbox" name="id" value={item.id} aria-label={`Choose ${item.id}`} />
              ) : null}
            </td>
            <td>
              <Time at={item.at} />
            </td>
            <td>
              <a
                class="id"
                href={href(view, `/parked/${encodeURIComponent(item.id)}`, {
                  destination: item.destination ?? group.destination,
                })}
                data-open
              >
                {item.id}
              </a>
            </td>
            <td>
              {item.contact === undefined ? null : (
                <Ref view={view} contact={item.contact} destination={item.destination} />
              )}
            </td>
            <td>{item.source}</td>
            <td class="number">{exact(item.attempts)}</td>
            <td>{item.message}</td>
          </tr>
        ))}
      </Table>
      {items.next === null && shown.length === count ? null : (
        <p>
          {exact(shown.length)} of {exact(count)} are shown; the buttons above are for all of them.{" "}
          {items.next === null ? null : (
            <a href={href(view, "/parked", { group: key, cursor: items.next })}>Older items</a>
          )}
        </p>
      )}
    </>
  );
  return (
    <>
      <AllGroups view={view} />
      <GroupHead view={view} group={group} isAlone />
      {view.role === "operator" ? (
        <form method="post" action="/console/parked/act">
          <Whose view={view} group={group} />
          {table}
          <p class="actions">
            <button type="submit" name="act" value="retry">
              Retry the chosen
            </button>
            <button type="submit" name="act" value="drop" class="drop">
              Drop the chosen …
            </button>
          </p>
        </form>
      ) : (
        table
      )}
    </>
  );
}

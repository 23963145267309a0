import type { EventShown, PreviewShown } from "../answers.ts";
import { fieldsOf } from "../answers.ts";
import { keptFields } from "../layout.tsx";
import { Ref, Table, Terminal, Time, Trouble, Value } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, exact, valueText } from "../words.ts";

export interface ReplayShown {
  readonly event: Asked<EventShown>;
  readonly preview: Asked<PreviewShown>;
  /** Fields that would have another value; masked ones can look the same. */
  readonly changed: ReadonlySet<string>;
  readonly isElsewhere: boolean;
}

export async function readReplay(view: View, id: string): Promise<ReplayShown> {
  const both = async (personal: string) => {
    const path = `/events/${encodeURIComponent(id)}`;
    const event = await view.ask<EventShown>(path, { query: { personal } });
    const destination = event.ok ? event.body.destination : undefined;
    const question = { method: "POST", query: { personal, destination }, body: { event: id } } as const;
    return { event, preview: await view.ask<PreviewShown>("/preview", question) };
  };
  const plain = await both("");
  const shown = view.isShown ? plain : await both("masked");
  const was = plain.event.ok ? plain.event.body.updates[0] : undefined;
  const next = plain.preview.ok ? plain.preview.body.updates[0] : undefined;
  const [before, after] = [was, next].map((update) =>
    update ? fieldsOf(update.patch) : new Map<string, unknown>(),
  );
  const names = [...(before?.keys() ?? []), ...(after?.keys() ?? [])];
  return {
    ...shown,
    changed: new Set(names.filter((name) => valueText(before?.get(name)) !== valueText(after?.get(name)))),
    isElsewhere: was !== undefined && next !== undefined && was.contact !== next.contact,
  };
}

/** What a replay would change, before anything is done. */
export function ReplayPage({ view, shown }: { readonly view: View; readonly shown: ReplayShown }) {
  const { event, preview, isElsewhere } = shown;
  if (!event.ok) return <Trouble asked={event} />;
  const { body } = event;
  const [was] = body.updates;
  const [next] = preview.ok ? preview.body.updates : [];
  const before = was ? fieldsOf(was.patch) : new Map<string, unknown>();
  const after = next ? fieldsOf(next.patch) : new Map<string, unknown>();
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const lost = new Set(
    Object.entries(was?.fields ?? {})
      .filter(([, { state }]) => state === "superseded")
      .map(([field]) => field),
  );
  const changed = names.filter((name) => shown.changed.has(name));
  return (
    <>
      <h1>
        Replay <span class="id">{body.id}</span>
      </h1>
      <p>
        It is mapped again with the current mapping. It wins over its own earlier run, never over newer
        events.
      </p>
      {preview.ok ? (
        <>
          <p class="sentence">
            {next
              ? `${counted(changed.length, "field")} of ${exact(names.length)} would be another value than in the run before.`
              : `It would become: ${preview.body.events[0]?.outcome ?? "nothing"} ${preview.body.events[0]?.reason ?? ""}`}
          </p>
          {was && next && isElsewhere ? (
            <p class="notice">
              It would go to <Ref view={view} contact={next.contact} />, not to{" "}
              <Ref view={view} contact={was.contact} />.
            </p>
          ) : null}
          <Table caption="The difference" head={["Field", "Before", "Now", "What would come of it"]}>
            {names.map((name) => (
              <tr class={changed.includes(name) ? "changed" : undefined}>
                <th scope="row">{name.replace(/^custom_fields\./, "")}</th>
                <td>
                  <Value value={before.get(name)} />
                </td>
                <td>
                  <Value value={after.get(name)} />
                </td>
                <td>
                  {lost.has(name)
                    ? "loses to a newer event"
                    : changed.includes(name)
                      ? "changes"
                      : "the same"}
                </td>
              </tr>
            ))}
          </Table>
        </>
      ) : (
        <Trouble asked={preview} />
      )}
      {preview.ok ? (
        <form method="post" action={`/console/events/${body.id}/replay`} class="actions">
          {keptFields(view)}
          <button type="submit" class="main">
            Replay this event
          </button>{" "}
          <a href={href(view, `/events/${body.id}`)}>Leave it</a>
        </form>
      ) : null}
      <Terminal
        lines={[
          `curl -X POST -H "Authorization: Bearer $ADMIN_TOKEN" '${view.address}/admin/events/${body.id}/replay'`,
        ]}
      />
      <p class="fine">
        Accepted <Time at={body.receivedAt} />
      </p>
    </>
  );
}

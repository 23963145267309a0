import type { EventShown, PreviewShown } from "../answers.ts";
import { coreFields } from "../../contact/contact-patch.ts";
import { fieldsOf } from "../answers.ts";
import { keptFields } from "../layout.tsx";
import { Empty, Ref, State, Table, Terminal, Value } from "../parts.tsx";
import type { Asked, View } from "../view.ts";
import { counted, exact, valueText } from "../words.ts";
import { Copy } from "./take-along.tsx";
import { eventsOf } from "../filled-pages.ts";
import type { SourceFacts } from "../facts.ts";

/** What is in the form. */
export interface Attempt {
  readonly source: string;
  readonly event: string;
  readonly payload: string;
  readonly map: string;
  readonly isRun: boolean;
  readonly overLast: boolean;
}

/** How the last real events would come out. */
export interface OverLast {
  readonly looked: number;
  readonly same: number;
  readonly changed: readonly { readonly id: string; readonly fields: readonly string[] }[];
  readonly ignored: readonly string[];
  readonly failing: readonly string[];
}

export interface PlaygroundShown {
  readonly sources: readonly string[];
  readonly attempt: Attempt;
  readonly problem?: string;
  readonly preview?: Asked<PreviewShown>;
  readonly overLast?: OverLast;
}

const lastEvents = 50;

export async function readPlayground(
  view: View,
  given: Partial<Attempt>,
  factsOf: (name: string) => SourceFacts | undefined,
): Promise<PlaygroundShown> {
  const listed = await view.ask<{ items: readonly { source: string }[] }>("/sources");
  const sources = listed.ok ? listed.body.items.map(({ source }) => source) : [];
  const recorded = given.event
    ? await view.ask<EventShown>(`/events/${encodeURIComponent(given.event)}`)
    : undefined;
  const source = (recorded?.ok ? recorded.body.source : given.source) || sources[0] || "";
  const facts = factsOf(source);
  const attempt: Attempt = {
    source,
    event: given.event ?? "",
    payload: given.payload ?? "",
    map: given.map ?? facts?.mapText ?? "",
    isRun: given.isRun ?? false,
    overLast: given.overLast ?? false,
  };
  const shown = { sources, attempt };
  if (recorded && !recorded.ok) return { ...shown, problem: recorded.message };
  if (!attempt.isRun && attempt.event === "") return shown;
  const preview = await tryOne(view, attempt, recorded?.ok ? recorded.body.destination : undefined);
  const overLast = attempt.overLast && preview.ok ? await tryLast(view, attempt) : undefined;
  return { ...shown, preview, ...(overLast ? { overLast } : {}) };
}

async function tryOne(
  view: View,
  { event, source, payload, map }: Attempt,
  destination: string | undefined,
): Promise<Asked<PreviewShown>> {
  // As text: read and written anew, a long number would be another.
  const asked = event === "" ? { source, payload } : { event };
  const query = { personal: view.isShown ? "" : "masked", destination };
  const body = { ...asked, ...(map.trim() === "" ? {} : { map }) };
  return await view.ask<PreviewShown>("/preview", { method: "POST", query, body });
}

/** The same map over real events, against what became of each when it came. */
async function tryLast(view: View, { source, map }: Attempt): Promise<OverLast> {
  const page = await eventsOf(view, { source }, lastEvents);
  const events = page.ok ? page.body.items : [];
  const results = { looked: 0, same: 0, changed: [], ignored: [], failing: [] } as {
    looked: number;
    same: number;
    changed: { id: string; fields: string[] }[];
    ignored: string[];
    failing: string[];
  };
  for (const { id, outcome, destination } of events) {
    const [was, now] = await Promise.all([
      view.ask<EventShown>(`/events/${id}`, { query: { personal: "", destination } }),
      view.ask<PreviewShown>("/preview", {
        method: "POST",
        query: { destination },
        body: { event: id, ...(map.trim() === "" ? {} : { map }) },
      }),
    ]);
    if (!was.ok || !now.ok || (outcome !== "mapped" && outcome !== "ignored" && outcome !== "failed"))
      continue;
    results.looked += 1;
    const [next] = now.body.events;
    if (next?.outcome === "failed" && outcome !== "failed") results.failing.push(id);
    else if (next?.outcome === "ignored" && outcome === "mapped") results.ignored.push(id);
    else {
      const fields = differing(was.body, now.body);
      if (fields.length === 0) results.same += 1;
      else results.changed.push({ id, fields });
    }
  }
  return results;
}

function differing(was: EventShown, now: PreviewShown): string[] {
  const before = was.updates[0] ? fieldsOf(was.updates[0].patch) : new Map<string, unknown>();
  const after = now.updates[0] ? fieldsOf(now.updates[0].patch) : new Map<string, unknown>();
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const fields = names.filter((name) => valueText(before.get(name)) !== valueText(after.get(name)));
  return was.updates[0]?.contact === now.updates[0]?.contact ? fields : ["the contact", ...fields];
}

export function Playground({ view, shown }: { readonly view: View; readonly shown: PlaygroundShown }) {
  const { attempt, sources, preview, overLast, problem } = shown;
  if (view.role !== "operator") {
    return (
      <>
        <h1>Playground</h1>
        <Empty>Trying out a map needs the operator's token.</Empty>
      </>
    );
  }
  const isRecorded = attempt.event !== "";
  return (
    <>
      <h1>Playground</h1>
      <p>Try a map before it is in the sources file. Nothing is stored, sent or asked.</p>
      <form
        method="post"
        action="/console/playground"
        class="playground"
        data-playground
        data-paths={JSON.stringify(preview?.ok ? preview.body.paths : [])}
        data-fields={JSON.stringify([...coreFields, "custom_fields"])}
      >
        {keptFields(view)}
        <div class="sides">
          <section aria-labelledby="what">
            <h2 id="what">Payload</h2>
            {isRecorded ? (
              <p>
                The recorded event <code>{attempt.event}</code> of {attempt.source}.{" "}
                <a href="/console/playground">Paste a payload instead</a>
                <input type="hidden" name="event" value={attempt.event} />
                <input type="hidden" name="source" value={attempt.source} />
              </p>
            ) : (
              <>
                <label for="source">Source</label>
                <select id="source" name="source">
                  {sources.map((name) => (
                    <option value={name} selected={name === attempt.source}>
                      {name}
                    </option>
                  ))}
                </select>
                <label for="pasted">Payload, as JSON or as a form's body</label>
                <textarea id="pasted" name="payload" rows={16} spellcheck={false}>
                  {attempt.payload}
                </textarea>
              </>
            )}
          </section>
          <section aria-labelledby="how">
            <h2 id="how">map</h2>
            <label for="map">As it stands below a source, in YAML</label>
            <textarea id="map" name="map" rows={16} spellcheck={false} data-map>
              {attempt.map}
            </textarea>
          </section>
        </div>
        <p class="actions">
          <button type="submit" class="main" name="run" value="one">
            Try it
          </button>
          <button type="submit" name="run" value="last">
            Run it over the last {lastEvents} real events
          </button>
        </p>
      </form>
      <div data-result aria-live="polite">
        {problem === undefined ? null : (
          <p class="trouble" role="alert">
            {problem}
          </p>
        )}
        {preview === undefined ? null : <Result view={view} preview={preview} />}
      </div>
      {overLast === undefined ? null : <Over view={view} over={overLast} />}
      {attempt.map.trim() === "" ? null : (
        <Copy
          name="As YAML"
          text={[
            "map:",
            ...attempt.map
              .trimEnd()
              .split("\n")
              .map((line) => `  ${line}`),
          ].join("\n")}
        />
      )}
      <Terminal lines={[`contact-relay map --source ${attempt.source || "shop"} payload.json`]} />
    </>
  );
}

function Result({ view, preview }: { readonly view: View; readonly preview: Asked<PreviewShown> }) {
  if (!preview.ok) {
    return (
      <ul class="trouble" role="alert">
        {preview.message.split("\n").map((line) => (
          <li>{line}</li>
        ))}
      </ul>
    );
  }
  const { updates, events } = preview.body;
  return (
    <section aria-labelledby="became">
      <h2 id="became">What it becomes</h2>
      {events.map(({ type, outcome, reason, message, mapping }, index) => (
        <>
          <p class="sentence">
            <State word={outcome} /> {type} {reason} {message}
            {updates[index] ? (
              <>
                {" for "}
                <Ref view={view} contact={updates[index].contact} />
              </>
            ) : null}
          </p>
          {mapping ? (
            <Table caption="Fields" head={["Field", "From", "Was", "Became", "Why"]}>
              {mapping.fields.map(({ field, from, was, became, note, why }) => (
                <tr>
                  <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
                  <td>
                    <code>{from}</code>
                  </td>
                  <td>
                    <Value value={was} />
                  </td>
                  <td>
                    <Value value={became} />
                  </td>
                  <td>{why ?? note}</td>
                </tr>
              ))}
            </Table>
          ) : null}
        </>
      ))}
      {updates.map(({ patch }) => (
        <Copy name="Body of the request" text={JSON.stringify(patch, undefined, 2)} />
      ))}
    </section>
  );
}

function Over({ view, over }: { readonly view: View; readonly over: OverLast }) {
  const { looked, same, changed, ignored, failing } = over;
  const link = (id: string) => (
    <a class="id" href={`/console/events/${id}${view.isShown ? "?personal=shown" : ""}`}>
      {id}
    </a>
  );
  return (
    <section aria-labelledby="over">
      <h2 id="over">Over the last {counted(looked, "event")}</h2>
      <ul class="strip">
        <li>
          <span>Unchanged</span> <strong>{exact(same)}</strong>
        </li>
        <li>
          <span>Changed</span> <strong>{exact(changed.length)}</strong>
        </li>
        <li>
          <span>Newly ignored</span> <strong>{exact(ignored.length)}</strong>
        </li>
        <li class={failing.length > 0 ? "attention" : undefined}>
          <span>Newly failing</span> <strong>{exact(failing.length)}</strong>
        </li>
      </ul>
      <ul class="plain">
        {changed.map(({ id, fields }) => (
          <li>
            {link(id)} {fields.join(", ")}
          </li>
        ))}
        {ignored.map((id) => (
          <li>{link(id)} ignored</li>
        ))}
        {failing.map((id) => (
          <li>{link(id)} fails</li>
        ))}
      </ul>
    </section>
  );
}

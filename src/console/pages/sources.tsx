import type { EventLine, Page, SourceShown } from "../answers.ts";
import { eventsOf } from "../filled-pages.ts";
import type { ExampleRun, SourceFacts } from "../facts.ts";
import type { ConsoleOptions } from "../options.ts";
import { keptFields } from "../layout.tsx";
import { Empty, EventLink, State, Table, Terminal, Time, Trouble } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, duration, exact } from "../words.ts";
import { Copy } from "./take-along.tsx";

type Sources = Asked<{ readonly items: readonly SourceShown[] }>;

export async function readSources(view: View): Promise<Sources> {
  return await view.ask("/sources");
}

export function Sources({ view, shown }: { readonly view: View; readonly shown: Sources }) {
  return (
    <>
      <h1>Sources</h1>
      {shown.ok ? (
        <Table caption="Sources" head={["Source", "Provider", "Address", "Changes of shape"]}>
          {shown.body.items.map(({ source, provider, path, changes }) => (
            <tr>
              <th scope="row">
                <a href={href(view, `/sources/${encodeURIComponent(source)}`)}>{source}</a>
              </th>
              <td>{provider}</td>
              <td>
                <code>{view.address + path}</code>
              </td>
              <td class="number">{exact(changes.length)}</td>
            </tr>
          ))}
        </Table>
      ) : (
        <Trouble asked={shown} />
      )}
      <Terminal lines={["contact-relay check", "contact-relay send --source shop"]} />
    </>
  );
}

export interface SourcePageShown {
  readonly name: string;
  readonly source: SourceShown | undefined;
  readonly facts: SourceFacts | undefined;
  readonly examples: readonly ExampleRun[];
  readonly latest: Asked<Page<EventLine>>;
}

const rhythmOf = 50;

export async function readSource(
  view: View,
  name: string,
  { factsOf, runExamples }: Pick<ConsoleOptions, "factsOf" | "runExamples">,
): Promise<SourcePageShown> {
  const [sources, examples, latest] = await Promise.all([
    readSources(view),
    runExamples(name),
    eventsOf(view, { source: name }, rhythmOf),
  ]);
  const source = sources.ok ? sources.body.items.find((one) => one.source === name) : undefined;
  return { name, source, facts: factsOf(name), examples, latest };
}

export function SourcePage({ view, shown }: { readonly view: View; readonly shown: SourcePageShown }) {
  const { name, source, facts, examples, latest } = shown;
  if (!source || !facts) {
    return (
      <>
        <h1>Source {name}</h1>
        <p class="notice">
          There is no such source in the configuration any more. Its events are kept as long as any.
        </p>
        <p>
          <a href={href(view, "/events", { q: `source:${name}` })}>Its events</a>
        </p>
      </>
    );
  }
  const items = latest.ok ? latest.body.items : [];
  return (
    <>
      <h1>Source {name}</h1>
      <dl class="facts">
        <div>
          <dt>Address</dt>
          <dd>
            <code>{view.address + source.path}</code>
          </dd>
        </div>
        <div>
          <dt>Provider</dt>
          <dd>{source.provider}</dd>
        </div>
        <div>
          <dt>Proves itself by</dt>
          <dd>{facts.proof}</dd>
        </div>
        <div>
          <dt>Priority</dt>
          <dd>{facts.priority}</dd>
        </div>
        {facts.pulls === undefined ? null : (
          <div>
            <dt>Pulls from</dt>
            <dd>{facts.pulls}</dd>
          </div>
        )}
        <div>
          <dt>Rhythm</dt>
          <dd>{rhythm(items, view.now)}</dd>
        </div>
      </dl>
      <p class="actions">
        {["waiting", "delayed", "failed", "completed"].map((state) => (
          <a class="button" href={href(view, "/events", { q: `source:${name} state:${state}` })}>
            Events {state}
          </a>
        ))}
      </p>
      <Latest view={view} items={items.slice(0, 5)} />
      <Shape source={source} />
      <Examples examples={examples} />
      {view.role === "operator" ? <Samples view={view} name={name} facts={facts} /> : null}
      {facts.mapText === undefined ? null : <Copy name="Its map" text={facts.mapText} />}
      <Terminal
        lines={[`contact-relay send --source ${name} --list`, `contact-relay send --source ${name}`]}
      />
    </>
  );
}

function rhythm(items: readonly EventLine[], now: number): string {
  const [newest] = items;
  if (!newest) return "no event is kept";
  const ago = `the last event ${duration(now - Date.parse(newest.receivedAt))} ago`;
  const gaps = items
    .slice(1)
    .map(
      ({ receivedAt }, index) => Date.parse(items[index]?.receivedAt ?? receivedAt) - Date.parse(receivedAt),
    )
    .toSorted((a, b) => a - b);
  const middle = gaps[Math.floor(gaps.length / 2)];
  return middle === undefined
    ? ago
    : `${ago}; of the last ${counted(items.length, "event")} half came within ${duration(middle)} of the one before`;
}

function Latest({ view, items }: { readonly view: View; readonly items: readonly EventLine[] }) {
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="latest">
      <h2 id="latest">Last events</h2>
      <Table caption="Last events" head={["Received", "State", "Type", "Event"]}>
        {items.map(({ id, receivedAt, state, type }) => (
          <tr>
            <td>
              <Time at={receivedAt} />
            </td>
            <td>
              <State word={state} />
            </td>
            <td>{type}</td>
            <td>
              <EventLink view={view} id={id} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Shape({ source }: { readonly source: SourceShown }) {
  return (
    <section aria-labelledby="shape">
      <h2 id="shape">Changes of shape</h2>
      {source.changes.length === 0 ? (
        <Empty>Its payloads look as they did since this process began.</Empty>
      ) : (
        <Table caption="Changes of shape" head={["Noticed", "Type", "Form", "Before", "Now"]}>
          {source.changes.map(({ at, type, form, kind, name, from }) => (
            <tr>
              <td>
                <Time at={at} />
              </td>
              <td>{type}</td>
              <td>{form}</td>
              <td>
                {kind === "field-missing" ? (
                  <>
                    {name} from <code>{from}</code>
                  </>
                ) : (
                  "no such answer"
                )}
              </td>
              <td>
                {kind === "field-missing"
                  ? `${name} is missing`
                  : `a new answer “${name}”, which nothing uses`}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Examples({ examples }: { readonly examples: readonly ExampleRun[] }) {
  if (examples.length === 0) return null;
  return (
    <section aria-labelledby="examples">
      <h2 id="examples">Examples</h2>
      <Table caption="Examples" head={["Example", "Result", "Differences"]}>
        {examples.map(({ name, differences }) => (
          <tr>
            <th scope="row">{name}</th>
            <td>
              <State word={differences.length === 0 ? "ok" : "failed"} />
            </td>
            <td>{differences.join("; ")}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Samples(props: { readonly view: View; readonly name: string; readonly facts: SourceFacts }) {
  const { view, name, facts } = props;
  if (facts.samples.length === 0) return null;
  return (
    <section aria-labelledby="send">
      <h2 id="send">Send a sample</h2>
      <p>It is signed and taken as a real one: it is mapped, and delivered to the API.</p>
      <form method="post" action={`/console/sources/${encodeURIComponent(name)}/send`} class="bar">
        {keptFields(view)}
        <select name="sample" aria-label="Sample">
          {facts.samples.map((sample) => (
            <option value={sample.name}>
              {sample.name} ({sample.type})
            </option>
          ))}
        </select>
        <button type="submit">Send it</button>
      </form>
    </section>
  );
}

import type { ReplicasState } from "../../http/schemas/state.ts";
import type { AuditLine, Page, StatusOfSome } from "../answers.ts";
import type { ProcessFacts } from "../facts.ts";
import { Empty, Pager, refText, State, StoreAndSpool, Table, Terminal, Time, Trouble } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, differenceSentence, duration, exact, upstreamSentence } from "../words.ts";
import { worksOf } from "../figures.ts";

export interface SystemShown {
  readonly status: Asked<StatusOfSome>;
  readonly audit: Asked<Page<AuditLine>>;
  readonly facts: ProcessFacts;
}

export async function readSystem(view: View, facts: ProcessFacts): Promise<SystemShown> {
  const [status, audit] = await Promise.all([
    view.ask<StatusOfSome>("/status"),
    view.ask<Page<AuditLine>>("/audit", {
      query: { limit: 50, cursor: view.search.get("cursor") ?? undefined },
    }),
  ]);
  return { status, audit, facts };
}

export function System(props: {
  readonly view: View;
  readonly shown: SystemShown;
  readonly hasBoard: boolean;
}) {
  const { view, hasBoard } = props;
  const { status, audit, facts } = props.shown;
  return (
    <>
      <h1>System</h1>
      <Process view={view} status={status} facts={facts} />
      {status.ok ? <Replicas view={view} replicas={status.body.replicas} /> : null}
      {status.ok ? <Queues view={view} status={status.body} facts={facts} /> : null}
      <section aria-labelledby="audit">
        <h2 id="audit">Audit log</h2>
        {audit.ok ? (
          <Audit view={view} page={audit.body} />
        ) : (
          <Empty>This relay keeps no audit log in its store. What operators do is in its log.</Empty>
        )}
      </section>
      <section aria-labelledby="settings">
        <h2 id="settings">Settings in force</h2>
        <Table caption="Settings in force" head={["Setting", "Value", "From"]}>
          {facts.settings.map(({ name, value, from }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{value ?? "—"}</td>
              <td>{from}</td>
            </tr>
          ))}
        </Table>
      </section>
      <p>
        <a href={href(view, "/reference")}>Reference of the HTTP API</a>
      </p>
      {hasBoard && view.role === "operator" ? (
        <p>
          <a href="/console/queues">The queue of contacts, job by job</a>, with personal data, by Bull Board
        </p>
      ) : null}
      <Terminal lines={["contact-relay check --print"]} />
    </>
  );
}

function Process(props: {
  readonly view: View;
  readonly status: Asked<StatusOfSome>;
  readonly facts: ProcessFacts;
}) {
  const { view, status, facts } = props;
  if (!status.ok) return <Trouble asked={status} />;
  const { version, role, store, spool, bus = {} } = status.body;
  return (
    <section aria-labelledby="process">
      <h2 id="process">This process</h2>
      <dl class="facts">
        <div>
          <dt>Version</dt>
          <dd>{version}</dd>
        </div>
        <div>
          <dt>Role</dt>
          <dd>{role}</dd>
        </div>
        <div>
          <dt>Since</dt>
          <dd>
            <Time at={new Date(facts.startedAt).toISOString()} />, {duration(view.now - facts.startedAt)}
          </dd>
        </div>
        <StoreAndSpool store={store} spool={spool} />
        <div>
          <dt>Retention</dt>
          <dd>
            {exact(facts.retentionHours)} h, {counted(facts.retentionEvents, "finished event")} at most
          </dd>
        </div>
        {Object.entries(bus).map(([source, { state, place, lag, pending, message }]) => (
          <div>
            <dt>Bus of {source}</dt>
            <dd>
              <State word={state} /> {place}
              {lag === null ? null : `, ${exact(lag)} not given out`}
              {pending === null ? null : `, ${exact(pending)} not acknowledged`}
              {message === undefined ? null : `: ${message}`}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Replicas(props: { readonly view: View; readonly replicas: ReplicasState }) {
  const { view, replicas } = props;
  const { items, differ } = replicas;
  return (
    <section aria-labelledby="replicas">
      <h2 id="replicas">Replicas</h2>
      {differ.map((what) => (
        <p class="notice">{differenceSentence(what)}</p>
      ))}
      <Table
        caption="Replicas"
        head={["Process", "Role", "Version", "Configuration", "Started", "Configured", "Last seen"]}
      >
        {items.map((replica) => (
          <tr>
            <th scope="row">
              <code>{replica.label}</code>
              {replica.self ? " (this one)" : ""}
            </th>
            <td>{replica.role}</td>
            <td>{replica.version}</td>
            <td>
              <code>{replica.configuration}</code>
            </td>
            <td>
              <Time at={replica.since} />
            </td>
            <td>
              <Time at={replica.configuredAt} />
            </td>
            <td>{duration(Math.max(0, view.now - Date.parse(replica.seenAt)))} ago</td>
          </tr>
        ))}
      </Table>
      <p class="fine">
        All processes on this store. Those with the same configuration have the same settings and sources;
        secrets, and what is each process's own, are not compared.
      </p>
    </section>
  );
}

function Queues(props: { readonly view: View; readonly status: StatusOfSome; readonly facts: ProcessFacts }) {
  const { view, status, facts } = props;
  const states = ["waiting", "active", "delayed", "failed", "completed"] as const;
  const works = worksOf(status);
  return (
    <section aria-labelledby="destinations">
      <h2 id="destinations">Destinations</h2>
      <Table caption="Destinations" head={["Destination", "Address", "Ceiling, per second", "State"]}>
        {works.map(({ destination, queues, upstream }, index) => {
          const known =
            facts.destinations.find(({ name }) => name === destination) ?? facts.destinations[index];
          return (
            <tr>
              <th scope="row">{known?.name || destination || "default"}</th>
              <td>
                <code>{known?.url}</code>
              </td>
              <td class="number">{known === undefined ? "" : exact(known.ratePerSecond)}</td>
              <td>
                <State word={upstream.state} /> {upstreamSentence(upstream, queues, view.now)}
              </td>
            </tr>
          );
        })}
      </Table>
      <Table caption="Queues" head={["Queue", ...states]}>
        {works.flatMap(({ destination, queues }) =>
          (["events", "contacts"] as const).map((queue) => (
            <tr>
              <th scope="row">{destination === "" ? queue : `${destination}, ${queue}`}</th>
              {states.map((state) => (
                <td class="number">{exact(queues[queue][state])}</td>
              ))}
            </tr>
          )),
        )}
      </Table>
    </section>
  );
}

function Audit({ view, page }: { readonly view: View; readonly page: Page<AuditLine> }) {
  if (page.items.length === 0) return <Empty>Nobody has done anything yet.</Empty>;
  return (
    <>
      <Table caption="Audit log" head={["At", "Who", "What", "To what", "Detail"]}>
        {page.items.map(({ at, who, action, target, detail }) => (
          <tr>
            <td>
              <Time at={at} />
            </td>
            <td>{who}</td>
            <td>{action}</td>
            <td>{target === undefined ? null : refText(target)}</td>
            <td>
              {detail === undefined ? null : typeof detail === "string" ? detail : JSON.stringify(detail)}
            </td>
          </tr>
        ))}
      </Table>
      <Pager view={view} path="/system" next={page.next} />
    </>
  );
}

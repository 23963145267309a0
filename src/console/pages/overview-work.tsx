import type { Child } from "hono/jsx";
import type { Figures, Work } from "../figures.ts";
import { State } from "../parts.tsx";
import { href, type View } from "../view.ts";

interface WorkProps {
  readonly view: View;
  readonly work: Work;
  readonly figures: Figures;
}

/** One workspace: the API's state as a sentence, the way of events through the relay, and how fast it goes. */
export function WorkShown({ view, work, figures }: WorkProps) {
  const { destination, upstream, queues } = work;
  const live = (name: string) => `${destination}|${name}`;
  const text = (name: string) => <span data-live={live(name)}>{figures[name]}</span>;
  const events = (q: string) => href(view, "/events", { q, destination });
  const isParked = queues.events.failed + queues.contacts.failed > 0;
  return (
    <section class="work" aria-label={destination === "" ? "Work" : `Work of ${destination}`}>
      {destination === "" ? null : <h2>{destination}</h2>}
      <p class="sentence">
        <State word={upstream.state} live={live("state")} /> {text("sentence")}
      </p>
      <ol class="strip">
        <Step name="Accepted" to={events("")}>
          {text("accepted")}
        </Step>
        <Step
          name="Waiting"
          to={events("state:waiting")}
          under={
            <>
              {text("waitingAge")}, <a href={events("state:delayed")}>{text("delayed")}</a>
            </>
          }
        >
          {text("waiting")}
        </Step>
        <Step name="Mapped">{text("mapped")}</Step>
        <Step name="Mailboxes, contacts" under={text("contactsAge")}>
          {text("contacts")}
        </Step>
        <Step name="Delivered" to={events("state:completed")} under={<>{text("completed")} events done</>}>
          {text("delivered")}
        </Step>
        <Step
          name="Parked"
          to={href(view, "/parked", { destination })}
          under={text("parkedRate")}
          isBad={isParked}
        >
          {text("parked")}
        </Step>
      </ol>
      <dl class="facts">
        <div>
          <dt>Done</dt>
          <dd>{text("done")}</dd>
        </div>
        <div>
          <dt>Pace against ceiling</dt>
          <dd>
            {text("pace")} <Pace destination={destination} upstream={upstream} />
          </dd>
        </div>
        <div>
          <dt>Requests, last 5 minutes</dt>
          <dd>{text("sent")}</dd>
        </div>
        <div>
          <dt>From acceptance to delivery, last 5 minutes, about</dt>
          <dd>
            median {text("median")}, 95 % within {text("p95")}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Pace({ destination, upstream }: Pick<Work, "destination" | "upstream">) {
  const { rate, ceiling } = upstream;
  if (rate === null || ceiling === null) return null;
  return (
    <meter data-meter={destination} min={0} max={ceiling} value={rate} aria-label="Pace against ceiling">
      {rate} of {ceiling}
    </meter>
  );
}

function Step(props: {
  readonly name: string;
  readonly to?: string;
  readonly under?: Child;
  readonly isBad?: boolean;
  readonly children?: Child;
}) {
  const { name, to, under, isBad = false, children } = props;
  return (
    <li class={isBad ? "attention" : undefined}>
      <span>{name}</span>
      <strong>{to === undefined ? children : <a href={to}>{children}</a>}</strong>
      {under === undefined ? null : <small>{under}</small>}
    </li>
  );
}

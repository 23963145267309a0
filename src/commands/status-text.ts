import type { StatusAnswer, Upstream } from "../http/schemas/state.ts";
import { differenceSentence } from "../console/words.ts";
import { untilDoneText } from "../notices/until-done.ts";

type Work = Pick<StatusAnswer, "queues" | "upstream">;

interface Said {
  readonly whole: Pick<StatusAnswer, "version" | "role" | "store"> & Partial<StatusAnswer>;
  readonly work: readonly (readonly [destination: string, Work])[];
}

/** What a relay said of itself. One of another version may say more or less: only what is missing altogether is unreadable. */
function read(answer: unknown): Said | null {
  if (typeof answer !== "object" || answer === null || !("version" in answer) || !("store" in answer))
    return null;
  const whole = answer as Said["whole"] & { readonly destinations?: Readonly<Record<string, Work>> };
  const { destinations, queues, upstream } = whole;
  if (destinations) return { whole, work: Object.entries(destinations) };
  // While the store is away there is nothing to tell of what waits.
  return { whole, work: queues && upstream ? [["", { queues, upstream }]] : [] };
}

/** Whether something stands still that does not go on by itself, or has been parked. */
export function needsPerson(answer: unknown): boolean {
  const said = read(answer);
  if (!said) return true;
  const { store, bus = {}, notices = [] } = said.whole;
  const isStuck = ({ queues, upstream }: Work) =>
    upstream.state === "unauthorized" ||
    upstream.state === "failing" ||
    queues.events.failed + queues.contacts.failed > 0;
  return (
    !store.ok ||
    store.refuses !== undefined ||
    notices.length > 0 ||
    Object.values(bus).some(({ state }) => state !== "up") ||
    said.work.some(([, work]) => isStuck(work))
  );
}

/** A screen for a person. */
export function statusText(answer: unknown, baseUrl: string, color: boolean): string {
  const said = read(answer);
  if (!said) return `the relay at ${baseUrl} is of another version: --json shows its answer\n`;
  const { version, role, store, bus = {}, spool, notices = [], replicas } = said.whole;
  const mark = (isWell: boolean, text: string) =>
    color ? `\u001b[${isWell ? 32 : 31}m${text}\u001b[0m` : text;
  const row = (label: string, text: string) => `${label.padEnd(14)}${text}`;
  const storeText = store.ok
    ? store.refuses === undefined
      ? mark(true, "answers")
      : mark(false, `refuses new events: ${store.refuses}`)
    : mark(false, `does not answer: ${store.message}`);
  const lines = [
    row("relay", `${baseUrl}, version ${version}, role ${role}`),
    row("store", `${store.engine}, ${storeText}`),
    ...(replicas?.items ?? []).map((replica) =>
      row(
        "process",
        `${replica.label}: ${replica.role}, version ${replica.version}, configuration ${replica.configuration}, ` +
          `since ${replica.since}, seen ${replica.seenAt}`,
      ),
    ),
    ...(replicas?.differ ?? []).map((what) => row("differ", mark(false, differenceSentence(what)))),
    ...said.work.flatMap(([destination, { queues, upstream }]) => [
      ...(destination === "" ? [] : ["", `destination ${destination}`]),
      row("API", mark(upstream.state === "ok" || upstream.state === "limited", upstreamText(upstream))),
      row("events", queueText(queues.events, "to be mapped", mark)),
      row("contacts", queueText(queues.contacts, "for their turn", mark)),
      ...[untilDoneText({ queues, upstream })].flatMap((text) =>
        text === undefined ? [] : row("done", text),
      ),
    ]),
    ...(spool && spool.events > 0
      ? [row("spool", mark(false, `${spool.events} events wait on the disk for the store`))]
      : []),
    ...Object.entries(bus).map(([source, { state, place, message, lag, pending }]) => {
      const told =
        state === "up" ? mark(true, "up") : mark(false, `${state}: ${message ?? "no reason given"}`);
      const behind = lag === null ? "" : `, ${lag} to come, ${pending ?? "?"} not acknowledged`;
      return row("bus", `${source}: ${told}${behind}; ${place}`);
    }),
    ...notices.map(({ text }) => row("notice", mark(false, text))),
  ];
  return `${lines.join("\n")}\n`;
}

function queueText(
  { waiting, active, delayed, failed }: StatusAnswer["queues"]["events"],
  what: string,
  mark: (isWell: boolean, text: string) => string,
): string {
  const parked = failed > 0 ? `, ${mark(false, `${failed} parked: contact-relay failures`)}` : "";
  return `${waiting} wait ${what}, ${active} now, ${delayed} later${parked}`;
}

const meanings: Readonly<Record<Upstream["state"], string>> = {
  ok: "takes requests",
  limited: "asked for a pause (429)",
  unauthorized: "refuses the token: set AELYST_API_TOKEN anew; nothing is lost meanwhile",
  failing: "fails for many contacts: single requests ask whether it is back; nothing is lost meanwhile",
  unknown: "is not known: the store is away",
};

function upstreamText({ state, since, until, rate, ceiling }: Upstream): string {
  const pace = rate === null ? "" : `, ${Math.round(rate * 10) / 10} of ${ceiling ?? "?"} requests a second`;
  const told = [since ? `since ${since}` : "", until ? `until ${until}` : ""].filter((text) => text !== "");
  return `${[meanings[state], ...told].join(", ")}${pace}`;
}

import { untilDoneText } from "../notices/until-done.ts";
import type { Numbers, Queues, StatusOfSome } from "./answers.ts";
import { duration, exact, rateText, secondsText, tenths, upstreamSentence, waitingOf } from "./words.ts";

/** What the overview shows of one workspace, from the status; `""` where the relay has one without a name. */
export interface Work {
  readonly destination: string;
  readonly queues: Queues;
  readonly upstream: NonNullable<StatusOfSome["upstream"]>;
}

/** Items that are parked in all workspaces. */
export function parkedOf(status: StatusOfSome): number {
  return worksOf(status).reduce((sum, { queues }) => sum + queues.events.failed + queues.contacts.failed, 0);
}

export function worksOf(status: StatusOfSome): readonly Work[] {
  const { queues, upstream, destinations = {} } = status;
  if (queues && upstream) return [{ destination: "", queues, upstream }];
  return Object.entries(destinations).map(([destination, work]) => ({ destination, ...work }));
}

/** The window of what is told as a rate. */
export const recentMs = 5 * 60_000;

/** The numbers of the window: from whole minutes on, so a little more than it. */
export function recentQuery(now: number): { readonly from: string; readonly step: "1" } {
  return { from: new Date(now - recentMs).toISOString(), step: "1" };
}

export const dayQuery = { step: "10" } as const;

const unknown = "—";

/** By the name of its place on the page, what stands there. The page and the script that renews it ask the same. */
export type Figures = Readonly<Record<string, string>>;

/** What the status says. */
export function workFigures({ queues, upstream }: Work, now: number): Figures {
  const { events, contacts } = queues;
  return {
    state: upstream.state,
    sentence: upstreamSentence(upstream, queues, now),
    waiting: exact(events.waiting + events.active),
    waitingAge: ageText(events.oldestAt, now),
    delayed: `${exact(events.delayed)} delayed`,
    contacts: exact(waitingOf(contacts)),
    contactsAge: ageText(contacts.oldestAt, now),
    completed: exact(events.completed),
    parked: exact(events.failed + contacts.failed),
    done: doneText(queues, upstream),
    pace:
      upstream.rate === null
        ? unknown
        : `${exact(upstream.rate)} of ${exact(upstream.ceiling ?? 0)} a second`,
  };
}

function ageText(oldestAt: string | null | undefined, now: number): string {
  return oldestAt ? `oldest ${duration(Math.max(0, now - Date.parse(oldestAt)))}` : "none";
}

function doneText(queues: Queues, upstream: Work["upstream"]): string {
  const text = untilDoneText({ queues, upstream });
  if (text !== undefined) return text;
  if (waitingOf(queues.events) + waitingOf(queues.contacts) === 0) return "now: nothing waits";
  return upstream.state === "ok" || upstream.state === "limited"
    ? "when the time of what is delayed has come"
    : "nobody knows while the API takes no requests";
}

/** What the numbers of the last minutes say. */
export function rateFigures(numbers: Numbers | undefined, now: number): Figures {
  const names = ["accepted", "mapped", "delivered", "parkedRate", "sent", "median", "p95"];
  if (!numbers) return Object.fromEntries(names.map((name) => [name, unknown]));
  const { total, from } = numbers;
  const ms = now - Date.parse(from);
  const sent = Object.values(total.requests).reduce((sum, count) => sum + count, 0);
  return {
    accepted: rateText(total.accepted, ms),
    mapped: rateText(total.mapped, ms),
    delivered: rateText(total.delivered, ms),
    parkedRate: rateText(total.parked, ms),
    sent: `${tenths(ms <= 0 ? 0 : (sent / ms) * 1_000)} a second`,
    median: secondsText(total.secondsToDelivery.median),
    p95: secondsText(total.secondsToDelivery.p95),
  };
}

/** Answers of the API by class, and what each means; 422 is among 400. */
export const answerClasses = [
  ["200", "taken"],
  ["400", "refuses what was sent"],
  ["401/403", "refuses the token or the contact"],
  ["404", "does not have the contact"],
  ["429", "too fast"],
  ["449", "the contact is busy"],
  ["5xx", "fails"],
  ["network", "does not answer"],
  ["other", "anything else"],
] as const;

/** What the numbers of the last day say: the share of each answer, and how long updates took. */
export function dayFigures(numbers: Numbers | undefined): Figures {
  const { requests = {}, secondsToDelivery } = numbers?.total ?? {};
  const counts: Readonly<Record<string, number>> = requests;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const answers = answerClasses.flatMap(([name]) => {
    const count = counts[name] ?? 0;
    return [
      [`answers ${name}`, count === 0 ? "" : exact(count)],
      [`share ${name}`, count === 0 ? "" : `${tenths((count / all) * 100)} %`],
    ];
  });
  return {
    ...Object.fromEntries(answers),
    medianDay: secondsText(secondsToDelivery?.median ?? null),
    p95Day: secondsText(secondsToDelivery?.p95 ?? null),
  };
}

type SourceNumbers = Numbers["sources"][string];

/** What the numbers of the last day say of one source. */
export function sourceFigures(numbers: SourceNumbers | undefined, now: number): Figures {
  if (!numbers) return { total: unknown, last: unknown, refused: unknown };
  const { total, lastEventAt, refusedSignatures } = numbers;
  return {
    total: exact(total.accepted),
    last: lastEventAt === null ? "none kept" : `${duration(Math.max(0, now - Date.parse(lastEventAt)))} ago`,
    refused: exact(refusedSignatures),
  };
}

export const sparkWidth = 96;
export const sparkHeight = 20;
const hours = 24;

/** The path of a sparkline: how many came in each hour, from left to right. */
export function sparkPath(accepted: readonly number[]): string {
  const perHour = Math.max(1, Math.ceil(accepted.length / hours));
  const sums: number[] = [];
  for (let end = accepted.length; end > 0; end -= perHour) {
    const part = accepted.slice(Math.max(0, end - perHour), end);
    sums.unshift(part.reduce((sum, count) => sum + count, 0));
  }
  const most = Math.max(1, ...sums);
  const step = sparkWidth / Math.max(1, sums.length - 1);
  const points = sums.map((sum, index) => {
    const x = Math.round(index * step);
    const y = Math.round(sparkHeight - 1 - (sum / most) * (sparkHeight - 2));
    return `${x} ${y}`;
  });
  return points.length === 0 ? "" : `M${points.join("L")}`;
}

import type { Context } from "hono";
import type { Source } from "../sources/source.ts";
import {
  delayBounds,
  delayQuantile,
  numbersKeptMinutes,
  readNumberName,
  type MinuteCount,
  type Store,
} from "../store/store.ts";
import {
  numbersQuery,
  requestClasses,
  stepDefault,
  type NumbersAnswer,
  type NumbersTotal,
} from "./schemas/numbers.ts";
import { errorBody } from "./webhooks.ts";

export interface NumbersOptions {
  readonly stores: readonly (Pick<Store, "numbers"> & {
    readonly events: Pick<Store["events"], "newestOf">;
  })[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly clock: () => number;
}

const minuteMs = 60_000;

/** `GET /admin/numbers`: what was counted, of one workspace or of several together. */
export function answerNumbers(options: NumbersOptions) {
  const { stores, sources, clock } = options;
  return async (context: Context): Promise<Response> => {
    const asked = numbersQuery.safeParse(context.req.query());
    if (!asked.success) {
      return context.json(errorBody("malformed", asked.error.issues[0]?.message ?? ""), 400);
    }
    const now = Math.floor(clock() / minuteMs);
    const step = asked.data.step ?? stepDefault;
    const to = Math.min(Math.ceil((asked.data.to ?? clock() + minuteMs) / minuteMs), now + 1);
    const first = asked.data.from === undefined ? to - 24 * 60 : Math.floor(asked.data.from / minuteMs);
    const from = floorTo(Math.max(first, now - numbersKeptMinutes), step);
    if (from >= to) {
      const message = "`from` is before `to`, and within the last two days.";
      return context.json(errorBody("malformed", message), 400);
    }
    const read = await Promise.all(stores.map((store) => store.numbers.read(from, to)));
    const length = Math.ceil((to - from) / step);
    const names = [...sources.keys()];
    const newest = await newestEvents(names, stores);
    const tallies = tally(read.flat(), length, (minute) => Math.floor((minute - from) / step));
    const answer: NumbersAnswer = {
      from: timeOf(from),
      to: timeOf(from + length * step),
      stepMinutes: step,
      total: totalOf(tallies.all),
      series: tallies.steps.map((counts, index) => ({ at: timeOf(from + index * step), ...totalOf(counts) })),
      sources: Object.fromEntries(
        names.map((name) => {
          const { all, accepted } = tallies.ofSource(name);
          const total = eventsOf(all);
          const last = newest.get(name);
          const lastEventAt = last === undefined ? null : new Date(last).toISOString();
          return [name, { accepted, total, refusedSignatures: total.unverified, lastEventAt }] as const;
        }),
      ),
    };
    return context.json(answer);
  };
}

function floorTo(minute: number, step: number): number {
  return minute - (minute % step);
}

function timeOf(minute: number): string {
  return new Date(minute * minuteMs).toISOString();
}

/** Counts by their kind and what was counted, without their source. */
type Tally = Map<string, number>;

function tally(counts: readonly MinuteCount[], length: number, stepOf: (minute: number) => number) {
  const steps = Array.from({ length }, (): Tally => new Map());
  const all: Tally = new Map();
  const bySource = new Map<string, { readonly all: Tally; readonly accepted: number[] }>();
  const ofSource = (source: string) => {
    const known = bySource.get(source) ?? { all: new Map(), accepted: Array<number>(length).fill(0) };
    bySource.set(source, known);
    return known;
  };
  // A day has thousands of counts under a few names.
  const namesRead = new Map<string, { readonly key: string; readonly own: ReturnType<typeof ofSource> }>();
  const readName = (name: string) => {
    const known = namesRead.get(name);
    if (known) return known;
    const { kind, what, source } = readNumberName(name);
    const read = { key: `${kind} ${what}`, own: ofSource(source) };
    namesRead.set(name, read);
    return read;
  };
  for (const { minute, name, count } of counts) {
    const { key, own } = readName(name);
    const at = stepOf(minute);
    for (const each of [steps[at], all, own.all]) each?.set(key, (each.get(key) ?? 0) + count);
    if (key === "event accepted") own.accepted[at] = (own.accepted[at] ?? 0) + count;
  }
  return { steps, all, ofSource };
}

function eventsOf(counts: Tally) {
  const of = (key: string) => counts.get(key) ?? 0;
  const known = {
    accepted: of("event accepted"),
    duplicate: of("event duplicate"),
    ignored: of("event ignored"),
    unverified: of("event unverified"),
    unavailable: of("event unavailable"),
  };
  let malformed = 0;
  for (const [key, count] of counts) {
    const [kind, what = ""] = key.split(" ");
    if (kind === "event" && !Object.hasOwn(known, what)) malformed += count;
  }
  const ignored = known.ignored + of("mapping ignored");
  return { ...known, ignored, malformed, mapped: of("mapping mapped") };
}

function totalOf(counts: Tally): NumbersTotal {
  const of = (key: string) => counts.get(key) ?? 0;
  const requests = requestClasses.flatMap((name) => {
    const count = of(`request ${name}`);
    return count === 0 ? [] : [[name, count] as const];
  });
  const buckets = [...delayBounds, undefined].map((_, at) => of(`within ${at}`));
  return {
    ...eventsOf(counts),
    delivered: of("delivered "),
    parked: of("parked "),
    requests: Object.fromEntries(requests),
    secondsToDelivery: {
      count: buckets.reduce((sum, one) => sum + one, 0),
      sum: of("delay ") / 1_000,
      median: rounded(delayQuantile(buckets, 0.5)),
      p95: rounded(delayQuantile(buckets, 0.95)),
    },
  };
}

/** In milliseconds it is more exact than the buckets are. */
function rounded(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.round(seconds * 1_000) / 1_000;
}

/** When the newest event of each source was stored, whoever of them has it. */
export async function newestEvents(
  sources: readonly string[],
  stores: readonly { readonly events: Pick<Store["events"], "newestOf"> }[],
): Promise<ReadonlyMap<string, number>> {
  const newest = new Map<string, number>();
  for (const found of await Promise.all(stores.map(({ events }) => events.newestOf(sources)))) {
    for (const [source, at] of found) newest.set(source, Math.max(at, newest.get(source) ?? 0));
  }
  return newest;
}

/** A number in full: grouped, never rounded. */
export function exact(value: number): string {
  return value.toLocaleString("en-US").replaceAll(",", "\u202f");
}

export function counted(value: number, one: string, several = `${one}s`): string {
  return `${exact(value)} ${value === 1 ? one : several}`;
}

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** `2 h 5 min`: two units at most. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const at = units.findIndex(([size]) => ms >= size);
  const [size, name] = units[at] ?? units[3];
  const whole = Math.floor(ms / size);
  const next = units[at + 1];
  const rest = next ? Math.floor((ms - whole * size) / next[0]) : 0;
  return next && rest > 0 ? `${whole} ${name} ${rest} ${next[1]}` : `${whole} ${name}`;
}

/** `2026-01-31 08:00:00.125`, in UTC. */
export function utc(iso: string): string {
  return iso.replace("T", " ").replace("Z", "");
}

/** What processes on one store differ in, with what to do about it. */
export function differenceSentence(what: "version" | "configuration"): string {
  const how =
    what === "version"
      ? "The processes on this store run different versions."
      : "The processes on this store have different settings or sources.";
  return `${how} It has been so for a minute or longer: finish the upgrade, or restart those that were left behind.`;
}

/** A value of a field as a person reads it. */
export function valueText(value: unknown): string {
  if (value === undefined) return "—";
  if (value === null) return "null (cleared)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** When an event was accepted, from its id alone; undefined where that says nothing. */
export function acceptedAt(eventId: string): number | undefined {
  const ulid = /^evt_([0-9A-HJKMNP-TV-Z]{10})[0-9A-HJKMNP-TV-Z]{16}$/.exec(eventId)?.[1];
  if (ulid === undefined) return undefined;
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let at = 0;
  for (let index = 0; index < ulid.length; index += 1) at = at * 32 + digits.indexOf(ulid.charAt(index));
  return at;
}

interface Upstream {
  readonly state: string;
  readonly since?: string | null;
  readonly until?: string | null;
}

interface Waiting {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
}

interface Waits {
  readonly events: Waiting;
  readonly contacts: Waiting;
}

/** All that is to be done of it, what waits for a time included. */
export function waitingOf({ waiting, active, delayed }: Waiting): number {
  return waiting + active + delayed;
}

/** `10:42 UTC`, with its day where that is another one. */
function clockTime(iso: string, now: number): string {
  const isToday = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return `${utc(iso).slice(isToday ? 11 : 0, 16)} UTC`;
}

function keptText({ events, contacts }: Waits): string {
  const waiting = [
    [waitingOf(events), "event"],
    [waitingOf(contacts), "contact"],
  ] as const;
  const some = waiting.filter(([count]) => count > 0);
  if (some.length === 0) return "Nothing waits.";
  const isOne = some.length === 1 && some[0]?.[0] === 1;
  return `Nothing is lost: ${some.map(([count, one]) => counted(count, one)).join(" and ")} ${isOne ? "waits" : "wait"}.`;
}

/** The state of the API as a sentence, with what comes next. */
export function upstreamSentence(upstream: Upstream, waits: Waits, now: number): string {
  const left = upstream.until ? Date.parse(upstream.until) - now : 0;
  const next = left >= 1_000 ? `in ${duration(left)}` : "now";
  const since = upstream.since ? ` since ${clockTime(upstream.since, now)}` : "";
  const kept = keptText(waits);
  switch (upstream.state) {
    case "ok":
      return "The API takes what it is sent.";
    case "limited":
      return `The API has asked for a pause${since} (429); requests go on ${next}, more slowly. ${kept}`;
    case "unauthorized":
      return `The API has refused our token${since}; next probe ${next}. Set a token that it accepts. ${kept}`;
    case "failing":
      return `The API has failed for many contacts${since}; next probe ${next}. ${kept}`;
    default:
      return "Nothing is known of the API at present: the store does not tell.";
  }
}

/** So many in this time: `12.5 a minute`, or `34 a second` where there are many. */
export function rateText(count: number, ms: number): string {
  const perMinute = ms <= 0 ? 0 : (count / ms) * 60_000;
  return perMinute >= 120 ? `${tenths(perMinute / 60)} a second` : `${tenths(perMinute)} a minute`;
}

/** To a tenth: rates are measured and never whole. */
export function tenths(value: number): string {
  return exact(Math.round(value * 10) / 10);
}

/** `0.4 s`, `12 s`, `2 min 5 s`: as exact as a histogram tells. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return "—";
  return seconds < 60
    ? `${seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`
    : duration(seconds * 1_000);
}

const tones: Readonly<Record<string, string>> = {
  completed: "good",
  delivered: "good",
  mapped: "good",
  ok: "good",
  up: "good",
  applied: "good",
  failed: "bad",
  parked: "bad",
  unauthorized: "bad",
  failing: "bad",
  away: "bad",
  limited: "warn",
  delayed: "warn",
  waiting: "warn",
  active: "warn",
  quiet: "warn",
};

/** How a word that is a state is coloured. */
export function stateClass(word: string): string {
  return `state ${tones[word.split(/[ -]/)[0] ?? ""] ?? "plain"}`;
}

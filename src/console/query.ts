/** What the query bar of the events page says. */
export interface EventQuery {
  readonly source?: string;
  readonly state?: string;
  /** May hold `*`. */
  readonly type?: string;
  readonly contact?: string;
  readonly from?: string;
  readonly to?: string;
  /** What was not understood, each with why. */
  readonly problems: readonly string[];
}

export const queryWords = ["source:", "state:", "type:", "contact:", "since:", "from:", "to:"];
const states = ["waiting", "active", "delayed", "failed", "completed"];
const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Reads `source:shop state:failed contact:email:… type:orders/* since:24h`; a value with spaces stands in quotes. */
export function readQuery(text: string, now: number): EventQuery {
  const query: Record<string, string> = {};
  const problems: string[] = [];
  for (const [token] of text.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)) {
    const colon = token.indexOf(":");
    const name = token.slice(0, Math.max(0, colon)).toLowerCase();
    const value = token.slice(colon + 1).replaceAll('"', "");
    const problem = colon < 1 || value === "" ? notAWord(token) : take(query, name, value, now);
    if (problem !== undefined) problems.push(problem);
  }
  return { ...query, problems };
}

function notAWord(token: string): string {
  return `“${token}” is none of ${queryWords.join(" ")}`;
}

function take(query: Record<string, string>, name: string, value: string, now: number): string | undefined {
  switch (name) {
    case "state":
      if (!states.includes(value)) return `There is no state “${value}”: there are ${states.join(", ")}.`;
      query["state"] = value;
      return undefined;
    case "source":
    case "type":
    case "contact":
      query[name] = value;
      return undefined;
    case "since": {
      const [, count, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(value) ?? [];
      if (count === undefined) return `“since:${value}” is no time back: write 30m, 24h, 7d or 2w.`;
      query["from"] = new Date(now - Number(count) * (unitsMs[unit] ?? 0)).toISOString();
      return undefined;
    }
    case "from":
    case "to":
      if (Number.isNaN(Date.parse(value))) return `“${name}:${value}” is no time: write 2026-01-31T08:00Z.`;
      query[name] = new Date(Date.parse(value)).toISOString();
      return undefined;
    default:
      return notAWord(`${name}:`);
  }
}

/** The text of the bar with one word changed, or without it. */
export function withWord(text: string, name: string, value: string | undefined): string {
  const others = (text.match(/(?:[^\s"]|"[^"]*(?:"|$))+/g) ?? []).filter(
    (token) => !token.toLowerCase().startsWith(`${name}:`),
  );
  const quoted = value !== undefined && /\s/.test(value) ? `"${value}"` : value;
  return [...others, ...(quoted === undefined ? [] : [`${name}:${quoted}`])].join(" ");
}

/** Whether a pattern such as `orders/*` fits; in steps of at most the product of both lengths. */
export function fitsPattern(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length;) {
    if (pattern[at] === "*") {
      star = at;
      resume = index;
      at += 1;
    } else if (pattern[at] === text[index]) {
      at += 1;
      index += 1;
    } else if (star !== -1) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

export const timeForms = "an ISO time, a date, 30m, 24h, 7d (ago), today, yesterday or now";

/** Milliseconds since the epoch of a time as a person gives it; days begin at midnight here. Undefined for any other text. */
export function readTime(text: string, now: number): number | undefined {
  const given = text.trim().toLowerCase();
  if (given === "now") return now;
  if (given === "today") return midnight(now, 0);
  if (given === "yesterday") return midnight(now, -1);
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(given) ?? [];
  if (count !== undefined && (unit === "m" || unit === "h" || unit === "d" || unit === "w")) {
    return now - Number(count) * unitsMs[unit];
  }
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(given);
  if (!isDate && !/^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}/.test(given)) return undefined;
  const at = Date.parse(isDate ? `${given}T00:00:00` : text.trim());
  return Number.isNaN(at) ? undefined : at;
}

function midnight(now: number, days: number): number {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  // Not so many hours: a day may have 23 or 25 of them.
  day.setDate(day.getDate() + days);
  return day.getTime();
}

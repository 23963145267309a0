import { accepted, refused, shortText, type Normalized } from "./normalized.ts";

const lengthMax = 100;

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] as const;
const monthName =
  "(?<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?";
const weekday = "(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\\.?,?\\s+)?";
const year = "(?<year>[1-9][0-9]{3})";
const day = "(?<day>[0-9]{1,2})(?:st|nd|rd|th)?";
const clock =
  "(?<hour>[0-9]{1,2})(?::(?<minute>[0-5][0-9])(?::(?:[0-5][0-9]|60)(?:[.,][0-9]{1,9})?)?)?\\s*(?<half>[ap]\\.?m\\b\\.?)?";
const zone =
  "\\s*(?:(?:z|utc|[a-z]{1,3}t)?(?:[+-][0-9]{2}(?::?[0-9]{2})?)?(?:\\[[a-z0-9_/+-]+\\]|\\s*\\([^()]*\\))?)";
const timeAfterDate = `(?:(?:t|,?\\s+(?:at\\s+)?)${clock}${zone})?`;

const dateForms: readonly RegExp[] = [
  `${year}(?<mark>[-/.])(?<month>[0-9]{1,2})\\k<mark>(?<day>[0-9]{1,2})`,
  "(?<year>(?:19|20)[0-9]{2})(?<month>[0-9]{2})(?<day>[0-9]{2})",
  `(?<first>[0-9]{1,2})(?<mark>[-/.])(?<second>[0-9]{1,2})\\k<mark>${year}`,
  `${weekday}${day}(?:\\s+of)?[\\s-]+${monthName},?[\\s-]+${year}`,
  `${weekday}${monthName}[\\s-]+${day},?[\\s-]+${year}`,
].map((form) => new RegExp(`^${form}${timeAfterDate}$`, "i"));

const timeForms: readonly RegExp[] = [
  new RegExp(`^${clock}${zone}$`, "i"),
  new RegExp(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:t|\\s+)${clock}${zone}$`, "i"),
];

/** In which order a form writes day, month and year. */
export const dateOrders = ["dmy", "mdy", "ymd"] as const;
export type DateOrder = (typeof dateOrders)[number];

/**
 * The calendar date as it is written, `yyyy-mm-dd`: no time zone ever shifts it. Digits that are no date in the `order` are
 * refused; without one `03/04/2024` is, `31/12/2024` is not, and between dots the day comes first. A JSON number is seconds
 * or milliseconds since the epoch, in UTC.
 */
export function readDate(value: unknown, order?: DateOrder): Normalized<string> {
  if (typeof value === "number") return dateOfEpoch(value);
  const parts = groupsOf(dateForms, value);
  const date = parts && dateOf(parts, order);
  if (date !== undefined) return accepted(date);
  const isOpen = parts !== undefined && order === undefined && isTwofold(parts);
  return refused(
    value,
    isOpen
      ? "is not a clear date: say `dates: dmy` or `dates: mdy`, as the form writes it"
      : order !== undefined && parts?.["first"] !== undefined
        ? `is not a date written ${order}`
        : "is not a clear date",
  );
}

/** Of the years that a form can mean; seconds and milliseconds of those are far apart. */
const epochSecondsMin = -2_208_988_800;
const epochSecondsMax = 7_258_118_400;

function dateOfEpoch(value: number): Normalized<string> {
  const isSeconds = value >= epochSecondsMin && value <= epochSecondsMax;
  const isMs = value >= epochSecondsMin * 1_000 && value <= epochSecondsMax * 1_000;
  // Smaller numbers are years, months or days, or counted from another day.
  if (!Number.isFinite(value) || Math.abs(value) < 100_000_000 || !(isSeconds || isMs)) {
    return refused(value, "is not a clear date");
  }
  return accepted(new Date(isSeconds ? value * 1_000 : value).toISOString().slice(0, 10));
}

/** The time of day as it is written, `HH:MM`. */
export function readTime(value: unknown): Normalized<string> {
  const parts = groupsOf(timeForms, value);
  const time = parts && timeOf(parts);
  return time === undefined ? refused(value, "is not a time of day") : accepted(time);
}

type Parts = Readonly<Record<string, string | undefined>>;

function groupsOf(forms: readonly RegExp[], value: unknown): Parts | undefined {
  const text = shortText(value, lengthMax)?.replaceAll(/\s+/g, " ");
  if (text === undefined) return undefined;
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups) return groups;
  }
  return undefined;
}

/** Whether day and month could be the other way round. */
function isTwofold({ first, second, mark }: Parts): boolean {
  return (
    mark !== "." && first !== undefined && second !== undefined && Number(first) <= 12 && Number(second) <= 12
  );
}

function dateOf(parts: Parts, order: DateOrder | undefined): string | undefined {
  const year = Number(parts["year"]);
  const [month, day] = monthAndDay(parts, order);
  if (month === undefined || day === undefined) return undefined;
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  return exists && isClock(parts) ? `${year}-${twoDigits(month)}-${twoDigits(day)}` : undefined;
}

function monthAndDay(parts: Parts, order: DateOrder | undefined): [month?: number, day?: number] {
  const { first, second, mark, name, month, day } = parts;
  if (first !== undefined && second !== undefined) {
    const [left, right] = [Number(first), Number(second)];
    if (order === "dmy") return [right, left];
    if (order === "mdy") return [left, right];
    if (order === "ymd") return [];
    if (mark === "." || left > 12 || left === right) return [right, left];
    return right > 12 ? [left, right] : [];
  }
  const named = name?.slice(0, 3).toLowerCase();
  return [
    named === undefined ? Number(month) : months.findIndex((known) => known === named) + 1,
    Number(day),
  ];
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** True when there is no time, or one that exists. */
function isClock(parts: Parts): boolean {
  return parts["hour"] === undefined || timeOf(parts) !== undefined;
}

function timeOf(parts: Parts): string | undefined {
  const { hour, minute, half } = parts;
  if (hour === undefined || (minute === undefined && half === undefined)) return undefined;
  const written = Number(hour);
  if (half === undefined) return written <= 23 ? `${twoDigits(written)}:${minute}` : undefined;
  if (written < 1 || written > 12) return undefined;
  const hours = (written % 12) + (half.toLowerCase().startsWith("p") ? 12 : 0);
  return `${twoDigits(hours)}:${minute ?? "00"}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

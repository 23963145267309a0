import type { FieldValue } from "../contact/contact-patch.ts";
import type { MappingReport } from "../contact/event.ts";

export const emptyReport: MappingReport = { fields: [], unusedAnswers: [] };

const textMax = 200;

/** A found value as a report shows it: numbers and the like as they are, the rest as text of bounded length. */
export function shownValue(value: unknown): FieldValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean") return value;
  const text = typeof value === "string" ? value : jsonText(value);
  return text.length > textMax ? `${text.slice(0, textMax).toWellFormed()}…` : text;
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}

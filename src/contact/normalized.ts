/** A value made fit for the API, or why it cannot be. The message is for the operator. */
export type Normalized<T> = { ok: true; value: T } | { ok: false; message: string };

const shownCharactersMax = 40;

export function accepted<T>(value: T): Normalized<T> {
  return { ok: true, value };
}

/** @param why completes a sentence that begins with the value: `is not a phone number` */
export function refused(value: unknown, why: string): { ok: false; message: string } {
  return { ok: false, message: `${shown(value)} ${why}` };
}

/** What a refusal of this value says, without the value itself: for logs. */
export function withoutValue(value: unknown, message: string): string {
  const prefix = `${shown(value)} `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : "cannot be read";
}

/** The text of a string of at most `lengthMax` UTF-16 units, trimmed and well formed; undefined for anything else. */
export function shortText(value: unknown, lengthMax: number): string | undefined {
  if (typeof value !== "string" || value.length > lengthMax) return undefined;
  const text = value.trim();
  return text === "" || !text.isWellFormed() ? undefined : text;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `'${shortened(value)}'`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : shortened(String(value));
}

function shortened(text: string): string {
  const head = text
    .slice(0, shownCharactersMax)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, " ");
  return text.length > shownCharactersMax ? `${head}…` : head;
}

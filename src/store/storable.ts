const replacement = "\u{FFFD}";

/**
 * A copy whose text PostgreSQL takes: it refuses U+0000 and half surrogate pairs, and a job whose result or reason
 * holds one could never end. Each becomes U+FFFD; a value without any is returned as it is.
 */
export function storable<Value>(value: Value): Value {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape stays, only characters change
  return replaceIn(value) as Value;
}

function replaceIn(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(replaceIn);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const before = Object.entries(value);
  const after = before.map(([key, item]) => [storableText(key), replaceIn(item)] as const);
  const same = after.every(([key, item], index) => key === before[index]?.[0] && item === before[index]?.[1]);
  return same ? value : Object.fromEntries(after);
}

function storableText(text: string): string {
  return text.includes("\0") || !text.isWellFormed()
    ? text.toWellFormed().replaceAll("\0", replacement)
    : text;
}

/** The same error with a message and a stack that can be stored: BullMQ tells errors apart by their class. */
export function storableError(error: unknown): unknown {
  if (!(error instanceof Error)) return storable(error);
  error.message = storableText(error.message);
  if (error.stack !== undefined) error.stack = storableText(error.stack);
  return error;
}

import type { JsonObject, JsonValue } from "../provider.ts";

interface Branch extends Map<string, Branch | JsonValue> {}

const bracketed = /^([^[\]]+)((?:\[[^[\]]*\])+)$/;
const nameLengthMax = 512;
const depthMax = 8;

/**
 * The arrays that PHP's `http_build_query` has written as `fields[email][value]`. Names that contradict each other are
 * none of its: all of them stay as they are.
 */
export function nested(fields: JsonObject): JsonObject {
  const root: Branch = new Map();
  for (const [name, value] of Object.entries(fields)) {
    if (!put(root, segmentsOf(name), value)) return fields;
  }
  return Object.fromEntries([...root].map(([name, value]) => [name, plain(value)]));
}

function segmentsOf(name: string): readonly string[] {
  const match = name.length > nameLengthMax ? null : bracketed.exec(name);
  const [, first = "", rest = ""] = match ?? [];
  const segments = [first, ...rest.slice(1, -1).split("][")];
  return match === null || segments.length > depthMax ? [name] : segments;
}

/** False where a value stands in the way. */
function put(root: Branch, segments: readonly string[], value: JsonValue): boolean {
  let branch = root;
  for (const segment of segments.slice(0, -1)) {
    const known = branch.get(segment);
    if (known !== undefined && !(known instanceof Map)) return false;
    const next: Branch = known ?? new Map();
    if (known === undefined) branch.set(segment, next);
    branch = next;
  }
  const last = segments.at(-1) ?? "";
  if (branch.has(last)) return false;
  branch.set(last, value);
  return true;
}

/** Texts under keys that count up from 0 are a list. */
function plain(value: Branch | JsonValue): JsonValue {
  if (!(value instanceof Map)) return value;
  const entries = [...value];
  const isList = entries.every(([key, item], index) => key === String(index) && !(item instanceof Map));
  return isList
    ? entries.map(([, item]) => plain(item))
    : Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

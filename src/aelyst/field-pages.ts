import { readFieldType, type WorkspaceField } from "../contact/workspace-field.ts";

/** One page of `GET /space/custom_field`. */
export interface FieldsPage {
  readonly fields: readonly WorkspaceField[];
  readonly items: number;
  /** The query of the next page, without `limit`; undefined where there is none, or none that could be asked for. */
  readonly next: URLSearchParams | undefined;
  /** `last`: the page says so. `unsaid`: it tells nothing of others, and `next` is a guess by its last id. */
  readonly others: "more" | "last" | "unsaid";
}

export const pageLimit = 100;

const nameCharactersMax = 500;
const optionsMax = 1_000;

/**
 * Reads a page in every shape that is known. `items` beside `pagination.next` is documented; `data`, a bare list and
 * `nextCursor` were seen in clients of the API's family. Undefined when it is none of them.
 */
export function readFieldsPage(json: unknown): FieldsPage | undefined {
  const items = itemsOf(json);
  if (!items) return undefined;
  return {
    fields: items.flatMap((item) => readField(item) ?? []),
    items: items.length,
    ...othersOf(json, items),
  };
}

function itemsOf(json: unknown): readonly unknown[] | undefined {
  for (const candidate of [json, property(json, "items"), property(json, "data")]) {
    if (Array.isArray(candidate)) return candidate as readonly unknown[];
  }
  // A list within `data`, as in `{ data: { items: […] } }`.
  const inner = property(property(json, "data"), "items");
  return Array.isArray(inner) ? (inner as readonly unknown[]) : undefined;
}

function readField(item: unknown): WorkspaceField | undefined {
  const title = textOf(item, "title");
  const name = textOf(item, "name") ?? title;
  if (name === undefined) return undefined;
  const type = textOf(item, "dataType");
  return {
    name,
    slug: textOf(item, "slug"),
    title,
    type: type === undefined ? undefined : readFieldType(type),
    options: optionsOf(property(item, "allowedValues")),
  };
}

/** Documented as a list of texts; seen as `{ listValues: […] }`. A list without any says nothing. */
function optionsOf(allowed: unknown): readonly string[] | undefined {
  const list = Array.isArray(allowed) ? (allowed as readonly unknown[]) : property(allowed, "listValues");
  if (!Array.isArray(list) || list.length === 0 || list.length > optionsMax) return undefined;
  const texts = (list as readonly unknown[]).filter((one) => typeof one === "string");
  return texts.length === list.length ? texts : undefined;
}

/**
 * `pagination.next` is documented as a text, and is the address of the next page: taken for a cursor, the API answers the
 * first page for ever. Of an address only the query counts: the token goes nowhere else.
 */
function othersOf(json: unknown, items: readonly unknown[]): Pick<FieldsPage, "next" | "others"> {
  const pagination = property(json, "pagination");
  const given = [
    property(pagination, "next"),
    property(pagination, "nextCursor"),
    property(json, "nextCursor"),
  ].filter((next) => next !== undefined);
  const isEnd = (next: unknown) => next === null || (typeof next === "string" && next.trim() === "");
  const more = given.find((next) => !isEnd(next));
  if (typeof more === "number") return { next: cursorQuery(String(more)), others: "more" };
  if (typeof more === "string") return { next: queryOf(more.trim()), others: "more" };
  // What cannot be read may be another page, which nobody could ask for.
  if (more !== undefined) return { next: undefined, others: "more" };
  if (given.length > 0) return { next: undefined, others: "last" };
  const lastId = property(items.at(-1), "id");
  const isId = typeof lastId === "number" || (typeof lastId === "string" && lastId.trim() !== "");
  return { next: isId ? cursorQuery(String(lastId)) : undefined, others: "unsaid" };
}

function queryOf(next: string): URLSearchParams | undefined {
  const isAddress = /^https?:\/\//i.test(next) || next.startsWith("/") || next.startsWith("?");
  if (!isAddress) return cursorQuery(next);
  if (!URL.canParse(next, "http://next.invalid")) return undefined;
  const query = new URL(next, "http://next.invalid").searchParams;
  query.delete("limit");
  return query.size === 0 ? undefined : query;
}

function cursorQuery(cursor: string): URLSearchParams {
  return new URLSearchParams({ cursorId: cursor });
}

function textOf(item: unknown, key: string): string | undefined {
  const value = property(item, key);
  const isText = typeof value === "string" && value.trim() !== "" && value.length <= nameCharactersMax;
  return isText ? value : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (Reflect.get(value, key) as unknown)
    : undefined;
}

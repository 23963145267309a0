import type { Dispatcher } from "undici";
import { workspaceFields, type WorkspaceField, type WorkspaceFields } from "../contact/workspace-field.ts";
import { boundedText, exchange, type Answer } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import { clean, parseBody, words } from "./answer.ts";
import type { Destination } from "./client.ts";
import { pageLimit, readFieldsPage, type FieldsPage } from "./field-pages.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What became of reading the custom fields of a workspace. */
export type FieldsRead =
  | { readonly kind: "read"; readonly fields: WorkspaceFields; readonly pages: number }
  /** 401, 403, 404: this token may not read them, or this API has no such endpoint. */
  | { readonly kind: "forbidden"; readonly status: 401 | 403 | 404; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string };

/** How the requests are spaced out. */
export interface FieldsPacing {
  /** Waits until one more request may leave; false when none may. */
  pass(signal: AbortSignal): Promise<boolean>;
  /** A request was answered 429. */
  limited(retryAfterMs: number | undefined): Promise<void>;
}

/** Never rejects. One 429 is waited out; a second one ends it. */
export type ReadFields = (pacing: FieldsPacing, signal: AbortSignal) => Promise<FieldsRead>;

/** Far more than a workspace has; whoever answers more is not followed. */
const pagesMax = 50;
const pageBytesMax = 1_048_576;
const fieldsMax = 5_000;
const limitedMax = 1;

/** Reads `GET <url>/space/custom_field` page by page, with the token and the connections of the contacts' requests. */
export function createFieldReader(
  { baseUrl, token, timeoutMs }: Destination,
  connections: Dispatcher,
  clock: () => number = Date.now,
): ReadFields {
  const base = `${baseUrl.replace(/\/+$/, "")}/space/custom_field`;
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: "application/json",
    "User-Agent": "contact-relay",
  };

  async function ask(query: URLSearchParams, signal: AbortSignal): Promise<PageAnswer> {
    const url = new URL(`${base}?${new URLSearchParams({ limit: String(pageLimit) }).toString()}`);
    for (const [name, value] of query) url.searchParams.set(name, value);
    const late = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, late]);
    try {
      const answer = await exchange(connections, { method: "GET", url, headers }, either);
      const text = await boundedText(answer.body, pageBytesMax);
      return answerOf(answer, text, clock(), token);
    } catch (error) {
      if (signal.aborted) return { kind: "unavailable", message: "aborted" };
      if (late.aborted) return { kind: "unavailable", message: `no answer within ${timeoutMs} ms` };
      return { kind: "unavailable", message: clean(failureOf(error).message, token) };
    }
  }

  async function askInTurn(
    query: URLSearchParams,
    pacing: FieldsPacing,
    signal: AbortSignal,
  ): Promise<PageAnswer> {
    for (let limited = 0; ; limited += 1) {
      if (!(await pacing.pass(signal))) {
        return { kind: "unavailable", message: "no request may be made now" };
      }
      const answer = await ask(query, signal);
      if (answer.kind !== "limited") return answer;
      await pacing.limited(answer.retryAfterMs);
      if (limited >= limitedMax) return answer;
    }
  }

  return async (pacing, signal) => {
    const all = new Map<string, WorkspaceField>();
    const asked = new Set<string>();
    let query: URLSearchParams | undefined = new URLSearchParams();
    let pages = 0;
    let isWhole = true;
    let isLast = false;
    let isGuess = false;
    // A page that is answered again, or one too many: the rest cannot be read, and what was read still counts.
    for (; query && pages < pagesMax && !asked.has(query.toString()); pages += 1) {
      asked.add(query.toString());
      const answer = await askInTurn(query, pacing, signal);
      if (answer.kind === "limited") return { kind: "unavailable", message: "429, again after a pause" };
      // No page has told that there is this one.
      if (isGuess && (answer.kind === "forbidden" || answer.kind === "refused")) break;
      if (answer.kind === "refused") return { kind: "unavailable", message: answer.message };
      if (answer.kind !== "page") return answer;
      const { page } = answer;
      const before = all.size;
      for (const field of page.fields) all.set(JSON.stringify(field), field);
      isWhole &&= page.fields.length === page.items;
      isLast = page.others === "last" || (isGuess && page.others === "unsaid" && page.items === 0);
      isGuess = page.others === "unsaid";
      query = page.next;
      if ((all.size === before && pages > 0) || all.size >= fieldsMax) break;
    }
    // A token that may see none is answered as a workspace that has none.
    const isAll = isWhole && isLast && all.size > 0 && all.size < fieldsMax;
    const fields = workspaceFields([...all.values()].slice(0, fieldsMax), isAll);
    return { kind: "read", fields, pages };
  };
}

type PageAnswer =
  | { kind: "page"; page: FieldsPage }
  | Extract<FieldsRead, { kind: "forbidden" | "unavailable" }>
  /** Another 4xx: the request itself is not liked. */
  | { kind: "refused"; message: string }
  | { kind: "limited"; retryAfterMs: number | undefined };

function answerOf(
  { status, statusText, headers }: Answer,
  text: string | undefined,
  now: number,
  token: string,
): PageAnswer {
  const body = parseBody(text ?? "");
  if (status === 429) {
    const hint = { header: headers["retry-after"], dateHeader: headers["date"], body: body.json, now };
    return { kind: "limited", retryAfterMs: retryAfterMs(hint) };
  }
  const said = words(body);
  const message = clean(said === undefined ? `HTTP ${status} ${statusText}` : `${status}: ${said}`, token);
  if (status === 401 || status === 403 || status === 404) return { kind: "forbidden", status, message };
  if (status >= 400 && status < 500) return { kind: "refused", message };
  const page = status === 200 && text !== undefined ? readFieldsPage(body.json) : undefined;
  if (page) return { kind: "page", page };
  const strange = text === undefined ? "more than a megabyte" : "no list of custom fields";
  return { kind: "unavailable", message: status === 200 ? `the answer is ${strange}` : message };
}

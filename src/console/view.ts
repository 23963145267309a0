import type { Context, Hono } from "hono";
import type { Role } from "../http/sessions.ts";

/** What the API answered to a page's question. */
export type Asked<Answer> =
  | { readonly ok: true; readonly body: Answer }
  | { readonly ok: false; readonly status: number; readonly message: string };

interface Question {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** One request for a page: who asks, for what, and how the page asks the API. */
export interface View {
  readonly role: Role;
  /** Of the page, as it stands in the address, behind `/console`. */
  readonly path: string;
  /** It can be asked for again by its address: it answers no form. */
  readonly isAddress: boolean;
  readonly search: URLSearchParams;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where there are several, with the one that is chosen; `""` is all of them. */
  readonly destinations: readonly string[];
  readonly destination: string;
  /** Personal data is shown, because it was asked for. */
  readonly isShown: boolean;
  /** Where the relay is reached, as the browser knows it. */
  readonly address: string;
  ask<Answer>(path: string, question?: Question): Promise<Asked<Answer>>;
}

export interface ViewOptions {
  readonly api: Hono;
  readonly destinations: readonly string[];
  readonly clock: () => number;
}

/** `search`: what the address says behind its `?`, or the form that was sent. */
export function viewOf(context: Context, role: Role, options: ViewOptions, search: URLSearchParams): View {
  const url = new URL(context.req.url);
  const destination = search.get("destination") ?? "";
  const isShown = role === "operator" && search.get("personal") === "shown";
  // The API knows the caller by the cookie. The console itself has looked at the origin of whatever is to be done.
  const headers = { cookie: context.req.header("cookie") ?? "", "sec-fetch-site": "same-origin" };
  const isTls = context.req.header("x-forwarded-proto") === "https";
  return {
    role,
    path: url.pathname.replace(/^\/console/, ""),
    isAddress: ["GET", "HEAD"].includes(context.req.method),
    search,
    now: options.clock(),
    destinations: options.destinations,
    destination,
    isShown,
    address: `${isTls ? "https" : "http"}://${context.req.header("host") ?? url.host}`,
    async ask(path, { method = "GET", query = {}, body } = {}) {
      const asked = new URL(`http://relay/admin${path}`);
      const shown = isShown || method !== "GET" ? {} : { personal: "masked" };
      const all: Question["query"] = {
        ...(destination === "" ? {} : { destination }),
        ...shown,
        ...defined(query),
      };
      for (const [name, value] of Object.entries(all)) {
        if (value !== undefined && value !== "") asked.searchParams.set(name, String(value));
      }
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await options.api.fetch(new Request(asked, { method, headers, ...sent }), {});
      return await read(answer);
    },
  };
}

/** What is not given takes nothing's place. */
function defined<Value>(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Record<string, Value>;
}

async function read<Answer>(answer: Response): Promise<Asked<Answer>> {
  const text = await answer.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (answer.ok) return { ok: true, body: body as Answer };
  const { error } = (body ?? {}) as { error?: { message?: string } };
  return { ok: false, status: answer.status, message: error?.message ?? "The relay did not answer." };
}

/** An address of a page of the console, in the same workspace and as masked as this one. */
export function href(view: View, path: string, params: Readonly<Record<string, string | undefined>> = {}) {
  const search = new URLSearchParams();
  const all = {
    destination: view.destination,
    personal: view.isShown ? "shown" : undefined,
    ...defined(params),
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && value !== "") search.set(name, value);
  }
  const text = search.toString();
  return `/console${path}${text === "" ? "" : `?${text}`}`;
}

/** Where there are several workspaces, a contact is one of one of them. */
export const contactPage = (view: View, ref: string, destination?: string) =>
  href(view, `/contacts/${pathOfRef(ref)}`, destination === undefined ? {} : { destination });

/** Of a masked reference the seal is enough. */
export function pathOfRef(ref: string): string {
  return encodeURIComponent(ref.replace(/^(\w+):.*~(?=[\w-]{17,}$)/s, "$1:~"));
}

export const eventPage = (view: View, id: string) => href(view, `/events/${encodeURIComponent(id)}`);

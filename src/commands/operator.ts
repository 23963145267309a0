import { readConfigWithoutApi, type Config } from "../config.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import { describeMailbox, isKnown } from "../http/describe.ts";
import { describeFailure, retryAll } from "../http/failures.ts";
import { defaultDestination } from "../sources/destinations.ts";
import type { Store } from "../store/store.ts";
import { printProblems, type ExitCode, type Io } from "./io.ts";
import { holdsStore, openStore } from "./open-store.ts";
import { loadSources } from "./sources.ts";
import { prefixOf } from "./workspaces.ts";

/** What an operator can ask of a relay, whether it is running or not. Answers are the admin API's JSON. */
export interface Operator {
  failures(): Promise<unknown[]>;
  failure(id: string): Promise<unknown>;
  retry(id: string): Promise<boolean>;
  retryAll(): Promise<number>;
  drop(id: string): Promise<boolean>;
  contact(ref: ContactRef): Promise<unknown>;
  erase(ref: ContactRef): Promise<number>;
}

/**
 * Opens the store and works on it directly. The embedded store belongs to one process: while the relay runs on it, the
 * relay is asked through its admin API instead.
 */
export async function withOperator(
  io: Io,
  { destination }: { readonly destination?: string | undefined },
  work: (operator: Operator) => Promise<ExitCode>,
): Promise<ExitCode> {
  const read = readConfigWithoutApi(io.env);
  if (!read.ok) {
    printProblems(io, "the configuration has problems:", read.problems);
    return 1;
  }
  const { config } = read;
  const where = await destinationAsked(config, destination, io);
  if (!where.ok) {
    printProblems(io, "it cannot be told whose store is meant:", [where.problem]);
    return 2;
  }
  // The directory alone says nothing: it holds the spool of relays on any store.
  if (config.store.engine === "embedded" && !holdsStore(config.store.dataDir)) {
    const problem = `there is no store in ${config.store.dataDir}: DATA_DIR, REDIS_URL or DATABASE_URL name the relay's store`;
    printProblems(io, "the store cannot be reached:", [problem]);
    return 1;
  }
  const opened = await openStore(
    config,
    { prefix: prefixOf(config, where.name ?? defaultDestination), api: config.api },
    { onError: () => undefined, scrubAtClose: true },
  );
  try {
    if (opened.ok) return await work(storeOperator(opened.store));
    if (config.store.engine !== "embedded") {
      printProblems(io, "the store cannot be reached:", [opened.message]);
      return 1;
    }
    const asked = await askRelay(config, where.name);
    if (asked.ok) return await work(asked.operator);
    printProblems(io, "the store cannot be reached:", [opened.message, asked.message]);
    return 1;
  } catch (error) {
    printProblems(io, "failed:", [error instanceof Error ? error.message : String(error)]);
    return 1;
  } finally {
    if (opened.ok) await opened.store.close(closeWithinMs);
  }
}

type Asked = { ok: true; name: string | undefined } | { ok: false; problem: string };

/** Which workspace is meant; `name` is undefined where the relay has one, and no name for it. */
async function destinationAsked(config: Config, asked: string | undefined, io: Io): Promise<Asked> {
  const loaded = await loadSources(config.sourcesFile, io.env);
  if (!loaded.ok) {
    if (asked === undefined) return { ok: true, name: undefined };
    return { ok: false, problem: `the destinations cannot be read: ${loaded.problems.join("; ")}` };
  }
  const named = loaded.destinations.map(({ name }) => name);
  if (named.length === 0) {
    if (asked === undefined) return { ok: true, name: undefined };
    return { ok: false, problem: "there are no destinations: SOURCES_FILE names none" };
  }
  const names = [defaultDestination, ...named];
  if (asked !== undefined && names.includes(asked)) return { ok: true, name: asked };
  const given = asked === undefined ? "" : `"${asked}" is none: `;
  return { ok: false, problem: `--destination: ${given}there are ${names.join(", ")}` };
}

/** What was erased may have to be written out of the embedded store's files. */
const closeWithinMs = 60_000;

/** Whoever holds the embedded store should be a relay that lets itself be asked: otherwise "nothing" would be a lie. */
async function askRelay(
  config: Config,
  destination: string | undefined,
): Promise<{ ok: true; operator: Operator } | { ok: false; message: string }> {
  if (config.adminToken === undefined) {
    return {
      ok: false,
      message: "set ADMIN_TOKEN for the relay and for this command, so that it can be asked",
    };
  }
  const baseUrl = addressOf(config);
  const response = await fetch(`${baseUrl}/admin/status`, {
    headers: { authorization: `Bearer ${config.adminToken}` },
    signal: AbortSignal.timeout(askWithinMs),
  }).catch(() => undefined);
  if (response?.ok) return { ok: true, operator: httpOperator(baseUrl, config.adminToken, destination) };
  const where = `the relay asked at ${baseUrl} (HOST, PORT)`;
  switch (response?.status) {
    case undefined:
      return { ok: false, message: `${where} does not answer` };
    case 401:
      return { ok: false, message: `${where} was started with another ADMIN_TOKEN` };
    case 404:
      return { ok: false, message: `${where} was started without ADMIN_TOKEN, or is no relay` };
    default:
      return { ok: false, message: `${where} answered ${response?.status ?? "nothing"}` };
  }
}

const askWithinMs = 10_000;

function addressOf({ host, port }: Config): string {
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

const pageSize = 500;

function storeOperator(store: Store): Operator {
  return {
    async failures() {
      const items: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.failures.list(pageSize, cursor);
        items.push(...page.items.map(describeFailure));
        cursor = page.next;
      } while (cursor !== undefined);
      return items;
    },
    async failure(id) {
      const failure = await store.failures.find(id);
      return failure && describeFailure(failure);
    },
    retry: (id) => store.failures.retry(id),
    retryAll: () => retryAll(store.failures),
    drop: (id) => store.failures.drop(id),
    async contact(ref) {
      const state = await store.mailbox.read(ref);
      return isKnown(state) ? { contact: ref, ...describeMailbox(state) } : undefined;
    },
    erase: (ref) => store.erase(ref),
  };
}

function httpOperator(baseUrl: string, adminToken: string, destination: string | undefined): Operator {
  async function ask(method: string, path: string): Promise<Record<string, unknown> | undefined> {
    const url = new URL(`${baseUrl}/admin${path}`);
    if (destination !== undefined) url.searchParams.set("destination", destination);
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
    });
    if (response.status === 404) return undefined;
    if (!response.ok)
      throw new Error(`the running relay answered ${response.status} to ${method} /admin${path}`);
    return (await response.json()) as Record<string, unknown>;
  }
  const one = (id: string) => `/failures/${encodeURIComponent(id)}`;
  return {
    async failures() {
      const items: unknown[] = [];
      let cursor = "";
      do {
        const page = await ask("GET", `/failures?limit=${pageSize}${cursor}`);
        items.push(...((page?.["items"] as unknown[] | undefined) ?? []));
        cursor = typeof page?.["next"] === "string" ? `&cursor=${encodeURIComponent(page["next"])}` : "";
      } while (cursor !== "");
      return items;
    },
    failure: (id) => ask("GET", one(id)),
    retry: async (id) => (await ask("POST", `${one(id)}/retry`)) !== undefined,
    retryAll: async () => Number((await ask("POST", "/failures/retry"))?.["retried"] ?? 0),
    drop: async (id) => (await ask("DELETE", one(id))) !== undefined,
    contact: (ref) => ask("GET", `/contacts/${encodeURIComponent(ref)}`),
    erase: async (ref) =>
      Number((await ask("DELETE", `/contacts/${encodeURIComponent(ref)}`))?.["events"] ?? 0),
  };
}

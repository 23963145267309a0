import { readConfigWithoutApi, type Config } from "../config.ts";
import { contactTag, type ContactRef } from "../contact/contact-ref.ts";
import { commandLineAgent, describeEntry } from "../http/audit.ts";
import { describeErasure, eraseReferences } from "../http/erase.ts";
import type { ErasedAnswer } from "../http/schemas/contacts.ts";
import { describeContact, isKnown } from "../http/describe.ts";
import { describeGroup, describeMarked, markEntry, markOf } from "../http/failure-groups.ts";
import { describeFailure, retryAll } from "../http/failures.ts";
import type { MarkAsked } from "../http/schemas/failure-groups.ts";
import { defaultDestination } from "../sources/destinations.ts";
import type { Source } from "../sources/source.ts";
import { isGroupKey, type Store } from "../store/store.ts";
import { addressOf, askStatus } from "./ask.ts";
import { httpEvents, storeEvents, type EventOperator } from "./event-operator.ts";
import { printProblems, type ExitCode, type Io } from "./io.ts";
import { holdsStore, openStore } from "./open-store.ts";
import {
  httpReplays,
  storeReplays,
  type AskRelay,
  type RecordAct,
  type ReplayOperator,
} from "./replay-operator.ts";
import { loadSources } from "./sources.ts";
import { prefixOf } from "./workspaces.ts";

/** What an operator can ask of a relay, whether it is running or not. Answers are the admin API's JSON. */
export interface Operator extends ReplayOperator, EventOperator {
  failures(): Promise<unknown[]>;
  failure(id: string): Promise<unknown>;
  retry(id: string): Promise<boolean>;
  /** `progress` is told how far it is, where that is known. */
  retryAll(progress: (done: number, of: number) => void): Promise<number>;
  drop(id: string): Promise<boolean>;
  /** Groups of what is parked, the one with the newest item first. */
  groups(): Promise<unknown[]>;
  /** Undefined when nothing is parked in such a group. */
  mark(key: string, asked: MarkAsked): Promise<unknown>;
  contact(ref: ContactRef): Promise<unknown>;
  /** With `person` every reference that the API takes for the same contact. */
  erase(ref: ContactRef, person: boolean): Promise<ErasedAnswer>;
  /** The audit log, newest first; at most `limit` entries. */
  audit(limit: number): Promise<unknown[]>;
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
    if (opened.ok) return await work(storeOperator(opened.store, where.sources));
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

type Asked =
  | { ok: true; name: string | undefined; sources: ReadonlyMap<string, Source> | undefined }
  | { ok: false; problem: string };

/** Which workspace is meant; `name` is undefined where the relay has one, and no name for it. */
async function destinationAsked(config: Config, asked: string | undefined, io: Io): Promise<Asked> {
  const loaded = await loadSources(config.sourcesFile, io.env);
  if (!loaded.ok) {
    if (asked === undefined) return { ok: true, name: undefined, sources: undefined };
    return { ok: false, problem: `the destinations cannot be read: ${loaded.problems.join("; ")}` };
  }
  const sources = new Map(loaded.sources.map((source) => [source.name, source]));
  const named = loaded.destinations.map(({ name }) => name);
  if (named.length === 0) {
    if (asked === undefined) return { ok: true, name: undefined, sources };
    return { ok: false, problem: "there are no destinations: SOURCES_FILE names none" };
  }
  const names = [defaultDestination, ...named];
  if (asked !== undefined && names.includes(asked)) return { ok: true, name: asked, sources };
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
  const baseUrl = addressOf(config);
  const asked = await askStatus(baseUrl, config.adminToken);
  if (!asked.ok) return asked;
  if (asked.isStoreAway)
    return { ok: false, message: `the store of the relay at ${baseUrl} does not answer` };
  return { ok: true, operator: httpOperator(baseUrl, config.adminToken ?? "", destination) };
}

const pageSize = 500;

function storeOperator(store: Store, sources: ReadonlyMap<string, Source> | undefined): Operator {
  const record: RecordAct = (action, about) =>
    store.audit.record({ at: Date.now(), who: "command line", action, ...about });
  return {
    ...storeReplays(store, sources, record),
    ...storeEvents(store),
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
    async retry(id) {
      const found = await store.failures.retry(id);
      if (found) await record("retry", { target: id });
      return found;
    },
    async retryAll(progress) {
      const retried = await retryAll(store.failures, progress);
      await record("retry-all", { detail: `${retried} retried` });
      return retried;
    },
    async drop(id) {
      const found = await store.failures.drop(id);
      if (found) await record("drop", { target: id });
      return found;
    },
    async groups() {
      const items: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.failures.groups({ limit: pageSize, cursor });
        items.push(...page.items.map(describeGroup));
        cursor = page.next;
      } while (cursor !== undefined);
      return items;
    },
    async mark(key, asked) {
      const mark = markOf(asked, "command line", Date.now());
      if (!isGroupKey(key) || !(await store.failures.mark(key, mark))) return undefined;
      await record(...markEntry(key, mark));
      return describeMarked(key, mark);
    },
    async contact(ref) {
      const state = await store.mailbox.read(ref);
      return isKnown(state) ? describeContact(ref, state) : undefined;
    },
    async erase(ref, person) {
      const erased = await eraseReferences(store, ref, person);
      await record("erase", { target: contactTag(ref), detail: describeErasure(erased) });
      return erased;
    },
    async audit(limit) {
      return (await store.audit.list(limit)).items.map(describeEntry);
    },
  };
}

function httpOperator(baseUrl: string, adminToken: string, destination: string | undefined): Operator {
  const ask: AskRelay = async (method, path, body) => {
    const url = new URL(`${baseUrl}/admin${path}`);
    if (destination !== undefined) url.searchParams.set("destination", destination);
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        "content-type": "application/json",
        "user-agent": commandLineAgent,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (response.status === 404) return undefined;
    if (body !== undefined && response.status === 400) {
      return (await response.json()) as Record<string, unknown>;
    }
    if (!response.ok)
      throw new Error(`the running relay answered ${response.status} to ${method} /admin${path}`);
    return (await response.json()) as Record<string, unknown>;
  };
  async function all(path: string): Promise<unknown[]> {
    const items: unknown[] = [];
    let cursor = "";
    do {
      const page = await ask("GET", `${path}?limit=${pageSize}${cursor}`);
      items.push(...((page?.["items"] as unknown[] | undefined) ?? []));
      cursor = typeof page?.["next"] === "string" ? `&cursor=${encodeURIComponent(page["next"])}` : "";
    } while (cursor !== "");
    return items;
  }
  const one = (id: string) => `/failures/${encodeURIComponent(id)}`;
  return {
    ...httpReplays(ask),
    ...httpEvents(ask),
    failures: () => all("/failures"),
    failure: (id) => ask("GET", one(id)),
    retry: async (id) => (await ask("POST", `${one(id)}/retry`)) !== undefined,
    retryAll: async () => Number((await ask("POST", "/failures/retry"))?.["retried"] ?? 0),
    drop: async (id) => (await ask("DELETE", one(id))) !== undefined,
    groups: () => all("/failures/groups"),
    async mark(key, asked) {
      const marked = await ask("POST", `/failures/groups/${encodeURIComponent(key)}`, asked);
      const problem = (marked?.["error"] as { message?: string } | undefined)?.message;
      if (problem !== undefined) throw new Error(problem);
      return marked;
    },
    contact: (ref) => ask("GET", `/contacts/${encodeURIComponent(ref)}`),
    async erase(ref, person) {
      const answer = await ask("DELETE", `/contacts/${encodeURIComponent(ref)}?person=${person}`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the documented answer
      return answer as unknown as ErasedAnswer;
    },
    async audit(limit) {
      const items: unknown[] = [];
      for (let cursor = ""; items.length < limit;) {
        const page = await ask("GET", `/audit?limit=${Math.min(limit - items.length, pageSize)}${cursor}`);
        items.push(...((page?.["items"] as unknown[] | undefined) ?? []));
        if (typeof page?.["next"] !== "string") break;
        cursor = `&cursor=${encodeURIComponent(page["next"])}`;
      }
      return items;
    },
  };
}

import { readConfig } from "../config.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import { describeMailbox, isKnown } from "../http/describe.ts";
import { describeFailure, retryAll } from "../http/failures.ts";
import type { Store } from "../store/store.ts";
import { printProblems, type ExitCode, type Io } from "./io.ts";
import { openStore } from "./open-store.ts";

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
  work: (operator: Operator) => Promise<ExitCode>,
): Promise<ExitCode> {
  // Nothing is sent to the API here, so its token may be missing.
  const read = readConfig({ AELYST_API_TOKEN: "unused", ...io.env });
  if (!read.ok) {
    printProblems(io, "the configuration has problems:", read.problems);
    return 1;
  }
  const { config } = read;
  const opened = await openStore(config, { onError: () => undefined });
  try {
    if (opened.ok) return await work(storeOperator(opened.store));
    if (config.store.engine === "embedded" && config.adminToken !== undefined) {
      return await work(httpOperator(`http://127.0.0.1:${config.port}`, config.adminToken));
    }
    const hint = "If the relay is running here, set ADMIN_TOKEN for both, so that it can be asked.";
    printProblems(io, "the store cannot be reached:", [opened.message, hint]);
    return 1;
  } catch (error) {
    printProblems(io, "failed:", [error instanceof Error ? error.message : String(error)]);
    return 1;
  } finally {
    if (opened.ok) await opened.store.close(5_000);
  }
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
    async erase(ref) {
      const events = await store.mailbox.erase(ref);
      await store.events.erase(events);
      return events.length;
    },
  };
}

function httpOperator(baseUrl: string, adminToken: string): Operator {
  async function ask(method: string, path: string): Promise<Record<string, unknown> | undefined> {
    const response = await fetch(`${baseUrl}/admin${path}`, {
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

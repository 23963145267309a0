import { foretellReplay } from "../delivery/replays/foretell.ts";
import { describeReplay, dryRun, makeReplay, startedEntry, stopReplay } from "../http/replays.ts";
import { readReplayQuestion } from "../http/replay-question.ts";
import type { ForetoldAnswer, ReplayAnswer } from "../http/schemas/replays.ts";
import type { Source } from "../sources/source.ts";
import type { AuditEntry, Store } from "../store/store.ts";

/** What is wrong with a question is a message for whoever asked. */
export type Answered<Answer> = { ok: true; answer: Answer } | { ok: false; message: string };

export interface ReplayAsk {
  readonly filter: Readonly<Record<string, string>>;
  readonly share?: number | undefined;
  readonly sample?: number | undefined;
}

/** What an operator can ask about replays. */
export interface ReplayOperator {
  replayEvent(id: string): Promise<boolean>;
  foretellReplay(ask: ReplayAsk): Promise<Answered<ForetoldAnswer>>;
  createReplay(ask: ReplayAsk): Promise<Answered<ReplayAnswer>>;
  /** Newest first. */
  replays(): Promise<readonly ReplayAnswer[]>;
  replayOf(id: string): Promise<ReplayAnswer | undefined>;
  stopReplay(id: string): Promise<ReplayAnswer | undefined>;
  /** False when it is known that nobody would carry a replay out now. */
  isCarriedOut(): Promise<boolean>;
}

/** Writes into the audit log what was done. */
export type RecordAct = (
  action: AuditEntry["action"],
  about: Pick<AuditEntry, "target" | "detail">,
) => Promise<void>;

const pageSize = 500;

export function storeReplays(
  store: Store,
  sources: ReadonlyMap<string, Source> | undefined,
  record: RecordAct,
): ReplayOperator {
  const describe = async (replay: Awaited<ReturnType<Store["replays"]["find"]>>) =>
    replay && describeReplay(replay, await store.pacer.state());
  const read = async (ask: ReplayAsk) => readReplayQuestion(ask, await store.replays.now());
  return {
    async replayEvent(id) {
      const found = await store.events.replay(id);
      if (found) await record("replay", { target: id });
      return found;
    },
    async foretellReplay(ask) {
      if (!sources)
        return { ok: false, message: "the sources cannot be read: `contact-relay check` says why" };
      const question = await read(ask);
      if (!question.ok) return question;
      const foretell = (of: Store, ...rest: [Parameters<typeof foretellReplay>[2], number]) =>
        foretellReplay(of, sources, ...rest);
      return { ok: true, answer: await dryRun(store, foretell, question.asked) };
    },
    async createReplay(ask) {
      const question = await read(ask);
      if (!question.ok) return question;
      const { replay, answer } = await makeReplay(store, question.asked, "command line");
      await record("replay-started", startedEntry(replay));
      return { ok: true, answer };
    },
    async replays() {
      const pace = await store.pacer.state();
      const items: ReplayAnswer[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.replays.list(pageSize, cursor);
        items.push(...page.items.map((replay) => describeReplay(replay, pace)));
        cursor = page.next;
      } while (cursor !== undefined);
      return items;
    },
    replayOf: async (id) => await describe(await store.replays.find(id)),
    async stopReplay(id) {
      const { replay, isNew } = await stopReplay(store, id);
      if (isNew) await record("replay-stopped", { target: id });
      return await describe(replay);
    },
    isCarriedOut: async () => (await store.archive.runningWorkers()) > 0,
  };
}

/** Asks a running relay; `undefined` for what is not there. */
export type AskRelay = (
  method: string,
  path: string,
  body?: object,
) => Promise<Record<string, unknown> | undefined>;

export function httpReplays(ask: AskRelay): ReplayOperator {
  const one = (id: string) => `/replays/${encodeURIComponent(id)}`;
  /** Answers of our own relay, which its own document describes. */
  async function post<Answer>(body: object): Promise<Answered<Answer>> {
    const answer = await ask("POST", "/replays", body);
    if (answer === undefined) return { ok: false, message: "the running relay knows no replays by a filter" };
    const { error } = answer as { error?: { message: string } };
    return error ? { ok: false, message: error.message } : { ok: true, answer: answer as Answer };
  }
  return {
    replayEvent: async (id) =>
      (await ask("POST", `/events/${encodeURIComponent(id)}/replay`))?.["status"] === "replayed",
    foretellReplay: (asked) => post<ForetoldAnswer>({ ...asked, dryRun: true }),
    createReplay: ({ filter, share }) => post<ReplayAnswer>({ filter, share }),
    async replays() {
      const items: ReplayAnswer[] = [];
      let cursor = "";
      do {
        const page = await ask("GET", `/replays?limit=${pageSize}${cursor}`);
        items.push(...((page?.["items"] as ReplayAnswer[] | undefined) ?? []));
        cursor = typeof page?.["next"] === "string" ? `&cursor=${encodeURIComponent(page["next"])}` : "";
      } while (cursor !== "");
      return items;
    },
    replayOf: async (id) => (await ask("GET", one(id))) as ReplayAnswer | undefined,
    stopReplay: async (id) => (await ask("DELETE", one(id))) as ReplayAnswer | undefined,
    isCarriedOut: () => Promise.resolve(true),
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, Store, StoreHealth } from "./store.ts";

/** `final`: trying again is of no use before a person has acted. */
export type OpenedStore =
  | { readonly ok: true; readonly store: Store }
  | { readonly ok: false; readonly final: boolean; readonly message: string };

export interface LateStoreOptions {
  readonly engine: Engine;
  readonly open: (signal: AbortSignal) => Promise<OpenedStore>;
  /** How long to wait for the first attempt: a store that is there is there from the first request on. */
  readonly graceMs: number;
  readonly onAway: (message: string) => void;
}

/** A store from the first moment: it refuses everything until the one behind it could be opened. */
export interface LateStore {
  readonly store: Store;
  /** Settles with the first outcome, or undefined once the grace is over. */
  readonly first: Promise<OpenedStore | undefined>;
  /** Settles when the store was opened, was refused for good, or (undefined) was closed before. */
  readonly settled: Promise<OpenedStore | undefined>;
}

const retryFirstMs = 250;
const retryMaxMs = 2_000;

export function openLate(options: LateStoreOptions): LateStore {
  const closing = new AbortController();
  let current: Store | undefined;
  let message = "the store has not answered yet";

  async function openUntilSettled(onAttempt: (opened: OpenedStore) => void) {
    for (let delayMs = retryFirstMs; !closing.signal.aborted; delayMs = Math.min(2 * delayMs, retryMaxMs)) {
      const opened = await options.open(closing.signal);
      if (opened.ok && closing.signal.aborted) await opened.store.close(0);
      if (closing.signal.aborted) break;
      if (opened.ok) current = opened.store;
      else message = opened.message;
      onAttempt(opened);
      if (opened.ok || opened.final) return opened;
      options.onAway(opened.message);
      await sleep(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
    return undefined;
  }

  let announce: (opened: OpenedStore) => void = () => undefined;
  const attempted = new Promise<OpenedStore>((resolve) => {
    announce = resolve;
  });
  const settled = openUntilSettled((opened) => announce(opened));
  const first = Promise.race([
    attempted,
    sleep(options.graceMs, undefined, { ref: false, signal: closing.signal }).catch(() => undefined),
  ]);

  function real(): Store {
    if (current) return current;
    throw new Error(message);
  }

  const store: Store = {
    engine: options.engine,
    events: onceOpen(() => real().events),
    mailbox: onceOpen(() => real().mailbox),
    pacer: onceOpen(() => real().pacer),
    failures: onceOpen(() => real().failures),
    replays: onceOpen(() => real().replays),
    notices: onceOpen(() => real().notices),
    numbers: onceOpen(() => real().numbers),
    audit: onceOpen(() => real().audit),
    signOuts: onceOpen(() => real().signOuts),
    replicas: onceOpen(() => real().replicas),
    archive: {
      // Only an operator's command asks for it, on a store that is open.
      export: () => real().archive.export(),
      import: async (records) => await real().archive.import(records),
      find: async (records) => await real().archive.find(records),
      runningWorkers: async () => await real().archive.runningWorkers(),
      readMark: async () => await real().archive.readMark(),
      writeMark: async (mark) => await real().archive.writeMark(mark),
    },
    startWorker: (processor, own) => real().startWorker(processor, own),
    wakeQueue: () => real().wakeQueue(),
    wake: async (contact, priority) => await real().wake(contact, priority),
    wakeAll: async (wakes) => await real().wakeAll(wakes),
    wakeMissing: async (contacts) => await real().wakeMissing(contacts),
    letForward: async (shares) => await real().letForward(shares),
    erase: async (contact) => await real().erase(contact),
    counts: async () => await real().counts(),
    oldest: async () => await real().oldest(),
    due: async () => await real().due(),
    async health(deadlineMs): Promise<StoreHealth> {
      return current ? await current.health(deadlineMs) : { ok: false, message };
    },
    async close(deadlineMs) {
      closing.abort();
      await settled;
      await current?.close(deadlineMs);
    },
  };
  return { store, first, settled };
}

/** Anything else would not be what it says it is while it waits. */
type AllAsynchronous<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: never[]) => Promise<unknown>
    ? Part[Name]
    : never;
};

/** Every member of these parts is an asynchronous method: before the store is open each of them rejects. */
function onceOpen<Part extends AllAsynchronous<Part>>(part: () => Part): Part {
  const later = new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]): Promise<unknown> => {
          const opened = part();
          const method: unknown = Reflect.get(opened, name);
          if (typeof method !== "function") throw new Error(`the store has no method ${String(name)}`);
          return await (Reflect.apply(method, opened, args) as unknown);
        },
    },
  );
  return later as Part;
}

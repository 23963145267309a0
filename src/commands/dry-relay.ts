import { Writable } from "node:stream";
import type { RelayEvent } from "../contact/event.ts";
import { createAccess } from "../http/access.ts";
import { httpApp } from "../http/app.ts";
import { createIntake } from "../intake/receive.ts";
import type { Published } from "../providers/provider.ts";
import { announcements } from "../providers/registry.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { noTracing } from "../telemetry/tracing.ts";

export interface DryRelay {
  readonly fetch: ReturnType<typeof httpApp>["fetch"];
  /** The events that were accepted since the last call, oldest first. */
  takeAccepted(): RelayEvent[];
  /** What the log said since the last call at the level `error`. */
  takeErrors(): string[];
}

/** The relay's own HTTP app and intake, over a store that only accepts: nothing is kept and nothing is delivered. */
export function createDryRelay(
  sourceList: readonly Source[],
  clock: () => number,
  bodyLimitBytes: number,
  published?: Published,
): DryRelay {
  let accepted: RelayEvent[] = [];
  let errors: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      errors.push(chunk.toString().trim());
      done();
    },
  });
  const log = createLogger({ level: "error", stream });
  const metrics = createMetrics({ sources: new Set(sourceList.map(({ name }) => name)), ofProcess: false });
  const store = acceptingStore((events) => accepted.push(...events));
  const sources = new Map(sourceList.map((source) => [source.name, source]));
  const spool = { state: () => ({ events: 0, bytes: 0 }) };
  const access = createAccess({ adminToken: undefined, clock, now: clock, log, metrics });
  const app = httpApp({
    webhooks: {
      sources,
      intake: createIntake(store.events, clock, undefined, published),
      announcements,
      bodyLimitBytes,
      clock,
      log,
      metrics,
      tracing: noTracing,
    },
    health: {
      takesEvents: true,
      bus: () => ({}),
      spool,
      metrics,
      access,
      clock,
    },
    admin: {
      bus: () => ({}),
      spool,
      sources,
      foretellReplay: () => Promise.reject(new Error("a dry run keeps nothing")),
      shapes: { changes: () => [] },
      replicas: { id: "", list: () => Promise.reject(new Error("a dry run keeps nothing")) },
      bodyLimitBytes,
      access,
      version: "dry",
      role: "intake",
      clock,
      log,
    },
    desks: [{ destination: undefined, store, workerState: undefined }],
  });
  return {
    fetch: app.fetch,
    takeAccepted() {
      const taken = accepted;
      accepted = [];
      return taken;
    },
    takeErrors() {
      const taken = errors;
      errors = [];
      return taken;
    },
  };
}

/** Every event is new to it. Everything but accepting is refused: nothing here asks for more. */
function acceptingStore(accept: (events: readonly RelayEvent[]) => void): Store {
  const refuse = () => Promise.reject(new Error("a dry run keeps nothing"));
  return {
    engine: "embedded",
    events: {
      accept(events) {
        accept(events);
        return Promise.resolve(events.map(({ id }) => ({ id, duplicate: false })));
      },
      find: refuse,
      newestOf: refuse,
      list: refuse,
      count: refuse,
      claim: refuse,
      extend: refuse,
      conclude: refuse,
      arrival: refuse,
      failed: refuse,
      replay: refuse,
      retry: refuse,
      drop: refuse,
      erase: refuse,
    },
    mailbox: {
      post: refuse,
      read: refuse,
      settle: refuse,
      overdue: refuse,
      priorities: refuse,
      erase: refuse,
      remember: refuse,
      awaitContact: refuse,
      awaiting: refuse,
      forgetAwaiting: refuse,
      hold: refuse,
      release: refuse,
      eventIds: refuse,
    },
    pacer: { take: refuse, pause: refuse, resume: refuse, restoreRate: refuse, state: refuse },
    replays: {
      now: refuse,
      create: refuse,
      find: refuse,
      list: refuse,
      stop: refuse,
      claim: refuse,
      save: refuse,
      end: refuse,
      release: refuse,
      forget: refuse,
    },
    notices: { read: refuse, claim: refuse, save: refuse, release: refuse },
    failures: {
      list: refuse,
      find: refuse,
      retry: refuse,
      drop: refuse,
      guard: refuse,
      isCursor: refuse,
      groups: refuse,
      isGroupsCursor: refuse,
      group: refuse,
      mark: refuse,
      openItems: refuse,
    },
    signOuts: { add: refuse, has: refuse },
    replicas: { tell: refuse, forget: refuse, list: refuse },
    archive: {
      export() {
        throw new Error("a dry run has nothing to export");
      },
      import: refuse,
      find: refuse,
      runningWorkers: refuse,
      readMark: refuse,
      writeMark: refuse,
    },
    numbers: { add: refuse, read: refuse },
    audit: { record: refuse, list: refuse },
    startWorker() {
      throw new Error("a dry run has no workers");
    },
    wakeQueue() {
      throw new Error("a dry run has no queue");
    },
    wake: refuse,
    wakeAll: refuse,
    wakeMissing: refuse,
    letForward: refuse,
    erase: refuse,
    due: refuse,
    counts: refuse,
    oldest: refuse,
    health: () => Promise.resolve({ ok: true }),
    close: () => Promise.resolve(),
  };
}

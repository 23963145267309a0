import { Writable } from "node:stream";
import type { RelayEvent } from "../contact/event.ts";
import { createAccess } from "../http/access.ts";
import { httpApp } from "../http/app.ts";
import { createIntake } from "../intake/receive.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";

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
  const access = createAccess({ adminToken: undefined, clock, log, metrics });
  const app = httpApp({
    webhooks: {
      sources,
      intake: createIntake(store.events, clock),
      bodyLimitBytes,
      clock,
      log,
      metrics,
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
      shapes: { changes: () => [] },
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
      list: refuse,
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
      eventIds: refuse,
    },
    pacer: { take: refuse, pause: refuse, resume: refuse, restoreRate: refuse, state: refuse },
    failures: {
      list: refuse,
      find: refuse,
      retry: refuse,
      drop: refuse,
      guard: refuse,
      isCursor: refuse,
    },
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
    startWorker() {
      throw new Error("a dry run has no workers");
    },
    wake: refuse,
    wakeAll: refuse,
    letForward: refuse,
    erase: refuse,
    due: refuse,
    counts: refuse,
    health: () => Promise.resolve({ ok: true }),
    close: () => Promise.resolve(),
  };
}

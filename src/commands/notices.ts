import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { ulid } from "ulid";
import type { Config } from "../config.ts";
import type { Spool } from "../intake/spool.ts";
import { newestEvents } from "../http/numbers.ts";
import { createPost, targetOf, type Target } from "../notices/post.ts";
import { busSightings, spoolSightings, workspaceSightings } from "../notices/sightings.ts";
import { seenByOthers, startWatch, type Watch } from "../notices/watch.ts";
import type { createConnections } from "../outbound/connections.ts";
import type { Source } from "../sources/source.ts";
import { withDeadline } from "../store/deadline.ts";
import type { Notices } from "../store/notices.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Bus } from "./bus.ts";

export interface NoticesOptions {
  readonly config: Config;
  /** Of every workspace; what was told is kept in the first one's. */
  readonly stores: readonly { readonly destination: string | undefined; readonly store: Store }[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly bus: Pick<Bus, "state">;
  readonly spool: Pick<Spool, "state">;
  readonly connections: ReturnType<typeof createConnections>;
  readonly clock: () => number;
  /** Waits, or returns at once when the signal says so. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "notice" | "storeError">;
}

const postTimeoutMs = 10_000;
/** A store that stands still must hold up neither the next look nor the end of the process. */
const storeDeadlineMs = 5_000;

export function targetsOf({ notify }: Pick<Config, "notify">): readonly Target[] {
  return notify.urls.map((url) => targetOf(url, notify.format));
}

export function postOf(config: Config, connections: NoticesOptions["connections"], clock: () => number) {
  return createPost({ connections, secret: config.notify.secret, timeoutMs: postTimeoutMs, clock });
}

/**
 * Looks at what needs a person, and tells whoever `NOTIFY_URL` names. Undefined where that is nobody and nobody may ask
 * either. A process that takes no events only says what the others see: they see all of it, their buses and spools too.
 */
export function startNotices(options: NoticesOptions): Watch | undefined {
  const { config, stores, clock, log, metrics } = options;
  const targets = targetsOf(config);
  const [first] = stores;
  if ((targets.length === 0 && config.adminToken === undefined) || !first) return undefined;
  if (config.role === "worker") return seenByOthers(withinTime(first.store.notices), clock);
  const machine = hostname();
  return startWatch({
    notices: withinTime(first.store.notices),
    health: (deadlineMs) => first.store.health(deadlineMs),
    targets,
    post: postOf(config, options.connections, clock),
    lookHere: () => spoolSightings(options.spool.state(), config.spoolBytesMax, machine),
    async lookAtStore(isOpen) {
      const each = await Promise.all(
        stores.map(async ({ destination, store }) => {
          const { pacer, failures } = store;
          const looked = Promise.all([pacer.state(), store.counts()]);
          // It may have to look at everything that is parked. What else needs a person is told all the same.
          const asked = inTime(failures.openItems()).catch((error: unknown) => {
            metrics.storeError("notices");
            log.warn({ err: error, destination }, "what is parked could not be counted; it is tried again");
            return undefined;
          });
          const [[pace, queues], parked] = await Promise.all([inTime(looked), asked]);
          return workspaceSightings(
            { destination, pace, queues, parked },
            config.notify.behindMinutes,
            isOpen,
          );
        }),
      );
      return [...each.flat(), ...busSightings(options.bus.state())];
    },
    sources: {
      names: () => [...options.sources.keys()],
      newest: (sources) =>
        inTime(
          newestEvents(
            sources,
            stores.map(({ store }) => store),
          ),
        ),
    },
    holder: randomUUID(),
    newId: () => `ntc_${ulid()}`,
    clock,
    random: Math.random,
    wait: options.wait ?? waitReally,
    observer: {
      sent({ url }, { id, kind, subject, state }) {
        metrics.notice(kind, "sent");
        log.info({ notice: id, kind, subject, state, to: url.host }, "a notice was posted");
      },
      failed({ url }, { kind }, { reason, failures, retryMs }) {
        metrics.notice(kind, "failed");
        if (failures > 1) return;
        log.warn({ kind, to: url.host, reason, retryMs }, "a notice could not be posted; it is tried again");
      },
      gaveUp({ url }, { id, kind, state }) {
        metrics.notice(kind, "given-up");
        const about = { notice: id, kind, state, to: url.host };
        log.error(about, "a notice could not be posted for a day and is given up");
      },
      onError(error) {
        metrics.storeError("notices");
        log.warn({ err: error }, "what needs a person could not be looked at; it is tried again");
      },
    },
  });
}

async function waitReally(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  return await withDeadline(work, storeDeadlineMs, "the store did not answer");
}

function withinTime(notices: Notices): Notices {
  return {
    read: () => inTime(notices.read()),
    claim: (holder, leaseMs) => inTime(notices.claim(holder, leaseMs)),
    save: (holder, text, leaseMs) => inTime(notices.save(holder, text, leaseMs)),
    release: (holder) => inTime(notices.release(holder)),
  };
}

import { setMaxListeners } from "node:events";
import { DelayedError, UnrecoverableError, type Job } from "bullmq";
import { contactTag, type ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { isHigher } from "../contact/priority.ts";
import type { Source } from "../sources/source.ts";
import type { Parked, Store, WakeJobData, WakeProcessor } from "../store/store.ts";
import { parkedId, readJobNumber, wakesFor, type Wake } from "../store/wakes.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { createCanary } from "./canary.ts";
import { createCompletion } from "./completion.ts";
import { deliverContact } from "./deliver-contact.ts";
import type { Attempts, Delivery, DeliveryPolicy } from "./delivery.ts";
import { createDeliveryTrace, type DeliveryTrace } from "./delivery-trace.ts";
import type { FieldWatch } from "./field-watch.ts";
import type { LookupGet } from "./lookup.ts";
import { retryDelayMs, type Schedule } from "./retry-schedule.ts";
import { createEventReport } from "./event-report.ts";
import { createMapEvents } from "./map-events.ts";
import { startMapper } from "./mapper.ts";
import type { Lane } from "./pace.ts";
import { namesBroughtFor } from "./missing.ts";
import { createTurns } from "./missing-turns.ts";
import { createRenamedTo } from "./renamed.ts";
import type { Sender } from "./send.ts";
import type { ShapeWatch } from "./shape-watch.ts";
import { createShares } from "./shares.ts";
import { createSweep } from "./sweep.ts";

export interface WorkersOptions {
  readonly store: Store;
  readonly sources: ReadonlyMap<string, Source>;
  readonly send: Sender;
  readonly create: Sender;
  readonly lookup: LookupGet;
  readonly shapes: ShapeWatch;
  readonly policy: DeliveryPolicy;
  readonly fields?: FieldWatch | undefined;
  /** Requests per second: sizes how many contacts are worked on at once. */
  readonly ceiling: number;
  readonly clock: () => number;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** `silent`: jobs wait, and none has been taken for long. */
export type WorkersState = "ok" | "silent" | "stopped";

export interface Workers {
  state(): WorkersState;
  /** Takes no more jobs, lets requests on the wire finish, puts back what still waits for its slot. */
  close(): Promise<void>;
}

const lookEveryMs = 5_000;
const sweepEveryMs = 30_000;

/** While one batch is written, the next is mapped; the embedded store does one thing at a time. */
const batchesAtOnce = { embedded: 1, postgres: 2, redis: 2 } as const;
/** The statements of the embedded store run in this process: a large one would hold up everything else. */
const batchMax = { embedded: 40, postgres: 200, redis: 200 } as const;
/** Errors of the store pass by themselves. */
const passing: Schedule = { firstMs: 500, maxMs: 30_000 };
/** Of the ceiling, for contacts that have been missing for long. */
const missingShare = 0.05;
/** Events that are fetched from their sender's API at once. */
const completingMax = 4;

const waitTexts = {
  busy: "contact is busy at the API",
  failing: "delivery failed",
  unauthorized: "the API refused to serve the request",
  limited: "the API limits this contact alone",
  missing: "the API does not have the contact",
  created: "the contact was created, and the API asks for a pause",
  linked: "another name of the same person is being asked for",
} as const;

function attemptsOf({ busy = 0, failures = 0, missing, expiresAt, wrote }: WakeJobData): Attempts {
  return {
    busy,
    failures,
    ...(missing === undefined ? {} : { missing }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(wrote === undefined ? {} : { wrote }),
  };
}

/** Enough contacts at once to keep the ceiling busy while the API takes seconds to answer. */
function contactConcurrency(ceiling: number): number {
  return Math.min(256, Math.max(10, Math.ceil(ceiling * 3)));
}

/** The only place where delivery meets BullMQ: outcomes become job states here. */
export function startWorkers(options: WorkersOptions): Workers {
  const { store, log, metrics, clock } = options;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);

  const concurrency = {
    events: batchesAtOnce[store.engine],
    contacts: contactConcurrency(options.ceiling),
  };

  const renamedTo = createRenamedTo(store.events);
  async function updatesOf(eventId: string): Promise<readonly ContactUpdate[]> {
    const result = (await store.events.find(eventId))?.result;
    return result?.outcome === "mapped" ? result.updates : [];
  }

  /** Of the contacts that are worked on: what comes for one of them meanwhile goes out with what waits for its slot. */
  const lanes = new Map<ContactRef, Lane>();
  async function wakeAll(wakes: readonly Wake[]): Promise<void> {
    for (const { contact, priority } of wakes) {
      const lane = lanes.get(contact);
      if (lane && isHigher(priority, lane.priority)) lane.priority = priority;
    }
    await store.wakeAll(wakes);
  }
  /** A run of theirs may be under way, which is waited for: once for each contact at a time. */
  const waking = new Set<ContactRef>();
  async function wakeAwaiting(names: readonly ContactRef[]): Promise<void> {
    const contacts = (await store.mailbox.awaiting(names)).filter((contact) => !waking.has(contact));
    for (const contact of contacts) waking.add(contact);
    try {
      await store.wakeMissing(contacts);
    } finally {
      for (const contact of contacts) waking.delete(contact);
    }
  }
  function keepWaking(names: readonly ContactRef[]): void {
    if (names.length === 0) return;
    wakeAwaiting(names).catch((error: unknown) => {
      metrics.storeError("wake");
      log.warn(
        { err: error },
        "a contact that waits to exist could not be woken; its next try is as planned",
      );
    });
  }
  const turns = createTurns(missingShare * options.ceiling, clock);
  const shares = createShares(store, clock, (error) => {
    metrics.storeError("share");
    log.warn({ err: error }, "lower priorities could not be given their share; it will be tried again");
  });

  async function runContact(job: Job<WakeJobData, void>, token: string | undefined): Promise<void> {
    const { priority, forward } = readJobNumber(job.priority);
    shares.taken(priority, forward);
    const lane: Lane = { priority };
    const { contact } = job.data;
    // What a run that was cut off has set aside comes back before anything else.
    const turnAt = job.data.parked ? undefined : turns.next(job.data);
    if (turnAt !== undefined) {
      await job.updateData({ ...job.data, turnAt });
      await job.moveToDelayed(turnAt, token);
      throw new DelayedError();
    }
    lanes.set(contact, lane);
    try {
      await conclude(job, token, await deliverTraced(job, lane));
    } finally {
      if (lanes.get(contact) === lane) lanes.delete(contact);
    }
  }

  async function deliverTraced(job: Job<WakeJobData, void>, lane: Readonly<Lane>): Promise<Delivery> {
    const { contact, busy = 0, failures = 0 } = job.data;
    const trace = createDeliveryTrace(options.tracing, contact, busy + failures, clock);
    let delivery: Delivery | undefined;
    try {
      delivery = await deliverInLane(job, lane, trace);
      report(job.data, delivery, trace);
      return delivery;
    } finally {
      trace.end(delivery);
    }
  }

  async function deliverInLane(
    job: Job<WakeJobData, void>,
    lane: Readonly<Lane>,
    trace: DeliveryTrace,
  ): Promise<Delivery> {
    const { contact, parked } = job.data;
    const attempts = attemptsOf(job.data);
    // Only a run that was cut off after it parked leaves this behind: begin again with everything.
    if (parked) {
      await store.mailbox.post(parked.flatMap((item) => item.updates));
      await job.updateData({ contact, ...attempts });
    }
    return await deliverContact(contact, attempts, {
      mailbox: store.mailbox,
      send: (ref, signal, compose, made) => options.send(ref, signal, compose, made, lane, trace.request),
      create: (ref, signal, compose, made) => options.create(ref, signal, compose, made, lane, trace.request),
      creating: async (wrote) => await job.updateData({ contact, ...attempts, wrote }),
      policy: options.policy,
      fields: options.fields,
      clock,
      random: options.random,
      observer: metrics,
      wake: wakeAll,
      // A run of theirs may be under way, which is waited for.
      wakeMissing: async (names) => keepWaking(names),
      renamedTo,
      updatesOf,
      composed: trace.composed,
      keep: async (items: readonly Parked[]) => {
        await job.updateData({ contact, ...attempts, parked: items });
        return items.map((_, index) => parkedId(job.id, index));
      },
      signal: stopping.signal,
    });
  }

  async function conclude(
    job: Job<WakeJobData, void>,
    token: string | undefined,
    delivery: Delivery,
  ): Promise<void> {
    const { contact } = job.data;
    switch (delivery.kind) {
      case "settled":
      case "readdressed":
        return;
      case "wait":
        await job.updateData({ contact, ...delivery.attempts });
        await job.moveToDelayed(clock() + delivery.delayMs, token);
        throw new DelayedError();
      case "interrupted":
        await job.moveToDelayed(clock() + 1, token);
        throw new DelayedError();
      case "parked":
        if (delivery.remaining) await wakeAll(wakesFor((await store.mailbox.read(contact, false)).waiting));
        throw new UnrecoverableError(delivery.parked.map((item) => item.reason).join(", "));
    }
  }

  function report(wake: WakeJobData, delivery: Delivery, trace: DeliveryTrace): void {
    if (delivery.kind === "settled") {
      metrics.delivery(delivery.requests > 0 ? "delivered" : "nothing-new");
      if (!log.isLevelEnabled("debug")) return;
      const text = delivery.requests > 0 ? "contact delivered" : "nothing newer to send";
      log.debug({ contact: contactTag(wake.contact), ...trace.about() }, text);
      return;
    }
    const about = { contact: contactTag(wake.contact), ...trace.about() };
    switch (delivery.kind) {
      case "wait": {
        const { because, delayMs, attempts, message } = delivery;
        metrics.delivery(
          because === "failing" || because === "unauthorized" || because === "limited" ? "retried" : because,
        );
        const level =
          because === "missing" || because === "created" || because === "linked" ? "info" : "warn";
        log[level]({ ...about, ...attempts, delayMs, message }, `${waitTexts[because]}; it will be retried`);
        return;
      }
      case "readdressed":
        metrics.delivery("readdressed");
        log.info(about, "the API does not know the contact by this identifier; the next one is tried");
        return;
      case "interrupted":
        metrics.delivery("interrupted");
        return;
      case "parked":
        metrics.delivery("parked");
        for (const item of delivery.parked) {
          metrics.parked(item.reason);
          const { reason, status, message, fields } = item;
          const events = item.updates.map((update) => update.eventId);
          log.error({ ...about, reason, status, message, fields, events }, "update parked");
        }
    }
  }

  /** When the store was last in trouble; undefined once what that may have cost was looked after. */
  let troubledAt: number | undefined;

  const canary = createCanary({ due: () => store.due(), concurrency, clock });
  const watched: WakeProcessor = async (job, token) => {
    canary.began("contacts");
    try {
      await runContact(job, token);
    } finally {
      canary.ended("contacts");
    }
  };
  const worker = store.startWorker(watched, { concurrency: concurrency.contacts });
  const map = createMapEvents({
    store,
    sources: options.sources,
    complete: createCompletion({ get: options.lookup, atOnceMax: completingMax, clock }),
    maxAgeMs: options.policy.maxAgeMs,
    passingDelayMs: (attempts) => retryDelayMs(passing, attempts, undefined, options.random()),
    clock,
    tracing: options.tracing,
    report: createEventReport(options),
    onError: (error) => log.error({ err: error }, "an event met an error; it will be tried again"),
    stopping: stopping.signal,
  });
  const mapper = startMapper({
    store: { events: store.events, health: (deadlineMs) => store.health(deadlineMs), wakeAll },
    map,
    batches: concurrency.events,
    batchMax: batchMax[store.engine],
    posted(updates) {
      if (options.policy.missing !== "park") keepWaking(namesBroughtFor(updates));
    },
    onError(error, where) {
      metrics.storeError(where);
      troubledAt = clock();
      log.warn({ err: error, where }, "the log of events could not be worked on; it will be tried again");
    },
    began: () => canary.began("events"),
    ended: () => canary.ended("events"),
    stopping: stopping.signal,
  });

  let silentBefore = "";
  async function look(): Promise<void> {
    await canary.look();
    const silent = canary.silent().join(", ");
    if (silent !== "" && silent !== silentBefore) {
      log.error(
        { queues: silent },
        "jobs wait and no worker takes them: is the queue paused? Else restart it",
      );
    } else if (silent === "" && silentBefore !== "") {
      log.info({ queues: silentBefore }, "jobs are taken again");
    }
    silentBefore = silent;
  }
  const overdue = createSweep(store, clock);
  async function sweep(): Promise<void> {
    await overdue.run();
    await store.failures.guard();
  }
  let sweeping: Promise<void> | undefined;
  function keepSwept(): void {
    sweeping ??= sweep()
      .catch((error: unknown) => {
        metrics.storeError("sweep");
        log.warn({ err: error }, "the sweep for forgotten contacts failed; it will be repeated");
      })
      .finally(() => {
        sweeping = undefined;
      });
  }
  keepSwept();
  const sweeper = setInterval(keepSwept, sweepEveryMs);
  const looker = setInterval(() => {
    void look();
    // A server that crashed may have lost the last wake-ups it had confirmed.
    if (troubledAt === undefined || clock() - troubledAt < lookEveryMs) return;
    troubledAt = undefined;
    overdue.doubt();
    keepSwept();
  }, lookEveryMs);

  return {
    state() {
      if (!worker.isRunning() || worker.isPaused()) return "stopped";
      return canary.silent().length > 0 ? "silent" : "ok";
    },
    async close() {
      clearInterval(looker);
      clearInterval(sweeper);
      stopping.abort();
      await sweeping;
      await Promise.all([worker.close(), mapper.close()]);
    },
  };
}

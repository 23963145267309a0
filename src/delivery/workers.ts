import { setMaxListeners } from "node:events";
import { DelayedError, UnrecoverableError, type Job } from "bullmq";
import { contactTag } from "../contact/contact-ref.ts";
import type { MappingReport, RelayEvent } from "../contact/event.ts";
import type { Source } from "../sources/source.ts";
import type {
  EventResult,
  JobProcessor,
  JobWorker,
  Parked,
  QueueName,
  Store,
  WakeJobData,
} from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createCanary } from "./canary.ts";
import { createCompletion } from "./completion.ts";
import { deliverContact, type Delivery, type DeliveryPolicy } from "./deliver-contact.ts";
import type { LookupGet } from "./lookup.ts";
import { createMapAhead } from "./map-ahead.ts";
import type { Sender } from "./send.ts";
import type { ShapeWatch } from "./shape-watch.ts";
import { createSweep } from "./sweep.ts";

export interface WorkersOptions {
  readonly store: Store;
  readonly sources: ReadonlyMap<string, Source>;
  readonly send: Sender;
  readonly lookup: LookupGet;
  readonly shapes: ShapeWatch;
  readonly policy: DeliveryPolicy;
  /** Requests per second: sizes how many contacts are worked on at once. */
  readonly ceiling: number;
  readonly clock: () => number;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
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

/** In one process nobody else looks ahead too; and there a job takes longest. */
const embeddedAheadMax = 1_000;

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
    events: store.engine === "embedded" ? 2 : 8,
    contacts: contactConcurrency(options.ceiling),
  };
  const complete = createCompletion({ get: options.lookup, atOnceMax: concurrency.events / 2, clock });
  const aheadMax = store.engine === "embedded" ? embeddedAheadMax : 0;
  const mapAhead = createMapAhead(options.sources, store, complete, aheadMax, clock);

  function watchShape(event: RelayEvent, report: MappingReport): void {
    for (const { source, type, form, kind, name, from } of options.shapes.observe(event, report)) {
      metrics.shapeChanged(source, kind);
      const text =
        kind === "field-missing"
          ? "a mapped field has stopped appearing in this source's payloads"
          : "this source's form has a new answer that no field is made of";
      log.warn({ source, type, form, name, from }, text);
    }
  }

  async function runEvent(
    job: Job<RelayEvent, EventResult>,
    token: string | undefined,
  ): Promise<EventResult> {
    const event = job.data;
    const mapped = await mapAhead(event);
    metrics.mapped(event.source, mapped.outcome);
    if ("report" in mapped && mapped.report) watchShape(event, mapped.report);
    const about = { event: event.id, source: event.source, type: event.type };
    switch (mapped.outcome) {
      case "failed":
        log.error({ ...about, reason: mapped.message }, "event could not be mapped; kept for a replay");
        if (mapped.erased) await job.updateData({ ...event, erased: mapped.erased });
        throw new UnrecoverableError(mapped.message);
      case "later": {
        const { because, message, delayMs } = mapped;
        const ageMs = clock() - (event.retriedAt ?? event.receivedAt);
        if (because !== "turn" && ageMs > options.policy.maxAgeMs) {
          log.error({ ...about, reason: message }, "event could not be completed in time; kept for a replay");
          throw new UnrecoverableError(message);
        }
        const line = { ...about, reason: message, delayMs };
        if (because === "answer") log.warn(line, "event cannot be completed yet; it will be tried again");
        else log.debug(line, "event waits to be completed");
        if (job.progress !== message) await job.updateProgress(message);
        await job.moveToDelayed(clock() + delayMs, token);
        throw new DelayedError();
      }
      case "ignored":
        log.info({ ...about, reason: mapped.reason }, "event ignored");
        return mapped;
      case "erased":
        log.info(about, event.withdrawn ? "event ended: it was erased" : "contact erased on request");
        return mapped;
      case "mapped": {
        const contacts = mapped.updates.map((update) => contactTag(update.contact));
        const fieldsLeftOut = mapped.warnings.map((warning) => warning.field);
        if (fieldsLeftOut.length > 0) log.warn({ ...about, contacts, fieldsLeftOut }, "event mapped in part");
        else log.debug({ ...about, contacts }, "event mapped");
        return mapped;
      }
    }
  }

  async function runContact(job: Job<WakeJobData>, token: string | undefined): Promise<void> {
    const { contact, busy = 0, failures = 0, parked } = job.data;
    // Only a run that was cut off after it parked leaves this behind: begin again with everything.
    if (parked) {
      await store.mailbox.post(parked.flatMap((item) => item.updates));
      await job.updateData({ contact, busy, failures });
    }
    const delivery = await deliverContact(
      contact,
      { busy, failures },
      {
        mailbox: store.mailbox,
        send: options.send,
        policy: options.policy,
        clock,
        random: options.random,
        observer: metrics,
        keep: (items: readonly Parked[]) => job.updateData({ contact, busy, failures, parked: items }),
        signal: stopping.signal,
      },
    );
    report(job.data, delivery);
    switch (delivery.kind) {
      case "settled":
        return;
      case "wait":
        await job.updateData({ contact, ...delivery.attempts });
        await job.moveToDelayed(clock() + delivery.delayMs, token);
        throw new DelayedError();
      case "interrupted":
        await job.moveToDelayed(clock() + 1, token);
        throw new DelayedError();
      case "parked":
        if (delivery.remaining) await store.wake(contact);
        throw new UnrecoverableError(delivery.parked.map((item) => item.reason).join(", "));
    }
  }

  function report(wake: WakeJobData, delivery: Delivery): void {
    const about = { contact: contactTag(wake.contact) };
    switch (delivery.kind) {
      case "settled":
        metrics.delivery(delivery.requests > 0 ? "delivered" : "nothing-new");
        log.debug(about, delivery.requests > 0 ? "contact delivered" : "nothing newer to send");
        return;
      case "wait": {
        metrics.delivery(delivery.because === "busy" ? "busy" : "retried");
        const { delayMs, attempts, message } = delivery;
        const text = delivery.because === "busy" ? "contact is busy at the API" : "delivery failed";
        log.warn({ ...about, ...attempts, delayMs, message }, `${text}; it will be retried`);
        return;
      }
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

  const canary = createCanary({ due: () => store.due(), concurrency, clock });
  const watched =
    <Data, Result>(queue: QueueName, run: JobProcessor<Data, Result>): JobProcessor<Data, Result> =>
    async (job, token) => {
      canary.began(queue);
      try {
        return await run(job, token);
      } finally {
        canary.ended(queue);
      }
    };
  const workers: JobWorker[] = [
    store.startWorker("events", watched<RelayEvent, EventResult>("events", runEvent), {
      concurrency: concurrency.events,
    }),
    store.startWorker("contacts", watched<WakeJobData, void>("contacts", runContact), {
      concurrency: concurrency.contacts,
    }),
  ];

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
  const looker = setInterval(() => void look(), lookEveryMs);

  const wakeOverdue = createSweep(store, clock);
  async function sweep(): Promise<void> {
    await wakeOverdue();
    await store.failures.guard();
  }
  let sweeping: Promise<void> | undefined;
  const sweeper = setInterval(() => {
    sweeping ??= sweep()
      .catch((error: unknown) => {
        metrics.storeError("sweep");
        log.warn({ err: error }, "the sweep for forgotten contacts failed; it will be repeated");
      })
      .finally(() => {
        sweeping = undefined;
      });
  }, sweepEveryMs);

  return {
    state() {
      if (workers.some((worker) => !worker.isRunning() || worker.isPaused())) return "stopped";
      return canary.silent().length > 0 ? "silent" : "ok";
    },
    async close() {
      clearInterval(looker);
      clearInterval(sweeper);
      stopping.abort();
      await sweeping;
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

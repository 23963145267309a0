import { isDeepStrictEqual } from "node:util";
import type { BusMessage } from "../bus/consumer.ts";
import { traceOf, type TraceContext } from "../contact/trace-context.ts";
import { startPump, type Pump, type PumpState, type Stored } from "../bus/pump.ts";
import { createMessageReader } from "../intake/messages.ts";
import type { Consume } from "../sources/consume.ts";
import type { Source } from "../sources/source.ts";
import type { EventLog } from "../store/event-log.ts";
import type { StoreHealth } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import { brokerOf } from "./brokers.ts";

export interface BusOptions {
  /** As they are at present. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly accept: EventLog["accept"];
  /** Of the store that events of this source are kept in. */
  readonly health: (source: string, deadlineMs: number) => Promise<StoreHealth>;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly clock: () => number;
}

/** Everything that is pulled, by source. */
export interface Bus {
  /** Empty where no source pulls. */
  state(): Readonly<Record<string, PumpState>>;
  /** Begins and ends what the sources of now ask for; what has not changed goes on. */
  follow(): Promise<void>;
  close(): Promise<void>;
}

const healthDeadlineMs = 1_500;

function isOf({ traceparent }: TraceContext, { context }: Span): boolean {
  return traceparent === context?.traceparent;
}

export function startBus(options: BusOptions): Bus {
  const { sources, metrics } = options;
  const read = createMessageReader(options.clock);
  const running = new Map<string, { readonly consume: Consume; readonly pump: Pump }>();
  let closed = false;
  let changing = Promise.resolve();

  /** Reads what came for a source and stores all of it. */
  async function store(name: string, messages: readonly BusMessage[]): Promise<Stored> {
    const source = sources.get(name);
    if (!source) throw new Error(`the source ${name} is not configured any more`);
    const span = options.tracing.start("accept", {
      kind: "consumer",
      attributes: { "relay.source": name, "relay.provider": source.provider.name },
    });
    try {
      const stored = await span.run(() => storeWithin(span, source, messages));
      span.end();
      return stored;
    } catch (error) {
      span.end("unavailable");
      throw error;
    }
  }

  async function storeWithin(span: Span, source: Source, messages: readonly BusMessage[]): Promise<Stored> {
    const { name } = source;
    const found = messages.map((message) => read(source, message, span.context));
    const events = found.flatMap((one) => one.events);
    const acceptances = events.length === 0 ? [] : await options.accept(events);
    const traces = events.map(({ attributes }) => traceOf(attributes));
    span.link(traces.filter((trace) => trace !== undefined).filter((trace) => !isOf(trace, span)));
    span.set({ "relay.events": events.length });
    const duplicates = acceptances.filter(({ duplicate }) => duplicate).length;
    for (const { duplicate } of acceptances) metrics.event(name, duplicate ? "duplicate" : "accepted");
    const unreadable = found.filter(({ isUnreadable }) => isUnreadable).length;
    return { stored: acceptances.length - duplicates, duplicates, unreadable };
  }

  async function begin(name: string, consume: Consume): Promise<Pump> {
    const log = options.log.child({ source: name });
    const count = (outcome: string, messages: number) => metrics.bus(name, outcome, messages);
    const broker = await brokerOf(consume);
    log.info(`pulls from the ${broker.place}`);
    return startPump({
      broker,
      store: (messages) => store(name, messages),
      async refusal() {
        const health = await options.health(name, healthDeadlineMs);
        return health.ok ? health.refuses : health.message;
      },
      clock: options.clock,
      observer: {
        fetched: (messages) => count("fetched", messages),
        stored({ stored, duplicates, unreadable }) {
          count("stored", stored);
          count("duplicate", duplicates);
          count("parked", unreadable);
          if (unreadable > 0) log.error({ messages: unreadable }, "messages that cannot be read are parked");
        },
        lost(messages) {
          count("lost", messages);
          log.error({ messages }, "messages were removed from the bus before anybody had read them");
        },
        warned: (what) => log.warn({ what }, "the bus is not set up as it should be"),
        away: (reason) => log.warn({ reason }, "the bus is away: it is tried again until it is back"),
        back: () => log.info("the bus is back"),
      },
    });
  }

  async function change(): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [name, { consume, pump }] of running) {
      if (isDeepStrictEqual(sources.get(name)?.consume, consume)) continue;
      running.delete(name);
      ending.push(pump.close());
    }
    await Promise.all(ending);
    for (const [name, { consume }] of sources) {
      if (closed || !consume || running.has(name)) continue;
      try {
        running.set(name, { consume, pump: await begin(name, consume) });
      } catch (error) {
        // The others are pulled from all the same.
        options.log.error({ err: error, source: name }, "the bus could not be begun");
      }
    }
  }

  const states = () => [...running].map(([name, { pump }]) => [name, pump.state()] as const);
  metrics.onBus(() =>
    states().map(([source, { state, lag, pending }]) => ({ source, up: state !== "away", lag, pending })),
  );
  return {
    state: () => Object.fromEntries(states()),
    async follow() {
      changing = changing.then(change);
      await changing;
    },
    async close() {
      closed = true;
      await changing;
      await Promise.all([...running.values()].map(({ pump }) => pump.close()));
    },
  };
}

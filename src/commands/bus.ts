import { isDeepStrictEqual } from "node:util";
import type { Broker, BusMessage } from "../bus/consumer.ts";
import { startPump, type Pump, type PumpState, type Stored } from "../bus/pump.ts";
import { redisStream } from "../bus/redis-streams/consumer.ts";
import { createMessageReader } from "../intake/messages.ts";
import type { Consume } from "../sources/consume.ts";
import type { Source } from "../sources/source.ts";
import type { EventLog } from "../store/event-log.ts";
import type { StoreHealth } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface BusOptions {
  /** As they are at present. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly accept: EventLog["accept"];
  /** Of the store that events of this source are kept in. */
  readonly health: (source: string, deadlineMs: number) => Promise<StoreHealth>;
  readonly log: Logger;
  readonly metrics: Metrics;
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

export function brokerOf(consume: Consume): Broker {
  const { url, stream, group, start } = consume;
  return redisStream({ url, stream, group, start });
}

export function startBus(options: BusOptions): Bus {
  const { sources, metrics } = options;
  const read = createMessageReader(options.clock);
  const running = new Map<string, { readonly consume: Consume; readonly pump: Pump }>();
  let closed = false;

  /** Reads what came for a source and stores all of it. */
  async function store(name: string, messages: readonly BusMessage[]): Promise<Stored> {
    const source = sources.get(name);
    if (!source) throw new Error(`the source ${name} is not configured any more`);
    const found = messages.map((message) => read(source, message));
    const events = found.flatMap((one) => one.events);
    const acceptances = events.length === 0 ? [] : await options.accept(events);
    const duplicates = acceptances.filter(({ duplicate }) => duplicate).length;
    for (const { duplicate } of acceptances) metrics.event(name, duplicate ? "duplicate" : "accepted");
    const unreadable = found.filter(({ isUnreadable }) => isUnreadable).length;
    return { stored: acceptances.length - duplicates, duplicates, unreadable };
  }

  function begin(name: string, consume: Consume): Pump {
    const log = options.log.child({ source: name });
    const count = (outcome: string, messages: number) => metrics.bus(name, outcome, messages);
    const broker = brokerOf(consume);
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
        away: (reason) => log.warn({ reason }, "the bus is away: it is tried again until it is back"),
        back: () => log.info("the bus is back"),
      },
    });
  }

  async function follow(): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [name, { consume, pump }] of running) {
      if (isDeepStrictEqual(sources.get(name)?.consume, consume)) continue;
      running.delete(name);
      ending.push(pump.close());
    }
    await Promise.all(ending);
    for (const [name, { consume }] of sources) {
      if (closed || !consume || running.has(name)) continue;
      running.set(name, { consume, pump: begin(name, consume) });
    }
  }

  const states = () => [...running].map(([name, { pump }]) => [name, pump.state()] as const);
  metrics.onBus(() =>
    states().map(([source, { state, lag, pending }]) => ({ source, up: state !== "away", lag, pending })),
  );
  return {
    state: () => Object.fromEntries(states()),
    follow,
    async close() {
      closed = true;
      await Promise.all([...running.values()].map(({ pump }) => pump.close()));
    },
  };
}

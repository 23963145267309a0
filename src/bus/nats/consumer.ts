import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import { withDeadline } from "../../store/deadline.ts";
import type { Backlog, Broker, BusConsumer, BusListener, BusMessage } from "../consumer.ts";
import { addressOf } from "./address.ts";
import {
  assertFilters,
  attach,
  consumerOf,
  findings,
  isWhole,
  refusalOf,
  streamOf,
  type Durable,
} from "./durable.ts";
import { watchGaps, type Gaps, type Reached } from "./gaps.ts";
import { deliveryOf, messageOf } from "./message.ts";
import { mayPull, pull, type Pulled } from "./pull.ts";
import { openSession, type Session } from "./session.ts";
import type { NatsSettings } from "./settings.ts";

/** A fetch waits this long for something new. */
const blockMs = 1_000;
/** And this long where it is told at once that there is nothing for it. */
const pauseMs = 200;
/** Of larger messages fewer are asked for; one that is larger comes alone. */
const bytesMax = 8 * 1_048_576;
const answerMs = 5_000;
/** After a failure, whether the consumer is still there is asked for no longer. */
const lookMs = 1_000;
const nanoseconds = 1_000_000;

/** A durable pull consumer of a JetStream stream. */
export function natsStream(settings: NatsSettings): Broker {
  const { urls, stream, durable } = settings;
  const servers = urls.map((url) => addressOf(url).server).join(", ");
  return {
    place: `stream ${stream} of NATS at ${servers}, durable consumer ${durable}`,
    open: (listener) => open(settings, listener),
    look: () => look(settings),
  };
}

/** `checkAPI` would ask what the account may use, which few users are permitted to. */
const apiOf = ({ connection }: Session) =>
  jetstreamManager(connection, { checkAPI: false, timeout: answerMs });

const nextOf = ({ stream, durable }: NatsSettings) => `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`;

async function open(settings: NatsSettings, listener: BusListener): Promise<BusConsumer> {
  const session = await openSession(settings);
  try {
    const api = await apiOf(session);
    const durable = await attach(session, api, settings);
    const refusal = refusalOf(durable.info, settings);
    if (refusal !== undefined) throw new Error(refusal);
    for (const warning of findings(durable.info, settings).warnings) {
      listener.warned(`the durable consumer ${settings.durable}: ${warning}`);
    }
    return consumerOn(session, api, settings, durable, listener);
  } catch (error) {
    await session.close();
    throw error;
  }
}

function consumerOn(
  session: Session,
  api: JetStreamManager,
  settings: NatsSettings,
  durable: Durable,
  listener: BusListener,
): BusConsumer {
  const { connection } = session;
  const { config } = durable.info;
  const gaps: Gaps | undefined = isWhole(config, durable.stream)
    ? watchGaps(startOf(durable), listener.lost)
    : undefined;
  const gone = `the durable consumer ${settings.durable} is gone`;
  /** What was fetched and neither acknowledged nor given back, by position. */
  const held = new Map<string, Msg>();

  function read(message: Msg): BusMessage[] {
    const delivery = deliveryOf(message.reply ?? "");
    if (!delivery) return [];
    gaps?.delivered(delivery);
    const read = messageOf(settings.stream, message, delivery);
    held.set(read.position, message);
    return [read];
  }

  async function ask(count: number): Promise<Pulled> {
    const request = {
      countMax: least(count, config.max_batch),
      waitMs: least(blockMs, (config.max_expires ?? 0) / nanoseconds),
    };
    const bytes = least(bytesMax, config.max_bytes);
    const pulled = await pull(session, nextOf(settings), { ...request, bytesMax: bytes });
    if (!pulled.isTooLarge) return pulled;
    return await pull(session, nextOf(settings), { ...request, countMax: 1, bytesMax: undefined });
  }

  /** A consumer that was deleted leaves nobody to answer. */
  async function pulled(count: number): Promise<readonly Msg[]> {
    try {
      return (await ask(count)).messages;
    } catch (error) {
      const asked = withDeadline(consumerOf(session, api, settings), lookMs, "");
      const isGone = await asked.then(
        (info) => info === undefined,
        () => false,
      );
      throw isGone ? new Error(gone, { cause: error }) : error;
    }
  }

  async function say(messages: readonly BusMessage[], word: string): Promise<void> {
    for (const { reply } of messages.flatMap(({ position }) => held.get(position) ?? [])) {
      if (reply !== undefined) connection.publish(reply, word);
    }
    await session.during(connection.flush());
  }

  function forget(messages: readonly BusMessage[]): void {
    for (const { position } of messages) held.delete(position);
  }

  return {
    async fetch(count) {
      const from = performance.now();
      const readable = (await pulled(Math.max(1, count))).flatMap(read);
      if (readable.length === 0 && performance.now() - from < pauseMs) await sleep(pauseMs);
      return readable;
    },
    async acknowledge(messages) {
      const last = messages.at(-1);
      const reply = last && held.get(last.position)?.reply;
      const others = messages.slice(0, -1).flatMap(({ position }) => held.get(position) ?? []);
      forget(messages);
      for (const other of others) if (other.reply !== undefined) connection.publish(other.reply, "+ACK");
      // They are taken in the order in which they are sent: the answer to the last one is one to all of them.
      if (reply !== undefined) await session.during(connection.request(reply, "+ACK", { timeout: answerMs }));
    },
    async giveBack(messages, delayMs) {
      const delay = delayMs === undefined ? "" : ` ${JSON.stringify({ delay: delayMs * nanoseconds })}`;
      await say(messages, `-NAK${delay}`);
      forget(messages);
    },
    keep: (messages) => say(messages, "+WPI"),
    async backlog() {
      // In this order: what the stream had lost before the consumer was asked, nobody had been given.
      const stream = await streamOf(session, api, settings);
      const info = await consumerOf(session, api, settings);
      if (!info) throw new Error(gone);
      const reached = reachedOf(info);
      gaps?.reached(reached);
      gaps?.reached({ ...reached, sequence: stream.state.first_seq - 1 });
      return backlogOf(info);
    },
    close: () => session.close(),
  };
}

/** The smaller of the two, where the second is a limit at all. */
function least(value: number, limit: number | undefined): number {
  return limit !== undefined && limit > 0 ? Math.min(value, limit) : value;
}

function reachedOf({ delivered }: Durable["info"]): Reached {
  return { order: delivered.consumer_seq, sequence: delivered.stream_seq };
}

/** A new one has missed nothing of what was removed before it was there. */
function startOf({ info, stream, isNew }: Durable): Reached {
  const { order, sequence } = reachedOf(info);
  return { order, sequence: isNew ? Math.max(sequence, stream.state.first_seq - 1) : sequence };
}

function backlogOf({ num_pending: lag, num_ack_pending: pending }: Durable["info"]): Backlog {
  return { lag, pending };
}

/** Connects and looks at stream, consumer and permissions; nothing is made, and nothing delivered. */
async function look(settings: NatsSettings): Promise<string> {
  const { durable, start } = settings;
  const session = await openSession(settings);
  try {
    const api = await apiOf(session);
    await streamOf(session, api, settings);
    const info = await consumerOf(session, api, settings);
    if (!info) {
      assertFilters(session, settings);
      const where = start === "first" ? "the first message" : "what is new from then on";
      return `the durable consumer ${durable} is made at the first start, at ${where}`;
    }
    const refusal = refusalOf(info, settings);
    if (refusal !== undefined) throw new Error(refusal);
    await mayPull(session, nextOf(settings));
    const { lag, pending } = backlogOf(info);
    const warnings = findings(info, settings)
      .warnings.map((warning) => `; WARNING ${warning}`)
      .join("");
    return `the durable consumer ${durable} is there: ${lag} messages to come, ${pending} not acknowledged${warnings}`;
  } finally {
    await session.close();
  }
}

import { randomUUID } from "node:crypto";
import type { Channel, ConsumeMessage } from "amqplib";
import { withDeadline } from "../../store/deadline.ts";
import type { BusListener, BusMessage } from "../consumer.ts";
import { answerMs } from "./connection.ts";
import { createHand } from "./hand.ts";
import { messageOf } from "./message.ts";
import { noAnswer, told, type QueueKind } from "./queue.ts";

export interface Timing {
  readonly clock: () => number;
  /** What nobody has fetched for so long is for others. */
  readonly idleMs: number;
}

export interface Subscription {
  fetch(most: number): Promise<readonly BusMessage[]>;
  acknowledge(messages: readonly BusMessage[]): void;
  giveBack(messages: readonly BusMessage[]): Promise<void>;
  /** Given to us and not acknowledged. */
  pending(): number;
  /** All the rest rejects with it from now on. */
  fail(error: Error): void;
  /** Takes nothing more, and gives back all there is. */
  end(): Promise<void>;
}

/** A fetch waits this long for something new. */
const arrivalMs = 1_000;
/** So many are asked for before it is known how large they are. */
const windowFirst = 20;
/** What a pump stores at once, and as much again on its way. */
const windowMax = 400;
/** Of larger messages fewer are asked for. */
const bytesMax = 8 * 1_048_576;
/** Beyond that they have become large all at once, and go back. */
const overflowBytes = 4 * bytesMax;
/** Half of what RabbitMQ 4 bears by itself. */
const deliveriesMany = 10;
/** RabbitMQ ends a consumer that holds a message for 30 minutes. */
const keepMs = 20 * 60_000;

/**
 * What RabbitMQ pushes, for whoever pulls: at most a window of messages waits here. The consumer begins with the first
 * fetch, and ends when nobody fetches.
 */
export function subscribe(
  channel: Channel,
  queue: string,
  kind: QueueKind,
  { clock, idleMs }: Timing,
  { warned }: Pick<BusListener, "warned">,
): Subscription {
  const hand = createHand(bytesMax);
  const overflowing = new Set<string>();
  let consumer: string | undefined;
  let window = windowFirst;
  let last = { count: 0, bytes: 0 };
  let failure: Error | undefined;
  let wake = () => {};
  let idle: NodeJS.Timeout | undefined;
  let changing: Promise<void> = Promise.resolve();

  /** A consumer begins and ends in turn: some are given back while others are being fetched. */
  async function inTurn(change: () => Promise<void>): Promise<void> {
    const changed = changing.then(change);
    changing = changed.catch(() => undefined);
    await changed;
  }

  function fail(error: Error): void {
    failure ??= error;
    clearTimeout(idle);
    wake();
  }

  function unlessFailed(): void {
    if (failure) throw failure;
  }

  function take(consumerTag: string, delivery: ConsumeMessage | null): void {
    if (!delivery) {
      if (consumerTag !== consumer) return;
      fail(new Error(`RabbitMQ has ended the consumer: the queue ${queue} was deleted or has moved`));
      return;
    }
    if (hand.waitingBytes() > overflowBytes && !overflowing.has(consumerTag)) {
      overflowing.add(consumerTag);
      if (consumerTag === consumer) consumer = undefined;
      cancel(consumerTag).catch((error: unknown) => fail(told(error, queue)));
    }
    const { deliveryTag: tag, redelivered } = delivery.fields;
    if (overflowing.has(consumerTag)) {
      requeue(tag);
      return;
    }
    const message = messageOf(queue, { ...delivery, properties: { ...delivery.properties } });
    if (Number(message.headers["x-delivery-count"]) >= deliveriesMany)
      warned(
        `messages of the queue ${queue} came back ${deliveriesMany} times and more: RabbitMQ drops them at its delivery limit, ` +
          "if it has one and no dead letter exchange",
      );
    hand.add({ message, tag, redelivered, takenAt: clock() });
    wake();
  }

  function requeue(tag: number): void {
    channel.nack({ fields: { deliveryTag: tag } } as ConsumeMessage, false, true);
  }

  async function cancel(consumerTag: string): Promise<void> {
    await withDeadline(channel.cancel(consumerTag), answerMs, noAnswer);
    overflowing.delete(consumerTag);
  }

  /** A new one before the old one ends: some queues are there only as long as they have a consumer. */
  async function consume(): Promise<void> {
    const before = consumer;
    const consumerTag = `contact-relay-${randomUUID()}`;
    consumer = consumerTag;
    try {
      await withDeadline(channel.prefetch(window), answerMs, noAnswer);
      const consuming = channel.consume(queue, (delivery) => take(consumerTag, delivery), { consumerTag });
      await withDeadline(consuming, answerMs, noAnswer);
      if (before !== undefined) await cancel(before);
    } catch (error) {
      fail(told(error, queue));
    }
  }

  /** By the size of those that came last. */
  function windowFor(): number {
    const [count, bytes] = [last.count + hand.waiting(), last.bytes + hand.waitingBytes()];
    if (count === 0) return window;
    const wanted = Math.min(windowMax, Math.max(1, Math.floor((bytesMax * count) / Math.max(1, bytes))));
    // Every change is a consumer more in the log of the server.
    return wanted < window / 2 || wanted >= 2 * window ? wanted : window;
  }

  async function arrival(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, arrivalMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wake = () => {};
  }

  /** However long nobody fetches, RabbitMQ counts it as one delivery of what waited. */
  async function rest(): Promise<void> {
    const before = consumer;
    consumer = undefined;
    if (before !== undefined) await cancel(before);
    for (const { tag } of hand.drain()) requeue(tag);
  }

  return {
    async fetch(most) {
      unlessFailed();
      clearTimeout(idle);
      idle = setTimeout(() => void inTurn(rest).catch((error: unknown) => fail(told(error, queue))), idleMs);
      const wanted = windowFor();
      if (consumer === undefined || wanted !== window) {
        window = wanted;
        await inTurn(consume);
      }
      if (failure === undefined && hand.waiting() === 0) await arrival();
      unlessFailed();
      const messages = hand.fetch(Math.max(1, most));
      const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
      if (messages.length > 0) last = { count: messages.length, bytes };
      return messages;
    },
    acknowledge(messages) {
      unlessFailed();
      const { removed, upTo } = hand.remove(messages);
      if (upTo !== undefined) channel.ack({ fields: { deliveryTag: upTo } } as ConsumeMessage, true);
      else for (const { tag } of removed) channel.ack({ fields: { deliveryTag: tag } } as ConsumeMessage);
    },
    async giveBack(messages) {
      unlessFailed();
      const { removed } = hand.remove(messages);
      // Whoever counts deliveries drops what comes back too often: others have had their chance at the first time.
      const stays = removed.filter(
        ({ redelivered, takenAt }) => kind !== "classic" && redelivered && clock() - takenAt < keepMs,
      );
      const leaves = removed.filter((one) => !stays.includes(one));
      // Without a consumer they do not come straight back.
      if (leaves.length > 0) await inTurn(rest);
      for (const { tag } of leaves) requeue(tag);
      hand.keep(stays);
    },
    pending: () => hand.size(),
    fail,
    async end() {
      clearTimeout(idle);
      if (failure) return;
      await inTurn(rest);
      if (hand.size() > 0) channel.nackAll(true);
      // The client sends the end of a connection before what its channels have still to send.
      await withDeadline(channel.close(), answerMs, noAnswer);
      fail(new Error("the consumer is closed"));
    },
  };
}

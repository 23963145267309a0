import type { BusMessage } from "../consumer.ts";

/** A message that we were given, until it is acknowledged or given back. */
export interface Held {
  readonly message: BusMessage;
  /** RabbitMQ counts deliveries on a channel. */
  readonly tag: number;
  readonly redelivered: boolean;
  readonly takenAt: number;
}

/** All that one channel was given: what waits to be fetched, and what was fetched. */
export interface Hand {
  add(one: Held): void;
  /** The first of what waits, fewer where they are large. */
  fetch(most: number): readonly BusMessage[];
  /** These of what was fetched, out of the hand. `upTo` where nothing before the last of them stays. */
  remove(messages: readonly BusMessage[]): {
    readonly removed: readonly Held[];
    readonly upTo: number | undefined;
  };
  /** Those are fetched again, each in its place. */
  keep(ones: readonly Held[]): void;
  /** All that waits, out of the hand. */
  drain(): readonly Held[];
  waiting(): number;
  /** Of what waits. */
  waitingBytes(): number;
  size(): number;
}

/** @param bytesMax that much is fetched at once, or one message */
export function createHand(bytesMax: number): Hand {
  const all = new Map<BusMessage, Held>();
  let queue: Held[] = [];
  let bytes = 0;

  function add(one: Held): void {
    all.set(one.message, one);
    queue.push(one);
    bytes += one.message.body.length;
  }

  function fetch(most: number): readonly BusMessage[] {
    let [count, size] = [0, 0];
    for (const { message } of queue) {
      if (count >= most || (count > 0 && size + message.body.length > bytesMax)) break;
      size += message.body.length;
      count += 1;
    }
    const fetched = queue.slice(0, count);
    queue = queue.slice(count);
    bytes -= size;
    return fetched.map(({ message }) => message);
  }

  function remove(messages: readonly BusMessage[]): ReturnType<Hand["remove"]> {
    const removed = messages.flatMap((message) => all.get(message) ?? []);
    const last = Math.max(...removed.map(({ tag }) => tag));
    for (const { message } of removed) all.delete(message);
    const isRest = [...all.values()].every(({ tag }) => tag > last);
    return { removed, upTo: removed.length > 0 && isRest ? last : undefined };
  }

  return {
    add,
    fetch,
    remove,
    keep(ones) {
      for (const one of ones) {
        all.set(one.message, one);
        bytes += one.message.body.length;
      }
      queue = [...ones, ...queue].toSorted((one, other) => one.tag - other.tag);
    },
    drain() {
      const drained = queue;
      for (const { message } of drained) all.delete(message);
      [queue, bytes] = [[], 0];
      return drained;
    },
    waiting: () => queue.length,
    waitingBytes: () => bytes,
    size: () => all.size,
  };
}

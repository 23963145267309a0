import type { Delivery } from "./message.ts";

/** How far a consumer has come: how many it delivered, repetitions too, and up to which place of the stream. */
export type Reached = Pick<Delivery, "order" | "sequence">;

/** Notices messages that were removed before they were delivered. */
export interface Gaps {
  delivered(delivery: Delivery): void;
  /** What the server says of the consumer, other replicas' part included. */
  reached(reached: Reached): void;
}

/**
 * The stream numbers its messages and the consumer its deliveries: where the former went further than the latter, messages
 * are missing between them. Repetitions that others were given cannot be told from first deliveries, so the count is never
 * too large. Only for a consumer of the whole stream; of a part of it the numbers say nothing.
 */
export function watchGaps(start: Reached, lost: (count: number) => void): Gaps {
  let last = start;
  let repeated = 0;

  function reached(next: Reached): void {
    if (next.sequence <= last.sequence) return;
    const delivered = Math.max(0, next.order - last.order - repeated);
    const missing = next.sequence - last.sequence - delivered;
    if (missing > 0) lost(missing);
    last = { order: next.order, sequence: next.sequence };
    repeated = 0;
  }

  return {
    delivered(delivery) {
      if (delivery.count === 1) reached(delivery);
      // One that the server has told of already is counted.
      else if (delivery.order > last.order) repeated += 1;
    },
    reached,
  };
}

import type { StoreNote } from "./store.ts";

const skewMaxMs = 5_000;

/** A warning when the server's clock and ours are apart: delays and locks are kept by both. */
export function clockNote(asked: {
  readonly server: string;
  readonly serverMs: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}): StoreNote[] {
  const { server, serverMs, askedAt, answeredAt } = asked;
  // The server read its clock somewhere between the question and the answer.
  const skewMs = serverMs < askedAt ? serverMs - askedAt : Math.max(0, serverMs - answeredAt);
  if (Math.abs(skewMs) <= skewMaxMs) return [];
  const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
  const direction = skewMs > 0 ? "ahead of" : "behind";
  const message = `${server}'s clock is ${seconds} s ${direction} this machine's: set both by NTP, or pauses and delays are off by as much`;
  return [{ level: "warning", message }];
}

import { randomFillSync } from "node:crypto";
import { monotonicFactory } from "ulid";

/** Makes the id of an event that arrived at this time (milliseconds): `evt_` and a ULID, rising within a process. */
export function createEventIds(): (receivedAt: number) => string {
  // Many at once: asking the system for random bytes costs more than all the rest of an id.
  const pool = new Uint8Array(8_192);
  let used = pool.length;
  const nextId = monotonicFactory(() => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    return (pool[used++] ?? 0) / 256;
  });
  return (receivedAt) => `evt_${nextId(receivedAt)}`;
}

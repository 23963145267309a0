import { claimBytesMax, turnsApart, type Claimed, type EventLog } from "./event-log.ts";

/** Of so many claims in a backlog one begins at a lower priority. */
const claimsPerShare = 9;
/** Where the turns of each lower priority begin. */
const beginnings = [0, turnsApart] as const;

/**
 * Claims go from the highest priority down. While they find more than they can take, every ninth begins further down, at
 * normal and at low by turns: what waits there is mapped, however much comes before it. The claims are counted, not the
 * events or their bytes, so that nothing about these can keep anything out.
 *
 * @param claimFrom claims at most so many events, from this turn on
 */
export function createSharedClaim(
  claimFrom: (limit: number, from: number) => Promise<readonly Claimed[]>,
): EventLog["claim"] {
  let full = 0;
  let shares = 0;
  return async (limit) => {
    if (limit <= 0) return [];
    if (full >= claimsPerShare - 1) {
      full = 0;
      shares += 1;
      const shared = await claimFrom(limit, beginnings[shares % beginnings.length] ?? 0);
      if (shared.length > 0) return shared;
    }
    const claimed = await claimFrom(limit, Number.MIN_SAFE_INTEGER);
    if (claimed.length === 0) full = 0;
    else if (claimed.length === limit || isLarge(claimed)) full += 1;
    return claimed;
  };
}

/** More may have been left out for its size. */
function isLarge(claimed: readonly Claimed[]): boolean {
  return claimed.reduce((sum, { event }) => sum + event.payload.length, 0) > claimBytesMax / 4;
}

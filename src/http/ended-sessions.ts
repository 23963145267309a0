import { setTimeout as sleep } from "node:timers/promises";
import type { SignOuts } from "../store/sign-outs.ts";

/** How long an answer of the store counts: so late a sign-out is heard of that another process took. */
const countsMs = 1_000;
/** How long a request waits to know whether its session was ended. */
const storeDeadlineMs = 2_000;
const sessionsMax = 1_000;

/**
 * Whether a session was ended, by whichever process: the store is asked at most once for each session and second. While
 * it is away nobody can tell, and there is nothing to be read either: then this process's own memory counts.
 *
 * @param clock milliseconds that never go back
 */
export function createEndedSessions(
  signOuts: Pick<SignOuts, "has"> | undefined,
  clock: () => number,
): (id: string) => Promise<boolean> {
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  async function ask(id: string): Promise<boolean> {
    const known = signOuts?.has(id).catch(() => false) ?? false;
    return await Promise.race([known, sleep(storeDeadlineMs, false, { ref: false })]);
  }

  return async (id) => {
    const now = clock();
    const last = asked.get(id);
    if (last && now - last.at < countsMs) return await last.answer;
    if (asked.size >= sessionsMax) asked.clear();
    const answer = ask(id);
    asked.set(id, { at: now, answer });
    return await answer;
  };
}

import type { ReplayFilter } from "../store/replays.ts";
import { replayQuestion, sampleDefault, shareDefault } from "./schemas/replays.ts";

/** What is to be replayed, its range closed. */
export interface ReplayAsked {
  readonly filter: ReplayFilter;
  readonly share: number;
  readonly dryRun: boolean;
  readonly sample: number;
}

type Read = { ok: true; asked: ReplayAsked } | { ok: false; message: string };

/**
 * Reads what somebody wants replayed; a message for them where that cannot be.
 *
 * @param now by the clock of the store: an end that is open is here
 */
export function readReplayQuestion(given: unknown, now: number): Read {
  const read = replayQuestion.safeParse(given);
  if (!read.success) return { ok: false, message: messageOf(read.error.issues[0]) };
  const { filter, share = shareDefault, dryRun = false, sample = sampleDefault } = read.data;
  const { from, to = now } = filter;
  if (to > now) return { ok: false, message: "`to` is in the future: leave it out for all until now." };
  if (from !== undefined && from >= to) return { ok: false, message: "`from` must be before `to`." };
  return { ok: true, asked: { filter: { ...filter, to }, share, dryRun, sample } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The schema's own words where it has some: they name what they are about. */
function messageOf(issue: Issue | undefined): string {
  if (issue === undefined) return notAQuestion;
  const { path, message } = issue;
  if (path.length === 0 && !message.startsWith("Send ")) return notAQuestion;
  if (message.startsWith("`") || message.startsWith("The ") || message.startsWith("Send ")) return message;
  return `\`${path.map(String).join(".")}\` is missing or is not what it should be. ${notAQuestion}`;
}

export const notAQuestion =
  "Send JSON: {filter, share?, dryRun?, sample?}; filter has at least one of source, type, state, contact, from, to.";

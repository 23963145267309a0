import type { ForetoldAnswer, ReplayAnswer, ReplayFilterAnswer } from "../http/schemas/replays.ts";

const meanings = {
  change: "would set a value that the event did not give before",
  unchanged: "would give what they gave before",
  newer: "would change only what newer events have set",
  ignored: "would be ignored",
  unreadable: "would be parked: what names their contact cannot be read",
  unmappable: "would be parked: they cannot be mapped",
  erase: "would erase somebody again",
  fetched: "are fetched from their sender's API first, which was not asked",
  "not-finished": "are still worked on and would not be replayed",
  gone: "would not be replayed: their payload was erased or dropped",
} as const satisfies Record<keyof ForetoldAnswer["events"], string>;

/** A dry run for a person. */
export function foretoldText(answer: ForetoldAnswer): string {
  const { matching, lookedAt, filter, rate, share, estimateSeconds } = answer;
  const matches = matching === 1 ? "1 event matches" : `${matching} events match`;
  const lines = [`${matches}: ${filterText(filter)}`];
  if (lookedAt < matching) lines.push(`looked at the newest ${lookedAt} of ${matching}`);
  for (const [name, text] of Object.entries(meanings)) {
    const count = answer.events[name as keyof typeof meanings];
    if (count === 0) continue;
    const [example] = answer.examples[name as keyof typeof meanings] ?? [];
    lines.push(`${String(count).padStart(8)} ${text}${example === undefined ? "" : ` (such as ${example})`}`);
  }
  if (answer.otherContact > 0) {
    lines.push(`${String(answer.otherContact).padStart(8)} of these would go to another contact than before`);
  }
  const fields = Object.entries(answer.fields);
  if (fields.length > 0) lines.push("fields, by how many events:");
  for (const [field, { change, newer, leftOut }] of fields) {
    const parts = [
      change > 0 ? `${change} would change` : "",
      newer > 0 ? `${newer} lose to newer events` : "",
      leftOut > 0 ? `${leftOut} no more give it, what they gave stays` : "",
    ];
    lines.push(`  ${field}: ${parts.filter((part) => part !== "").join(", ")}`);
  }
  const until =
    estimateSeconds === null ? "nothing is sent at present" : `about ${duration(estimateSeconds)}`;
  if (matching > 0) lines.push(`at ${share} of the rate, ${rate} events a second: ${until}`);
  return `${lines.join("\n")}\n`;
}

/** One line of a replay. */
export function progressText(replay: ReplayAnswer): string {
  const { id, state, message, filter, of, replayed, failed, createdAt } = replay;
  const skipped = Object.entries(replay.skipped).map(([reason, count]) => `${count} skipped (${reason})`);
  const parts = [`${replayed} of ${of}`, ...skipped, ...(failed > 0 ? [`${failed} parked`] : [])];
  if (state === "running") parts.push(paceText(replay));
  const why = message === undefined ? "" : `: ${message}`;
  return `${id}  ${createdAt}  ${state}${why}  ${parts.join(", ")}  ${filterText(filter)}`;
}

/** How fast it goes, and how long it will. */
export function paceText({ rate, estimateSeconds }: ReplayAnswer): string {
  const left = estimateSeconds === null ? "paused" : `done in about ${duration(estimateSeconds)}`;
  return `${rate}/s, ${left}`;
}

/** How many it is through with, whatever became of them. */
export function doneOf({ replayed, failed, skipped }: ReplayAnswer): number {
  return Object.values(skipped).reduce<number>((sum, count) => sum + (count ?? 0), replayed + failed);
}

function filterText({ from, to, ...names }: ReplayFilterAnswer): string {
  const named = Object.entries(names).map(([name, value]) => `${name} ${value}`);
  return [...named, ...(from === undefined ? [] : [`from ${from}`]), `until ${to}`].join(", ");
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}

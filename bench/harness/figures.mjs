/** The value below which this share of the values lies; NaN without any. */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values) => percentile(values, 0.5);

/** How many of these times, in milliseconds and sorted, lie within one second at most. */
export function mostInOneSecond(times) {
  let most = 0;
  for (let start = 0, stop = 0; start < times.length; start += 1) {
    while (stop < times.length && times[stop] < times[start] + 1_000) stop += 1;
    most = Math.max(most, stop - start);
  }
  return most;
}

const rounds = Number(process.env.BENCH_ROUNDS ?? 3);

/**
 * Measures every target `BENCH_ROUNDS` times, round by round, so that a slow minute of the machine is everybody's.
 *
 * @param once measures a target; what it answers has `perSecond`
 * @returns per target: its `results`, the `median` of a figure of them, and the ratio to another target in the same round
 */
export async function inRounds(targets, once, say) {
  const measured = new Map(targets.filter(Boolean).map((target) => [target, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [target, results] of measured) {
      results.push(await once(target));
      say(`${target.name}: ${Math.round(results.at(-1).perSecond)}/s`);
    }
  }
  return [...measured].map(([target, results]) => ({
    target,
    results,
    median: (figure) => median(results.map(figure)),
    most: (figure) => Math.max(...results.map((one) => figure(one) ?? 0)),
    ratioTo(base) {
      const others = measured.get(base);
      return others && median(results.map((one, round) => one.perSecond / others[round].perSecond));
    },
  }));
}

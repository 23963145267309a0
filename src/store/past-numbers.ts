import type { MinuteCount, Numbers } from "./numbers.ts";

const hourMinutes = 60;
/** What is counted is written within seconds. Only a process whose store was away adds to an hour that has long been over. */
const settledMinutes = 15;
const keptForMs = 10 * 60_000;
/** What is kept is for whoever looks, and must not weigh on the others. */
const countsMax = 200_000;

/**
 * The same numbers; hours that are long over are read once in ten minutes, however often a day is asked for. What this
 * process adds to them is seen at once, what another one adds so late only then.
 */
export function withPastKept(numbers: Numbers, clock: () => number): Numbers {
  const past = new Map<number, { readonly counts: readonly MinuteCount[]; readonly until: number }>();

  /** What finds no room is read again. */
  function keep(hour: number, counts: readonly MinuteCount[], now: number): void {
    past.delete(hour);
    const held = [...past.values()].reduce((sum, kept) => sum + kept.counts.length, 0);
    if (held + counts.length <= countsMax) past.set(hour, { counts, until: now + keptForMs });
  }

  function forgetOver(now: number): void {
    for (const [hour, { until }] of past) if (until <= now) past.delete(hour);
  }

  return {
    async add(counts) {
      await numbers.add(counts);
      for (const { minute } of counts) past.delete(Math.floor(minute / hourMinutes));
    },
    async read(from, to) {
      const now = clock();
      forgetOver(now);
      let found: readonly MinuteCount[] = [];
      const overBefore = Math.floor((now / 60_000 - settledMinutes) / hourMinutes);
      let asked: number | undefined;
      let hour = Math.floor(from / hourMinutes);
      // Whole hours that are over, one after the other; the first that is not known and all behind it are read.
      for (; hour * hourMinutes < to && asked === undefined; hour += 1) {
        const known = past.get(hour);
        // Not as arguments: there may be more than a call takes.
        if (known) found = found.concat(known.counts);
        else asked = hour;
      }
      if (asked !== undefined) {
        const first = asked * hourMinutes;
        const read = await numbers.read(first, Math.max(to, first));
        found = found.concat(read);
        const byHour = new Map<number, MinuteCount[]>();
        for (const count of read) {
          const own = Math.floor(count.minute / hourMinutes);
          const others = byHour.get(own);
          if (others) others.push(count);
          else byHour.set(own, [count]);
        }
        for (let over = asked; over < overBefore && (over + 1) * hourMinutes <= to; over += 1) {
          keep(over, byHour.get(over) ?? [], now);
        }
      }
      return found.filter(({ minute }) => minute >= from && minute < to);
    },
  };
}

import { fileURLToPath } from "node:url";
import { inRounds } from "../harness/figures.mjs";
import { once } from "./through.mjs";

const hook = fileURLToPath(new URL("../harness/without-history.mjs", import.meta.url));

/** What it costs to keep, with every delivery, the line that tells of it afterwards. */
export const history = {
  name: "history",
  title: "History: events posted and delivered per second on Redis, with the history of requests and without",
  columns: ["contacts", "", "per second", "of without", "CPU µs per event", "of without", "its store's"],
  async run({ targets, load, say }) {
    const redis = targets.relays.find(({ engine }) => engine === "Redis");
    if (!redis) return [];
    const variant = (name, options) => ({
      ...redis,
      name,
      start: (more) => redis.start({ ...more, ...options }),
    });
    const without = variant("without history", { nodeArgs: ["--import", hook] });
    const rows = [];
    for (const perContact of [1, 10]) {
      const measured = await inRounds(
        [without, variant("with history", {})],
        (target) => once(target, load, perContact),
        say,
      );
      const base = measured.find(({ target }) => target === without);
      for (const { target, median, ratioTo } of measured) {
        const cpuMicros = [0, 1].map((index) => median((one) => one.cpuMicros[index]));
        rows.push({
          contacts: perContact === 1 ? "distinct" : "ten events each, in a row",
          name: target.name,
          perSecond: median((one) => one.perSecond),
          ofWithout: ratioTo(without),
          cpuMicros,
          cpuOfWithout: cpuMicros[0] / base.median((one) => one.cpuMicros[0]),
        });
      }
    }
    return rows;
  },
  cells: (row) => [
    row.contacts,
    row.name,
    Math.round(row.perSecond),
    row.ofWithout.toFixed(2),
    Math.round(row.cpuMicros[0]),
    row.cpuOfWithout.toFixed(2),
    Math.round(row.cpuMicros[1]),
  ],
};

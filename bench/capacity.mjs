// What many events a second take, computed from bench/results/latest.json: run `npm run bench` before.
//
//   npm run bench:capacity   writes the tables into docs/operations.md
import { readFileSync } from "node:fs";
import { describe, table, writeSection } from "./harness/report.mjs";

/** Of what a core can do at most: bursts, garbage collection and whatever else the machine does need the rest. */
const load = 0.6;
/** A contact is told of this many events at a time: what merging makes of bursts. */
const eventsPerRequest = 3;

const { scenarios } = JSON.parse(readFileSync(new URL("./results/latest.json", import.meta.url), "utf8"));
const rowOf = (name, pick) => {
  const row = scenarios[name]?.rows.find(pick);
  if (!row) throw new Error(`bench/results/latest.json does not hold it: npm run bench -- ${name}`);
  return row;
};

/** Microseconds of a core per event: to accept it, to map and deliver it, and the store's share in both. */
function costs(engine) {
  const name = `relay, ${engine}`;
  const intake = rowOf("intake", (row) => row.name === name && row.of === "1 KB").cpuMicros;
  const single = rowOf("through", (row) => row.name === name && row.contacts === "distinct").cpuMicros;
  const merged = rowOf("through", (row) => row.name === name && row.contacts !== "distinct").cpuMicros;
  // Both hold the way in; between one event per request and ten lies what is assumed.
  const perEvent = (index) => {
    const perRequest = ((single[index] - merged[index]) * 10) / 9;
    return Math.max(0, merged[index] - intake[index] - perRequest / 10 + perRequest / eventsPerRequest);
  };
  return { intake: intake[0], worker: perEvent(0), store: intake[1] + perEvent(1) };
}

const cores = (perSecond, micros) => (perSecond * micros) / 1e6 / load;
const processes = (perSecond, micros) => Math.max(1, Math.ceil(cores(perSecond, micros)));
const thousands = (number) => String(Math.round(number)).replaceAll(/\B(?=(\d{3})+$)/g, " ");

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

const redis = costs("Redis");
const postgres = costs("PostgreSQL");
/** Redis works on one core; what one core takes at this load is where one Redis ends. */
const redisMax = (load * 1e6) / redis.store;

function sizing() {
  return table(
    ["events/s", "intakes", "workers", "cores of Redis", "cores of PostgreSQL", "requests/s to the API"],
    [10, 100, 1_000, 10_000, 100_000].map((perSecond) => {
      const redisCores = cores(perSecond, redis.store);
      const instances = Math.ceil(perSecond / redisMax);
      return [
        thousands(perSecond),
        String(processes(perSecond, redis.intake)),
        String(processes(perSecond, redis.worker)),
        `${redisCores.toFixed(2)}${instances > 1 ? `: ${instances} instances` : ""}`,
        cores(perSecond, postgres.store).toFixed(2),
        thousands(perSecond / eventsPerRequest),
      ];
    }),
  );
}

function backlogs() {
  return table(
    ["ceiling", "a backlog of a million contacts takes"],
    [10, 100, 1_000].map((ceiling) => [`${thousands(ceiling)}/s`, duration(1e6 / (ceiling * 0.95))]),
  );
}

const text = `Computed by \`npm run bench:capacity\` from ${describe(scenarios.intake.machine)}

${sizing()}

${backlogs()}

Assumed: events of 1 KB; ${eventsPerRequest} events per request after merging; every process and Redis on a core of its own,
used to ${load * 100} %; a network that is in nobody's way. One Redis carries about ${thousands(redisMax)} events a second: it works on
one core. Beyond that, give each workspace of the API a relay and a Redis of its own: contacts of different workspaces never
meet, so nothing is shared. The workers' number is for events, not for requests: what the API allows comes first, and
with a ceiling of 10 requests a second one worker is enough whatever comes in.`;

writeSection("docs/operations.md", "capacity", text);
console.log(text);

// Every measurement beside its peers in the same run: ratios count, absolute figures depend on the machine.
//
//   npm run bench [-- WORD…]   the scenarios with these names; all of them without one
//
// Writes a table and a plot under bench/results/: the whole with its figures as JSON, and what README shows.
import { readFileSync, writeFileSync } from "node:fs";
import { machine } from "./harness/machine.mjs";
import { plot } from "./harness/plot.mjs";
import { startLoad } from "./harness/processes.mjs";
import { writeReadme } from "./harness/readme.mjs";
import { report } from "./harness/report.mjs";
import { openTargets } from "./harness/targets.mjs";
import { backlog } from "./scenarios/backlog.mjs";
import { bus } from "./scenarios/bus.mjs";
import { consolePages } from "./scenarios/console.mjs";
import { drain } from "./scenarios/drain.mjs";
import { history } from "./scenarios/history.mjs";
import { intake } from "./scenarios/intake.mjs";
import { latency } from "./scenarios/latency.mjs";
import { loss } from "./scenarios/loss.mjs";
import { pace } from "./scenarios/pace.mjs";
import { through } from "./scenarios/through.mjs";

const scenarios = [intake, bus, through, latency, pace, drain, loss, backlog, consolePages, history];
const words = process.argv.slice(2);
const unknown = words.filter((word) => !scenarios.some(({ name }) => name === word));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

const fileOf = (name) => new URL(`./results/${name}`, import.meta.url);

/** What an earlier run measured stays where this one does not measure it anew. */
function before() {
  try {
    return JSON.parse(readFileSync(fileOf("latest.json"), "utf8")).scenarios;
  } catch {
    return {};
  }
}

const targets = await openTargets();
const load = await startLoad();
const measured = before();
try {
  for (const scenario of scenarios.filter(({ name }) => words.length === 0 || words.includes(name))) {
    console.log(`\n${scenario.title}`);
    const results = Object.fromEntries(Object.entries(measured).map(([name, { rows }]) => [name, rows]));
    const rows = await scenario.run({ targets, load, results, say: (line) => console.log(`  ${line}`) });
    measured[scenario.name] = { machine: machine(targets.postgres?.version), rows };
    writeFileSync(fileOf("latest.json"), `${JSON.stringify({ scenarios: measured }, null, 2)}\n`);
    console.log(`\n${report([scenario], measured)}`);
  }
} finally {
  await load.stop();
  await targets.stop();
}
const present = scenarios.filter(({ name }) => measured[name] !== undefined);
writeFileSync(fileOf("latest.md"), report(present, measured));
writeFileSync(fileOf("latest.svg"), plot(measured));
writeReadme(measured);
console.log("Written: bench/results/latest.json, latest.md and latest.svg, and the table in README.md");

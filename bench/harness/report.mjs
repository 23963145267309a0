import { readFileSync, writeFileSync } from "node:fs";

/** A table per scenario, as Markdown. */
export function report(scenarios, measured) {
  return scenarios.map((scenario) => section(scenario, measured[scenario.name])).join("\n");
}

function section({ title, columns, cells }, { machine, rows }) {
  const shown = rows.map((row) => cells(row).map((cell) => String(cell ?? "")));
  return `## ${title}\n\n${describe(machine)}\n\n${table(columns, shown)}\n`;
}

/** As Markdown. */
export function table(columns, rows) {
  const widths = columns.map((name, index) =>
    Math.max(name.length, 3, ...rows.map((row) => row[index].length)),
  );
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(columns), rule, ...rows.map(line)].join("\n");
}

export function describe({ at, commit, command, cpu, memoryGb, loopMs, node, redis, postgres }) {
  const servers = [redis && `Redis ${redis}`, postgres && `PostgreSQL ${postgres}`].filter(Boolean);
  const versions = [`Node ${node}`, ...servers].join(", ");
  return `\`${command}\`, ${at.slice(0, 10)}, commit ${commit}: ${cpu}, ${memoryGb} GB, a loop of 100 million in ${loopMs} ms; ${versions}.`;
}

/** Puts text between the marks `<!-- name -->` and `<!-- end of name -->` of a document of the project. */
export function writeSection(path, name, text) {
  const file = new URL(`../../${path}`, import.meta.url);
  const [first, last] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const document = readFileSync(file, "utf8");
  const [start, end] = [document.indexOf(first), document.indexOf(last)];
  if (start === -1 || end < start) throw new Error(`${path} lacks ${first} and ${last}`);
  writeFileSync(file, `${document.slice(0, start + first.length)}\n\n${text}\n\n${document.slice(end)}`);
}

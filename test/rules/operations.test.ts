import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { alertsShape } from "./kubernetes-shapes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const page = read("docs/operations.md");
const alerts = alertsShape.parse(parse(read("deploy/prometheus/alerts.yaml")));

const exposed = [...(await createMetrics().render()).body.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(
  ([, name = "", type]) => ({ name, type }),
);
const suffixes = { counter: [""], gauge: [""], histogram: ["", "_bucket", "_sum", "_count"] };
const known = exposed.flatMap(({ name, type }) =>
  (suffixes[type as keyof typeof suffixes] ?? [""]).map((suffix) => name + suffix),
);
/** Those of the relay itself: the runtime's have names of their own. */
const own = exposed.map(({ name }) => name).filter((name) => !/^relay_(?:process|nodejs)_/.test(name));

/** Metrics that a text names. A name made by the adapter, a schema and a prefix with a star are none. */
function namedMetrics(text: string): string[] {
  const notMetrics = ["relay_events_waiting", "relay_relay"];
  const names = [...text.matchAll(/\brelay_[a-z_]+[a-z](?![a-z_*])/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !notMetrics.includes(name));
}

const texts = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
  ...readdirSync(join(root, "deploy"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `deploy/${file}`),
];

it.each(texts)("%s names only metrics that exist", (file) => {
  expect(namedMetrics(read(file)).filter((name) => !known.includes(name))).toEqual([]);
});

it("every metric is explained in docs/operations.md", () => {
  expect(own.length).toBeGreaterThan(10);
  const named = namedMetrics(page);
  expect(own.filter((name) => !named.includes(name))).toEqual([]);
});

it("every alert has a runbook", () => {
  const anchors = [...page.matchAll(/^#{2,4} (.*)$/gm)].map(
    ([, heading = ""]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-")}`,
  );
  const rules = alerts.groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, annotations } of rules) expect(anchors, alert).toContain(annotations.runbook);
});

it("every alert is named in docs/operations.md, and every alert that it names exists", () => {
  const existing = alerts.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  const named = [...new Set([...page.matchAll(/\bContactRelay[A-Z]\w+/g)].map(([name]) => name))];
  expect(named.toSorted()).toEqual(existing.toSorted());
});

it("the reader of these texts finds what is named", () => {
  expect(
    namedMetrics("`relay_a_total{x}` and relay_b_seconds_bucket, relay_events_waiting, relay_nodejs_*"),
  ).toEqual(["relay_a_total", "relay_b_seconds_bucket"]);
});

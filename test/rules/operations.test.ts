import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { noticeKinds, rules } from "../../src/notices/kinds.ts";
import { alertsShape } from "./kubernetes-shapes.ts";
import { anchorsOf, known, namedMetrics, own } from "./named-metrics.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const page = read("docs/operations.md");
const alerts = alertsShape.parse(parse(read("deploy/prometheus/alerts.yaml")));

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

it("every kind of notice leads to a heading, and is explained", () => {
  const anchors = anchorsOf(page);
  expect(noticeKinds.length).toBeGreaterThan(5);
  expect(
    noticeKinds.map((kind) => `#${rules[kind].runbook}`).filter((one) => !anchors.includes(one)),
  ).toEqual([]);
  expect(noticeKinds.filter((kind) => !page.includes(`| \`${kind}\``))).toEqual([]);
});

it("every alert has a runbook", () => {
  const anchors = anchorsOf(page).map((anchor) => `docs/operations.md${anchor}`);
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

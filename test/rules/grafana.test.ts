import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import * as z from "zod";
import { anchorsOf, known, namedMetrics, own } from "./named-metrics.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(root, "deploy/grafana/contact-relay.json"), "utf8");
const runbook = readFileSync(join(root, "docs/operations.md"), "utf8");

const source = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });
const panel = z.looseObject({
  id: z.number().int().positive(),
  type: z.enum(["row", "stat", "timeseries"]),
  title: z.string().min(1),
  description: z.string().optional(),
  datasource: source.optional(),
  gridPos: z.strictObject({
    x: z.number().int().min(0),
    y: z.number().int().min(0),
    w: z.number().int().min(1).max(24),
    h: z.number().int().min(1),
  }),
  targets: z
    .array(
      z.strictObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource: source,
        expr: z.string().min(1),
        legendFormat: z.string().min(1),
        range: z.literal(true),
      }),
    )
    .optional(),
});
/** What Grafana's import asks for: no id of another Grafana's database, and a schema that it can bring up to date. */
const dashboard = z
  .looseObject({
    id: z.null(),
    uid: z.string().regex(/^[\w-]{1,40}$/),
    title: z.string().min(1),
    schemaVersion: z.number().int().min(36).max(42),
    templating: z.strictObject({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
    panels: z.array(panel),
  })
  .parse(JSON.parse(text));
const { panels } = dashboard;
const shown = panels.filter(({ type }) => type !== "row");
const queries = shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

it("every panel asks the chosen data source for something, in queries with names of their own", () => {
  expect(shown.length).toBeGreaterThan(20);
  for (const { title, targets = [], datasource } of shown) {
    expect(datasource, title).toBeDefined();
    expect(targets.length, title).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
  }
});

it("every panel has an id of its own, and lies on the grid over no other", () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.get(`${x} ${y}`), title).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});

it("it shows only metrics that exist, and all that the relay counts", () => {
  const named = namedMetrics(text);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  const bare = named.map((name) => name.replace(/_(?:bucket|sum|count)$/, ""));
  expect(own.filter((name) => !named.includes(name) && !bare.includes(name))).toEqual([]);
});

it("a query names only variables that the dashboard has, and brackets that are closed", () => {
  const names = dashboard.templating.list.map(({ name }) => name);
  expect(names).toEqual(["datasource", "destination", "source", "instance"]);
  for (const query of queries) {
    const used = [...query.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name);
    expect(
      used.filter((name) => name !== "__rate_interval" && !names.includes(name)),
      query,
    ).toEqual([]);
    expect(query, query).toContain("$instance");
    for (const [open, close] of ["()", "{}", "[]"]) {
      expect(query.split(open ?? "").length, query).toBe(query.split(close ?? "").length);
    }
  }
});

it("a page that a panel points at has that heading", () => {
  const pointed = [...text.matchAll(/docs\/operations\.md(#[\w-]+)/g)].map(([, anchor = ""]) => anchor);
  expect(pointed.length).toBeGreaterThan(5);
  expect(pointed.filter((anchor) => !anchorsOf(runbook).includes(anchor))).toEqual([]);
});

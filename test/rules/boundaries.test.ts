import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importsOf, violationsOf } from "./boundaries.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));

function productFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("fixtures/"))
    .sort((a, b) => a.localeCompare(b));
}

it("every file uses only what its room may use", () => {
  const files = productFiles();
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => violationsOf(file, readFileSync(join(source, file), "utf8")))).toEqual([]);
});

describe("the checker itself", () => {
  it("reads static, type-only, re-exported, side-effect and dynamic imports", () => {
    const text = [
      `import { a } from "hono";`,
      `import type { B } from "../store/store.ts";`,
      `import {\n  c,\n  d,\n} from "@hono/node-server/serve";`,
      `export { e } from "./e.ts";`,
      `import "side-effect";`,
      `const f = await import("pg");`,
      `import { readFile } from "node:fs";`,
    ].join("\n");
    expect(importsOf(text, "http/app.ts").map(({ from, typeOnly }) => [from, typeOnly])).toEqual([
      ["hono", false],
      ["store/store.ts", true],
      ["@hono/node-server", false],
      ["http/e.ts", false],
      ["side-effect", false],
      ["pg", false],
    ]);
  });

  it.each([
    ["contact/merge.ts", `import { z } from "hono";`],
    ["contact/merge.ts", `import { x } from "../store/store.ts";`],
    ["providers/stripe/map.ts", `import { x } from "../shopify/map.ts";`],
    ["providers/stripe/map.ts", `import { Queue } from "bullmq";`],
    ["intake/receive.ts", `import { createSource } from "../sources/create-source.ts";`],
    ["intake/receive.ts", `import { Hono } from "hono";`],
    ["delivery/send.ts", `import { Worker } from "bullmq";`],
    ["aelyst/client.ts", `import type { Store } from "../store/store.ts";`],
    ["store/redis/index.ts", `import { Hono } from "hono";`],
    ["store/queues.ts", `import type { Source } from "../sources/source.ts";`],
    ["http/admin.ts", `import { Redis } from "ioredis";`],
    ["http/admin.ts", `import { createSqlStore } from "../store/postgres/sql-store.ts";`],
    ["telemetry/logger.ts", `import { x } from "../contact/event.ts";`],
    ["sources/load.ts", `const token = process.env["TOKEN"];`],
    ["http/webhooks.ts", `if (source.provider.name === "stripe") return;`],
    ["contact/utils.ts", ``],
    ["attic/old.ts", ``],
  ])("finds what is wrong with %s: %s", (file, text) => {
    expect(violationsOf(file, text)).toHaveLength(1);
  });

  it("lets through what the table allows", () => {
    expect(violationsOf("intake/receive.ts", `import type { Source } from "../sources/source.ts";`)).toEqual(
      [],
    );
    expect(violationsOf("delivery/workers.ts", `import { DelayedError } from "bullmq";`)).toEqual([]);
    expect(violationsOf("providers/form/map.ts", `import { samples } from "./samples.ts";`)).toEqual([]);
    expect(violationsOf("commands/serve.ts", `import { Redis } from "ioredis";`)).toEqual([]);
  });
});

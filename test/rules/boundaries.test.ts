import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { circlesOf, importsOf, rooms, violationsOf } from "./boundaries.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));

function productFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"))
    .sort((a, b) => a.localeCompare(b));
}

it("every file uses only what its room may use", () => {
  const files = productFiles();
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => violationsOf(file, readFileSync(join(source, file), "utf8")))).toEqual([]);
});

it("no file needs itself by way of others: what two of them share has a file of its own", () => {
  const imports = new Map(
    productFiles().map((file) => {
      const own = importsOf(readFileSync(join(source, file), "utf8"), file).filter((one) => one.own);
      return [file, own.map(({ from }) => from)];
    }),
  );
  expect(circlesOf(imports)).toEqual([]);
});

it("every row of the table has files: none guards an empty room", () => {
  const files = productFiles();
  const rowOf = (file: string) => rooms.find((candidate) => candidate.files.test(file))?.room;
  const used = new Set(files.map(rowOf));
  expect(rooms.map(({ room }) => room).filter((room) => !used.has(room))).toEqual([]);
});

describe("the checker itself", () => {
  it("finds a circle, and none where there is none", () => {
    const line = new Map([
      ["a", ["b", "c"]],
      ["b", ["c"]],
      ["c", []],
    ]);
    expect(circlesOf(line)).toEqual([]);
    expect(circlesOf(new Map([...line, ["c", ["a"]]]))).toEqual([["a", "b", "c", "a"]]);
  });

  it("reads static, type-only, re-exported, side-effect and dynamic imports", () => {
    const text = [
      `import { a } from "hono";`,
      `import type { B } from "../store/store.ts";`,
      `import {\n  c,\n  d,\n} from "@hono/node-server/serve";`,
      `export { e } from "./e.ts";`,
      `import "side-effect";`,
      `const f = await import("pg");`,
      `import { readFile } from "node:fs";`,
      `export * as g from './g.ts';`,
      `export type { H } from "../../package.json";`,
      `const i = 1; import { $ } from "i";`,
      `const j = require(\`j\`);`,
      `let k: import("../sources/source.ts").Source;`,
      `// a comment that speaks of import and "nothing"`,
      `export const from = "nowhere";`,
    ].join("\n");
    expect(importsOf(text, "http/app.ts").map(({ from, typeOnly }) => [from, typeOnly])).toEqual([
      ["hono", false],
      ["store/store.ts", true],
      ["@hono/node-server", false],
      ["http/e.ts", false],
      ["side-effect", false],
      ["pg", false],
      ["http/g.ts", false],
      ["../package.json", true],
      ["i", false],
      ["j", false],
      ["sources/source.ts", false],
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
    ["contact/merge.ts", `import { x } from "../../contact/outside.ts";`],
    ["contact/merge.ts", `const { Redis } = await import("ioredis");`],
    ["providers/stripe/map.ts", `import type { x } from "../registry.ts";`],
    ["providers/signature.ts", `import { verify } from "./stripe/verify.ts";`],
    ["sources/load.ts", `import { map } from "../providers/stripe/map.ts";`],
    ["intake/receive.ts", `import { x } from "../providers/provider.ts";`],
    ["delivery/workers.ts", `import { createLogger } from "../telemetry/logger.ts";`],
    ["delivery/workers.ts", `import { Redis } from "ioredis";`],
    ["http/app.ts", `import { createLogger } from "../telemetry/logger.ts";`],
    ["sandbox/sandbox.ts", `import { x } from "../aelyst/client.ts";`],
    ["config.ts", `import { x } from "./sources/load.ts";`],
    ["sources/load.ts", `const token = process.env["TOKEN"];`],
    ["sources/load.ts", `const token = process["env"]["TOKEN"];`],
    ["sources/load.ts", `const { env } = process;`],
    ["sources/load.ts", `import { env } from "node:process";`],
    ["commands/serve.ts", `process.exit(1);`],
    ["http/webhooks.ts", `if (source.provider.name === "stripe") return;`],
    ["http/webhooks.ts", `if ("stripe" !== event.provider) return;`],
    ["http/webhooks.ts", `switch (source.provider.name) {}`],
    ["commands/map.ts", `if (provider == "stripe") return;`],
    ["contact/utils.ts", ``],
    ["contact/helpers/phone.ts", ``],
    ["contact/phone.ts", "x\n".repeat(401)],
    ["attic/old.ts", ``],
  ])("finds what is wrong with %s: %j", (file, text) => {
    expect(violationsOf(file, text)).toHaveLength(1);
  });

  it("says which file, which import, which rule, and what to do", () => {
    expect(violationsOf("contact/merge.ts", `import { Hono } from "hono";`)).toEqual([
      "contact/merge.ts imports hono, which the room contact/ may not use (docs/architecture.md): " +
        "pass it in from commands/, or move the code to the room where it belongs",
    ]);
    expect(violationsOf("intake/receive.ts", `import { x } from "../sources/source.ts";`)).toEqual([
      "intake/receive.ts imports sources/source.ts, of which the room intake/ may use only types: " +
        "make it `import type`, or pass the value in from commands/",
    ]);
  });

  it("lets through what the table allows", () => {
    expect(violationsOf("intake/receive.ts", `import type { Source } from "../sources/source.ts";`)).toEqual(
      [],
    );
    expect(violationsOf("delivery/workers.ts", `import { DelayedError } from "bullmq";`)).toEqual([]);
    expect(violationsOf("providers/form/map.ts", `import { samples } from "./samples.ts";`)).toEqual([]);
    expect(violationsOf("commands/serve.ts", `import { Redis } from "ioredis";`)).toEqual([]);
    expect(violationsOf("main.ts", `const io = { env: process.env };`)).toEqual([]);
    expect(violationsOf("http/webhooks.ts", `if (source.provider.answers === "empty") return;`)).toEqual([]);
    expect(violationsOf("contact/phone.ts", "x\n".repeat(400))).toEqual([]);
  });
});

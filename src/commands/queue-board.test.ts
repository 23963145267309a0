import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { readConfig } from "../config.ts";
import { missingBoard } from "./queue-board.ts";

it("a board that is asked for and not installed stops the start with the command that installs it", () => {
  expect(missingBoard(false, () => false)).toEqual([]);
  expect(missingBoard(true, () => true)).toEqual([]);
  expect(missingBoard(true, (name) => name === "@bull-board/api")).toEqual([
    "CONSOLE_QUEUES shows Bull Board, which is not installed: npm install @bull-board/api@9.10.1 @bull-board/hono@9.10.1",
  ]);
});

it("its parts are of one version, as they insist on", () => {
  const require = createRequire(import.meta.url);
  const hono = require("@bull-board/hono/package.json") as {
    version: string;
    dependencies: Record<string, string>;
  };
  const own = require("../../package.json") as { peerDependencies: Record<string, string> };
  const exactly = hono.dependencies["@bull-board/api"];
  expect([own.peerDependencies["@bull-board/api"], own.peerDependencies["@bull-board/hono"]]).toEqual([
    exactly,
    hono.version,
  ]);
});

it("a console with queues and without ADMIN_TOKEN is a contradiction", () => {
  const read = readConfig({ AELYST_API_TOKEN: "t", CONSOLE_QUEUES: "true" });
  expect(read.ok ? [] : read.problems).toEqual([
    "CONSOLE_QUEUES adds to the console that ADMIN_TOKEN turns on: set ADMIN_TOKEN as well",
  ]);
});

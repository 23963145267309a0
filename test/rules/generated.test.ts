import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { expect, it } from "vitest";
import {
  consumeKeysTable,
  destinationKeysTable,
  exampleEnvironment,
  partOf,
  settingsSchemaFile,
  settingsTable,
  sourceKeysTable,
  sourcesSchemaFile,
  table,
  valueKeysTable,
  withPart,
} from "./generated.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** `npm run docs` writes what is otherwise only compared. */
const isWriting = process.env["WRITE_DOCS"] === "true";

it.each([
  [".env.example", exampleEnvironment],
  ["schema/settings.json", settingsSchemaFile],
  ["schema/sources.json", sourcesSchemaFile],
] as const)("%s is written from the schema", async (name, render) => {
  const file = join(root, name);
  const text = name.endsWith(".json")
    ? await format(render(), { parser: "json", printWidth: 110 })
    : render();
  if (isWriting) writeFileSync(file, text);
  expect(readFileSync(file, "utf8"), "run npm run docs").toBe(text);
});

it.each([
  ["README.md", "settings", settingsTable],
  ["docs/sources.md", "source keys", sourceKeysTable],
  ["docs/sources.md", "value keys", valueKeysTable],
  ["docs/sources.md", "destination keys", destinationKeysTable],
  ["docs/event-bus.md", "consume keys", consumeKeysTable],
] as const)("%s: the part `%s` is written from the schema", async (document, name, render) => {
  const file = join(root, document);
  const text = (await format(render(), { parser: "markdown", printWidth: 110 })).trimEnd() + "\n";
  if (isWriting) writeFileSync(file, withPart(readFileSync(file, "utf8"), name, text));
  expect(partOf(readFileSync(file, "utf8"), name), "run npm run docs").toBe(text);
});

it("a part is found and replaced, and nothing around it", () => {
  const document = "a\n\n<!-- t -->\n\nold\n\n<!-- /t -->\n\nb\n";
  expect(partOf(document, "t")).toBe("old\n");
  expect(partOf(document, "other")).toBeUndefined();
  expect(withPart(document, "t", "$1 new\n")).toBe("a\n\n<!-- t -->\n\n$1 new\n\n<!-- /t -->\n\nb\n");
  expect(table(["x"], [["a | b"]])).toBe("| x |\n| --- |\n| a \\| b |\n");
});

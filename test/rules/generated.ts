import type * as z from "zod";
import { aboutSetting } from "../../src/config.ts";
import { groups } from "../../src/config/kinds.ts";
import { settingsSchema } from "../../src/config/json-schema.ts";
import { settingNames } from "../../src/config/settings.ts";
import { providers } from "../../src/providers/registry.ts";
import { sourcesJsonSchema } from "../../src/sources/json-schema.ts";
import { consumeSchema, destinationSchema, everyValueKey, sourceSchema } from "../../src/sources/schema.ts";
import { providerVariables } from "../../src/sources/provider-variables.ts";

/** A part of a document, between `<!-- name -->` and `<!-- /name -->`. */
export function partOf(document: string, name: string): string | undefined {
  return new RegExp(`<!-- ${name} -->\\n\\n([\\s\\S]*?)\\n<!-- /${name} -->`).exec(document)?.[1];
}

export function withPart(document: string, name: string, text: string): string {
  const part = new RegExp(`(<!-- ${name} -->\\n\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`);
  return document.replace(part, (_, begin: string, end: string) => `${begin}${text}${end}`);
}

/** A table in Markdown; a `|` within a cell is written so that it stays one. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

/** The table of settings in README.md. */
export function settingsTable(): string {
  const rows = settingNames.map((name) => {
    const { description, unit, required = false, default: usual } = aboutSetting(name);
    const value = usual === undefined ? (required ? "required" : "none") : `\`${usual}\``;
    return [`\`${name}\``, value, withUnit(description, unit)];
  });
  return table(["variable", "default", "meaning"], rows);
}

function withUnit(description: string, unit: string | undefined): string {
  return unit === undefined ? description : `${description} (${unit})`;
}

/** What a source may say, in docs/sources.md. */
export function sourceKeysTable(): string {
  return keysTable(sourceSchema.shape);
}

/** What a source that pulls may say, in docs/event-bus.md. */
export function consumeKeysTable(): string {
  return keysTable(consumeSchema.shape);
}

/** What a destination may say, in docs/sources.md. */
export function destinationKeysTable(): string {
  return keysTable(destinationSchema.shape);
}

/** What the value of a field may say, in docs/sources.md. */
export function valueKeysTable(): string {
  return keysTable(everyValueKey);
}

/** One row for each key that has a description: what is not told of is not supported. */
function keysTable(shape: Readonly<Record<string, z.ZodType>>): string {
  const rows = Object.entries(shape).flatMap(([key, schema]) => {
    const description = schema.description ?? (schema as z.ZodOptional<z.ZodType>).unwrap?.().description;
    return description === undefined ? [] : [[`\`${key}\``, description]];
  });
  return table(["key", "meaning"], rows);
}

export function settingsSchemaFile(): string {
  return JSON.stringify(settingsSchema(providerVariables(providers)));
}

export function sourcesSchemaFile(): string {
  return JSON.stringify(sourcesJsonSchema(providers));
}

const width = 100;

/** `.env.example`, whole. */
export function exampleEnvironment(): string {
  const lines = [
    "# contact-relay: every setting, with its default. Copy to .env and uncomment what you need.",
    "# All are read once at boot; a bad or missing one stops the start with a list of every problem.",
    "# Whatever is secret may be given as a file instead, as Docker and Kubernetes mount secrets: AELYST_API_TOKEN_FILE",
    "# and so on.",
  ];
  for (const group of groups) {
    lines.push("", `# --- ${group} ${"-".repeat(width - 7 - group.length)}`);
    for (const name of settingNames) {
      const about = aboutSetting(name);
      if (about.group !== group) continue;
      const { description, unit, required = false, example, default: usual } = about;
      lines.push(...comment(withUnit(description, unit)));
      lines.push(required ? `${name}=` : `#${name}=${usual ?? example ?? ""}`);
    }
    if (group === "Sources") lines.push(...providerLines());
  }
  return `${lines.join("\n")}\n`;
}

function providerLines(): string[] {
  return providerVariables(providers).flatMap(({ name, description, example, turnsOn }) =>
    turnsOn === undefined
      ? [...comment(description), `#${name}=${example ?? ""}`]
      : [`${`#${name}=`.padEnd(40)}# -> /webhooks/${turnsOn}`],
  );
}

/** Plain text of Markdown, as comments with a capital at the start and a full stop at the end. */
function comment(markdown: string): string[] {
  const plain = markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  const words = `${plain.charAt(0).toUpperCase()}${plain.slice(1)}.`.split(" ");
  const lines: string[] = [];
  let line = "#";
  for (const word of words) {
    if (line.length + 1 + word.length > width) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

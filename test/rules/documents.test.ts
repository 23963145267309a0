import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { aboutSetting, readConfig } from "../../src/config.ts";
import { fileVariable } from "../../src/config/secret-file.ts";
import { settingNames } from "../../src/config/settings.ts";
import { providers } from "../../src/providers/registry.ts";
import { providerVariables } from "../../src/sources/provider-variables.ts";
import {
  inlineCode,
  machinePaths,
  namedCommands,
  namedFiles,
  namedScripts,
  namedVariables,
} from "./documents.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const foldersOf = (folder: string) =>
  readdirSync(join(root, folder)).filter((entry) => statSync(join(root, folder, entry)).isDirectory());

const documents = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "docs/architecture.md",
  "docs/sources.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
    .filter((file) => !["docs/architecture.md", "docs/sources.md"].includes(file)),
  "examples/README.md",
  ...foldersOf("examples").map((folder) => `examples/${folder}/README.md`),
  ".env.example",
  "docker-compose.yml",
  "Dockerfile",
  ".ci/run",
  ...readdirSync(join(root, "deploy"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `deploy/${file}`),
];

const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
const npmItself = ["ci", "install", "prune"];
const commands = [...read("src/main.ts").matchAll(/\bprogram\s*\.command\("([a-z]+)"/g)].map(
  ([, name]) => name ?? "",
);
const variables = [
  ...settingNames.map((name) => ({ name, secret: aboutSetting(name).secret === true })),
  ...providerVariables(providers),
];
const testVariables = [
  "TEST_REDIS_URL",
  "TEST_DATABASE_URL",
  "REQUIRE_ENGINES",
  "REQUIRE_BROKERS",
  "REQUIRE_BROWSER",
  "TEST_CHROMIUM",
  "SIMULATION_SEED",
  "CHAOS_SEED",
  "FUZZ_RUNS",
  "FUZZ_SEED",
];
/** Read by Docker Compose and the images of the servers. */
const composeVariables = [
  "BIND_ADDRESS",
  "REDIS_MAXMEMORY",
  "POSTGRES_USER",
  "POSTGRES_PASSWORD",
  "POSTGRES_DB",
];
const benchVariables = ["BENCH_EVENTS", "BENCH_ROUNDS"];
const othersVariables = [
  "NODE_ENV",
  "DEBIAN_FRONTEND",
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "OTEL_SERVICE_NAME",
  "OTEL_TRACES_EXPORTER",
  "OTEL_METRICS_EXPORTER",
  "OTEL_LOGS_EXPORTER",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "APP_API_TOKEN",
  "API_KEY",
  ...composeVariables,
  ...benchVariables,
];
const known = [
  ...variables.map(({ name }) => name),
  ...variables.filter(({ secret }) => secret).map(({ name }) => fileVariable(name)),
  ...testVariables,
  ...othersVariables,
];

/** Those that the sources file beside an example's page asks for. */
function variablesBeside(document: string): string[] {
  const file = join(root, dirname(document), "sources.yaml");
  if (!existsSync(file)) return [];
  return [...readFileSync(file, "utf8").matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? "");
}

it.each(documents)("%s is there", (document) => {
  expect(existsSync(join(root, document)), `${document} is missing: write it`).toBe(true);
});

describe.each(documents)("%s", (document) => {
  it("names only files that exist", () => {
    const missing = namedFiles(document, read(document)).filter((file) => !existsSync(join(root, file)));
    expect(missing, "name what exists, or remove the mention").toEqual([]);
  });

  it("names only npm scripts and commands that exist", () => {
    const text = read(document);
    const unknown = namedScripts(text).filter((name) => ![...npmItself, ...scripts].includes(name));
    expect(unknown, "not in package.json").toEqual([]);
    expect(
      namedCommands(text).filter((name) => !commands.includes(name)),
      "not registered in src/main.ts",
    ).toEqual([]);
  });

  it("names only variables that are read", () => {
    const all = [...known, ...variablesBeside(document)];
    const unknown = namedVariables(read(document)).filter((name) => !all.includes(name));
    expect(unknown, "read by nothing in src/config.ts and by no provider").toEqual([]);
  });

  it("names no path of one machine", () => {
    expect(machinePaths(read(document))).toEqual([]);
  });
});

describe("every variable", () => {
  it("of a provider is in README.md", () => {
    const inCode = inlineCode(read("README.md"));
    expect(variables.map(({ name }) => name).filter((name) => !inCode.includes(name))).toEqual([]);
  });

  it("has a default that is what counts without it", () => {
    const withDefault = settingNames.flatMap((name) => {
      const { default: usual } = aboutSetting(name);
      return usual === undefined ? [] : [[name, usual]];
    });
    const token = { AELYST_API_TOKEN: "token" };
    expect(readConfig({ ...token, ...Object.fromEntries(withDefault) })).toEqual(readConfig(token));
    expect(withDefault.length).toBeGreaterThan(20);
  });

  it("of the tests is read by a suite", () => {
    const helpers = readdirSync(join(root, "test/helpers")).map((file) => read(`test/helpers/${file}`));
    const suites = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".ts") && !file.startsWith("rules/"),
    );
    const text = [...helpers, ...suites.map((file) => read(`test/${file}`))].join("\n");
    expect(testVariables.filter((name) => !text.includes(name))).toEqual([]);
  });
});

it("every command is in README.md", () => {
  const text = read("README.md");
  expect(commands.length).toBeGreaterThanOrEqual(7);
  expect(commands.filter((name) => !text.includes(`contact-relay ${name}`))).toEqual([]);
});

it("every page of docs is in its index, which README.md names", () => {
  expect(namedFiles("README.md", read("README.md"))).toContain("docs/README.md");
  const listed = namedFiles("docs/README.md", read("docs/README.md"));
  const pages = readdirSync(join(root, "docs")).filter((page) => page !== "README.md");
  expect(pages.filter((page) => !listed.includes(`docs/${page}`))).toEqual([]);
});

it("every room is in docs/architecture.md", () => {
  const rows = read("docs/architecture.md").match(/^\| `src\/.*$/gm) ?? [];
  const rooms = foldersOf("src").filter((room) => !rows.some((row) => row.includes(`\`src/${room}`)));
  expect(rooms).toEqual([]);
});

describe("the checker itself", () => {
  const text = [
    "See [the guide](guide.md#top), [home](https://example.com), `src/gone.ts`, `src/providers/<p>`, `order.json`.",
    "The contact-relay is fast. `contact-relay vanish --now`; set `OLD_SETTING` and PORT, or `Content-Type`.",
    "```sh\nnpm run gone && npm test -- --run && NEW_SETTING=1 node dist/main.js serve ./test/gone/\n```",
    "```yaml\nkey: ${SHOP_SECRET}\n```",
    "cat /home/ada/notes && ls /data && open https://example.com/home/ada",
  ].join("\n");

  it("finds what a text names", () => {
    expect(namedFiles("docs/page.md", text)).toEqual([
      "docs/guide.md",
      "src/gone.ts",
      "src/providers",
      "test/gone/",
    ]);
    expect(namedFiles("README.md", "(see docs/a.md). Copy .env.example to .env.")).toEqual([
      "docs/a.md",
      ".env.example",
    ]);
    expect(namedScripts(text)).toEqual(["gone", "test"]);
    expect(namedScripts("npm run --silent verify:types")).toEqual(["verify:types"]);
    expect(namedCommands(text)).toEqual(["vanish", "serve"]);
    expect(namedVariables(text)).toEqual(["OLD_SETTING", "PORT", "NEW_SETTING"]);
    expect(machinePaths(text)).toEqual(["/home/ada/notes"]);
  });
});

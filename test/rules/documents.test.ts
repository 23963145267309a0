import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const documents = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`),
];

const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
const commands = [...read("src/main.ts").matchAll(/\.command\("([a-z]+)"/g)].map(([, name]) => name ?? "");
const settings = [...read("src/config.ts").matchAll(/"([A-Z][A-Z0-9_]{3,})"/g)].map(([, name]) => name ?? "");
const providers = readdirSync(join(root, "src/providers")).filter((entry) =>
  statSync(join(root, "src/providers", entry)).isDirectory(),
);
const providerVariables = providers.flatMap((name) => {
  const variable = name.toUpperCase().replaceAll("-", "_");
  return [`${variable}_WEBHOOK_SECRET`, `${variable}_KEY`];
});
const testVariables = ["TEST_REDIS_URL", "TEST_DATABASE_URL", "REQUIRE_ENGINES"];
const httpMethods = ["OPTIONS", "POST", "DELETE"];

/** Inline code of a document, outside its fenced blocks. */
function inlineCode(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");
}

function namedFiles(document: string): string[] {
  const text = read(document);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) =>
    join(dirname(document), path ?? ""),
  );
  const inline = inlineCode(text).filter((code) =>
    /^(src|test|docs|bench|deploy|\.ci)\/[\w./-]+$/.test(code),
  );
  return [...links, ...inline];
}

function namedVariables(text: string): string[] {
  return [...text.matchAll(/(?<![\w{])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOST|ROLE)(?![\w}])/g)].map(
    ([, name]) => name ?? "",
  );
}

describe.each(documents)("%s", (document) => {
  it("names only files that exist", () => {
    expect(namedFiles(document).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it("names only npm scripts and commands that exist", () => {
    const text = read(document);
    const npm = [...text.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name ?? "");
    expect(npm.filter((name) => !["ci", "install", ...scripts].includes(name))).toEqual([]);
    const run = [...text.matchAll(/(?:contact-relay|dist\/main\.js) ([a-z]+)\b/g)].map(
      ([, name]) => name ?? "",
    );
    const prose = ["is", "cannot", "as", "does"];
    expect(run.filter((name) => !commands.includes(name) && !prose.includes(name))).toEqual([]);
  });

  it("names only variables that are read", () => {
    const inCode = inlineCode(read(document)).filter((code) => /^[A-Z][A-Z0-9_]{3,}(=\S*)?$/.test(code));
    const named = inCode.map((code) => code.split("=")[0] ?? "");
    const known = [...settings, ...providerVariables, ...testVariables, ...httpMethods];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("names no path of one machine", () => {
    expect(read(document)).not.toMatch(/(^|[\s"'`(])\/(work|root|home|Users|tmp)\//);
  });
});

it("every setting is documented in README.md and .env.example", () => {
  expect(settings.length).toBeGreaterThan(20);
  for (const file of ["README.md", ".env.example"]) {
    const text = read(file);
    expect(
      settings.filter((name) => !text.includes(name)),
      file,
    ).toEqual([]);
  }
});

it(".env.example and docker-compose.yml set only variables that are read", () => {
  const known = [...settings, ...providerVariables];
  const example = [...read(".env.example").matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name ?? "");
  expect(example.filter((name) => !known.includes(name))).toEqual([]);
  expect(
    namedVariables(read("docker-compose.yml")).filter((name) => ![...known, "CMD"].includes(name)),
  ).toEqual([]);
});

it("every command is in README.md", () => {
  const text = read("README.md");
  const top = commands.filter((name) => existsSync(join(root, `src/commands/${name}.ts`)));
  expect(top.length).toBeGreaterThanOrEqual(7);
  expect(top.filter((name) => !text.includes(`contact-relay ${name}`))).toEqual([]);
});

interface Compose {
  services: Record<
    string,
    { command?: string[]; healthcheck?: unknown; depends_on?: unknown; environment?: Record<string, string> }
  >;
}

describe("what people deploy", () => {
  it("the lock file names the optional packages of every platform, without which npm ci refuses it", () => {
    type Packages = Record<string, { optionalDependencies?: Record<string, string> }>;
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: Packages };
    const missing = Object.entries(packages).flatMap(([from, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${from}/node_modules/${name}`],
      ),
    );
    expect(missing, "run `npm run lock`").toEqual([]);
  });

  it("compose runs the relay on a Redis that persists and never evicts", () => {
    const { services } = parse(read("docker-compose.yml")) as Compose;
    expect(services["redis"]?.command).toEqual(
      expect.arrayContaining(["--appendonly", "yes", "--maxmemory-policy", "noeviction"]),
    );
    expect(services["redis"]?.healthcheck).toBeDefined();
    expect(services["relay"]?.depends_on).toEqual({ redis: { condition: "service_healthy" } });
    expect(services["relay"]?.environment?.["REDIS_URL"]).toBe("redis://redis:6379");
  });

  it("the image runs as nobody special, copies only what exists, and checks a route that exists", () => {
    const text = read("Dockerfile");
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) =>
      (files ?? "").split(" "),
    );
    expect(copied.length).toBeGreaterThan(3);
    expect(copied.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(/^USER (\w+)$/m.exec(text)?.[1]).toBe("node");
    expect(text).toContain("/healthz");
    expect(read("src/http/health.ts")).toContain('"/healthz"');
    expect(text).toContain('ENTRYPOINT ["node", "dist/main.js"]');
  });
});

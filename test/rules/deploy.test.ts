import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readConfig } from "../../src/config.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");

function defaults() {
  const result = readConfig({ AELYST_API_TOKEN: "token" });
  if (!result.ok) throw new Error(result.problems.join("; "));
  return result.config;
}

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly env_file?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: unknown;
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

describe("docker-compose.yml", () => {
  const { services, volumes } = parse(read("docker-compose.yml")) as {
    services: Readonly<Record<string, Service>>;
    volumes: Readonly<Record<string, unknown>>;
  };
  const { relay, redis } = services;

  it("runs a Redis that persists, never evicts, and is waited for until it answers", () => {
    const options = redis?.command ?? [];
    const valueOf = (option: string) => options[options.indexOf(option) + 1];
    expect(valueOf("--appendonly")).toBe("yes");
    expect(valueOf("--appendfsync")).toBe("everysec");
    expect(valueOf("--maxmemory-policy")).toBe("noeviction");
    expect(redis?.image).toMatch(/^redis:[78]\./);
    expect(redis?.healthcheck?.test.join(" ")).toContain("PONG");
    expect(relay?.depends_on).toEqual({ redis: { condition: "service_healthy" } });
  });

  it("keeps Redis's file in a volume that is declared, where Redis writes it", () => {
    const [name, path] = (redis?.volumes?.[0] ?? "").split(":");
    expect(path).toBe("/data");
    expect(Object.keys(volumes)).toContain(name);
  });

  it("gives the relay this image, that Redis, its settings and the port it listens on", () => {
    expect(relay?.build).toBe(".");
    expect(relay?.env_file).toBe(".env");
    expect(relay?.environment?.["REDIS_URL"]).toBe("redis://redis:6379");
    expect(relay?.ports).toEqual([`\${PORT:-${defaults().port}}:${relay?.environment?.["PORT"]}`]);
    const own = readConfig({ AELYST_API_TOKEN: "token", ...relay?.environment });
    expect(own.ok ? [] : own.problems).toEqual([]);
  });

  it("restarts both, and kills the relay only after its own deadline", () => {
    expect([relay?.restart, redis?.restart]).toEqual(["unless-stopped", "unless-stopped"]);
    const graceMs = Number(/^(\d+)s$/.exec(relay?.stop_grace_period ?? "")?.[1]) * 1_000;
    expect(graceMs).toBeGreaterThan(defaults().shutdownTimeoutMs);
  });
});

describe("Dockerfile", () => {
  const text = read("Dockerfile").replaceAll("\\\n", " ");
  const stages = text.split(/^(?=FROM )/m).filter((stage) => stage.startsWith("FROM "));
  const final = stages.at(-1) ?? "";
  const instructions = (stage: string, name: string) =>
    [...stage.matchAll(new RegExp(`^${name} +(.*)$`, "gm"))].map(([, rest]) => (rest ?? "").trim());
  const execForm = (name: string) => JSON.parse(instructions(final, name)[0] ?? "null") as unknown;

  it("builds and runs on one pinned, current LTS of Node", () => {
    expect(stages).toHaveLength(2);
    const images = instructions(text, "FROM").map((from) => from.split(" ")[0]);
    expect(new Set(images).size).toBe(1);
    expect(Number(/^node:(\d+)-\w+-slim$/.exec(images[0] ?? "")?.[1]) % 2).toBe(0);
  });

  it("copies only files that exist and that .dockerignore lets through", () => {
    const copied = instructions(text, "COPY")
      .filter((copy) => !copy.includes("--from="))
      .flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    expect(copied).toEqual(expect.arrayContaining(["package.json", "package-lock.json", "src"]));
    expect(copied.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const ignored = read(".dockerignore").split("\n");
    expect(copied.filter((file) => ignored.includes(file))).toEqual([]);
    expect(ignored).toEqual(expect.arrayContaining([".git", "node_modules", ".env*"]));
  });

  it("brings into the final stage what the relay reads at run time, and nothing else", () => {
    const copies = instructions(final, "COPY").map((copy) => /(\S+) \S+$/.exec(copy)?.[1]);
    expect(copies).toEqual(["/app/package.json", "/app/node_modules", "/app/dist"]);
  });

  it("runs no install script, and no npm in the end", () => {
    const installs = text.match(/npm (?:ci|install|prune)[^&\n]*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    for (const install of installs) expect(install).toContain("--ignore-scripts");
    expect(text).toContain("npm prune --omit=dev");
    expect(final).not.toContain("npm");
  });

  it("does not run as root, and owns its data", () => {
    expect(instructions(final, "USER")).toEqual(["node"]);
    expect(final).toMatch(/^ENV .*\bNODE_ENV=production\b/m);
    const data = /\bDATA_DIR=(\S+)/.exec(final)?.[1] ?? "";
    expect(data).toMatch(/^\/\w+/);
    expect(instructions(final, "VOLUME")).toEqual([data]);
    expect(final.indexOf(`chown node:node ${data}`)).toBeGreaterThan(-1);
    expect(final.indexOf(`chown node:node ${data}`)).toBeLessThan(final.indexOf("\nUSER "));
  });

  it("starts Node itself, so that SIGTERM arrives", () => {
    expect(execForm("ENTRYPOINT")).toEqual(["node", "dist/main.js"]);
    expect(execForm("CMD")).toEqual(["serve"]);
    expect(read("src/main.ts")).toContain('.command("serve")');
    expect(instructions(final, "EXPOSE")).toEqual([String(defaults().port)]);
  });

  it("asks a route that exists for its health", () => {
    const check = instructions(final, "HEALTHCHECK")[0] ?? "";
    const route = /'(\/\w+)'/.exec(check)?.[1] ?? "none";
    const routes = readdirSync(join(root, "src/http")).map((file) => read(`src/http/${file}`));
    expect(routes.some((code) => code.includes(`.get("${route}"`))).toBe(true);
    expect(check).toContain("fetch(");
  });
});

describe(".ci/run", () => {
  const text = read(".ci/run");
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ci-run-"));
    writeFileSync(join(folder, "redis-server"), "");
    writeFileSync(join(folder, "postgres"), "");
    writeFileSync(join(folder, "npm"), npmStandIn);
    for (const name of ["redis-server", "postgres", "npm"]) chmodSync(join(folder, name), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs it with servers that are there and an npm that does as told. */
  function run(told: Readonly<Record<string, string>>) {
    const PATH = [folder, dirname(process.execPath), process.env["PATH"]].join(delimiter);
    const { stdout, status } = spawnSync("bash", [join(root, ".ci/run")], {
      encoding: "utf8",
      env: { PATH, TMPDIR: folder, CALLS: join(folder, "calls"), ...told },
    });
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    rmSync(join(folder, "calls"));
    return { status, calls, lastLine: stdout.trimEnd().split("\n").at(-1) };
  }

  const report = (counts: object) =>
    JSON.stringify({ numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [], ...counts });

  it("can be started, and stops at the first mistake of its own", () => {
    expect(statSync(join(root, ".ci/run")).mode & 0o111).toBe(0o111);
    expect(text).toMatch(/^#!\/usr\/bin\/env bash\n/);
    expect(text).toContain("set -euo pipefail");
  });

  it("names no registry", () => {
    expect(text).not.toMatch(/https?:|registry|\b[\w-]+\.(?:com|org|io|net|dev)\b/);
  });

  it("installs, verifies and tests, and insists on the engines in the tests alone", () => {
    const { status, calls, lastLine } = run({ REPORT: report({ numPassedTests: 7, numPendingTests: 2 }) });
    expect(calls).toEqual([
      "ci --no-audit --no-fund, engines: none",
      "run verify, engines: none",
      expect.stringMatching(/^test -- .*, engines: redis,postgres$/),
    ]);
    expect([status, lastLine]).toEqual([0, "7 passed, 0 failed, 2 skipped"]);
  });

  it("fails with the tests, and still ends with their figures", () => {
    const failing = {
      TEST_STATUS: "1",
      REPORT: report({ numPassedTests: 5, numFailedTests: 2, numTodoTests: 1 }),
    };
    expect(run(failing)).toMatchObject({ status: 1, lastLine: "5 passed, 2 failed, 1 skipped" });
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    [
      "a file that cannot be loaded",
      {
        TEST_STATUS: "1",
        REPORT: report({ numPassedTests: 5, testResults: [{ status: "failed", assertionResults: [] }] }),
      },
      "5 passed, 1 failed, 0 skipped",
    ],
    [
      "an error outside of every test",
      { TEST_STATUS: "1", REPORT: report({ numPassedTests: 5 }) },
      "5 passed, 1 failed, 0 skipped",
    ],
    [
      "a check",
      { VERIFY_STATUS: "1", REPORT: report({ numPassedTests: 5 }) },
      "5 passed, 1 failed, 0 skipped",
    ],
    ["a run of no test", { REPORT: "" }, "0 passed, 1 failed, 0 skipped"],
    ["no report", { TEST_STATUS: "1", REPORT: "" }, "0 passed, 1 failed, 0 skipped"],
    ["half a report", { TEST_STATUS: "1", REPORT: "{" }, "0 passed, 1 failed, 0 skipped"],
    ["an install", { CI_STATUS: "1" }, "0 passed, 1 failed, 0 skipped"],
  ])("%s that fails counts as one failed", (_what, told, lastLine) => {
    expect(run(told)).toMatchObject({ status: 1, lastLine });
  });
});

const npmStandIn = `#!/usr/bin/env bash
echo "$*, engines: \${REQUIRE_ENGINES:-none}" >> "$CALLS"
for argument in "$@"; do
  case "$argument" in --outputFile.json=*) printf %s "$REPORT" > "\${argument#*=}" ;; esac
done
case "$1" in
  ci) exit "\${CI_STATUS:-0}" ;;
  run) exit "\${VERIFY_STATUS:-0}" ;;
  test) exit "\${TEST_STATUS:-0}" ;;
esac
`;

import { spawn, spawnSync } from "node:child_process";
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
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

describe("docker-compose.yml", () => {
  const text = read("docker-compose.yml");
  const { services, volumes } = parse(text, { merge: true }) as {
    services: Readonly<Record<string, Service>>;
    volumes: Readonly<Record<string, unknown>>;
  };
  const { redis, postgres } = services;
  const relays = Object.entries(services).filter(([, service]) => service.build !== undefined);
  const graceMs = (service: Service | undefined) =>
    Number(/^(\d+)s$/.exec(service?.stop_grace_period ?? "")?.[1]) * 1_000;

  it("is one intake and one worker on Redis; PostgreSQL only where it is asked for", () => {
    const namesIn = (profile: string | undefined) =>
      Object.keys(services).filter((name) => services[name]?.profiles?.[0] === profile);
    expect(namesIn(undefined)).toEqual(["intake", "worker", "redis"]);
    expect(namesIn("postgres")).toEqual(["postgres-intake", "postgres-worker", "postgres"]);
    for (const [name, { depends_on: needs = {} }] of Object.entries(services)) {
      for (const needed of Object.keys(needs)) {
        expect(services[needed]?.profiles, `${name} needs ${needed}`).toEqual(services[name]?.profiles);
      }
    }
  });

  it("runs a Redis that persists, never evicts, and is waited for until it answers", () => {
    const options = redis?.command ?? [];
    const valueOf = (option: string) => options[options.indexOf(option) + 1];
    expect(valueOf("--appendonly")).toBe("yes");
    expect(valueOf("--appendfsync")).toBe("everysec");
    expect(valueOf("--maxmemory-policy")).toBe("noeviction");
    expect(redis?.image).toMatch(/^redis:[78]\./);
    expect(redis?.healthcheck?.test.join(" ")).toContain("PONG");
    expect(services["intake"]?.depends_on).toEqual({ redis: { condition: "service_healthy" } });
  });

  it("runs a PostgreSQL that is asked by TCP, as its set-up listens on a socket alone", () => {
    expect(Number(/^postgres:(\d+)/.exec(postgres?.image ?? "")?.[1])).toBeGreaterThanOrEqual(14);
    expect(postgres?.healthcheck?.test.join(" ")).toContain("pg_isready -h 127.0.0.1");
    const condition = { postgres: { condition: "service_healthy" } };
    expect(services["postgres-worker"]?.depends_on).toEqual(condition);
  });

  it.each([
    ["redis", "/data"],
    ["postgres", "/var/lib/postgresql/data"],
    ["intake", /\bDATA_DIR=(\S+)/.exec(read("Dockerfile"))?.[1]],
  ])("keeps what %s writes in a volume that is declared", (name, place) => {
    const [volume, path] = (services[name]?.volumes?.[0] ?? "").split(":");
    expect(path).toBe(place);
    expect(Object.keys(volumes)).toContain(volume);
  });

  it("holds no secret: they come from the file of settings, and an empty password is refused by its server", () => {
    for (const [name, service] of relays) expect(service.env_file, name).toBe(".env");
    const passwords = text.match(/.*(?:password|secret|token|_key)\w*: .*/gi) ?? [];
    expect(passwords.map((line) => line.trim())).toEqual(["POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-}"]);
    expect(postgres?.environment?.["POSTGRES_PASSWORD"]).toBe("${POSTGRES_PASSWORD:-}");
  });

  it.each(relays)("%s has settings that are valid, one store and one role", (name, service) => {
    const own = readConfig({ AELYST_API_TOKEN: "token", ...service.environment });
    const role = name.replace("postgres-", "");
    expect(own).toMatchObject({
      ok: true,
      config: { role, host: "0.0.0.0", store: { engine: name === role ? "redis" : "postgres" } },
    });
    const both = { REDIS_URL: "redis://mine:6379", DATABASE_URL: "postgres://mine/relay" };
    const over = readConfig({ AELYST_API_TOKEN: "token", ...both, ...service.environment });
    expect(over, "what is in .env takes no part").toEqual(own);
  });

  it("is reached from this machine alone, and by one port of the intake", () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    );
    const port = `\${BIND_ADDRESS:-127.0.0.1}:\${PORT:-${defaults().port}}:3000`;
    expect(published).toEqual([
      ["intake", port],
      ["postgres-intake", port],
    ]);
    expect(relays.map(([, { environment }]) => environment?.["PORT"])).toEqual(relays.map(() => "3000"));
  });

  it("lets workers be scaled: they have neither a port nor a name of their own", () => {
    for (const name of ["worker", "postgres-worker"]) {
      const keys = Object.keys(services[name] ?? {});
      expect(keys).not.toEqual(expect.arrayContaining(["ports"]));
      expect(keys).not.toEqual(expect.arrayContaining(["container_name"]));
    }
  });

  it("restarts all, and kills a relay only after its own deadline", () => {
    for (const [name, service] of Object.entries(services))
      expect(service.restart, name).toBe("unless-stopped");
    for (const [name, service] of relays) {
      expect(graceMs(service), name).toBeGreaterThan(defaults().shutdownTimeoutMs);
    }
  });

  it("gives a relay no right it does not need", () => {
    for (const [, service] of relays) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
      });
    }
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
    const major = Number(/^node:(\d+)-\w+-slim$/.exec(images[0] ?? "")?.[1]);
    expect(major % 2).toBe(0);
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    expect(major).toBeGreaterThanOrEqual(Number(/^>=(\d+)\./.exec(engines.node)?.[1]));
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
    expect(text).toMatch(/COPY package\.json package-lock\.json \.\/\nRUN npm ci /);
    expect(text).toContain("npm prune --omit=dev");
    expect(final).not.toContain("npm");
  });

  it("keeps the clients of the buses, each in the version that is tested", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
    const clients = Object.keys(manifest["peerDependencies"] ?? {});
    expect(clients).toContain("@nats-io/jetstream");
    const directory = mkdtempSync(join(tmpdir(), "relay-image-"));
    try {
      writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
      const [, script = ""] = /^RUN node -e "(.+)"$/m.exec(text) ?? [];
      expect(spawnSync(process.execPath, ["-e", script], { cwd: directory }).status).toBe(0);
      const kept = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as typeof manifest;
      for (const client of clients) {
        expect(kept["dependencies"]?.[client]).toBe(manifest["devDependencies"]?.[client]);
        expect(kept["devDependencies"]).not.toHaveProperty(client);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
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
    const routes = readdirSync(join(root, "src/http"))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => read(`src/http/${file}`));
    expect(routes.some((code) => code.includes(`.get("${route}"`))).toBe(true);
    expect(check).not.toMatch(/curl|wget/);
  });

  it("asks for its health in a way that tells an answer from none", async () => {
    const [, json = "[]"] = /CMD (\[.*\])$/.exec(instructions(final, "HEALTHCHECK")[0] ?? "") ?? [];
    const [command, ...args] = JSON.parse(json) as string[];
    expect(command).toBe("node");
    const ask = async (port: number) => {
      const env = { PORT: String(port) };
      const child = spawn(process.execPath, args, { env, stdio: "ignore" });
      return await new Promise((resolve) => child.once("close", resolve));
    };
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await ask(port)).toBe(0);
    status = 503;
    expect(await ask(port)).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(port)).toBe(1);
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
      env: { PATH, TMPDIR: folder, CALLS: join(folder, "calls"), STORMS_REPORT: noTests, ...told },
    });
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    rmSync(join(folder, "calls"));
    return { status, calls, lastLine: stdout.trimEnd().split("\n").at(-1) };
  }

  const report = (counts: object) =>
    JSON.stringify({ numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [], ...counts });

  const noTests = report({ numPassedTests: 0 });

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
      expect.stringMatching(/^run test:storms -- .*, engines: redis,postgres$/),
      expect.stringMatching(/^run test:nodes -- .*, engines: redis,postgres$/),
    ]);
    expect([status, lastLine]).toEqual([0, "7 passed, 0 failed, 2 skipped"]);
  });

  it("adds up what both runs of tests report, and runs the second one when the first one fails", () => {
    const told = {
      TEST_STATUS: "1",
      REPORT: report({ numPassedTests: 5, numFailedTests: 2, numTodoTests: 1 }),
      STORMS_STATUS: "1",
      STORMS_REPORT: report({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 2 }),
    };
    expect(run(told)).toMatchObject({ status: 1, lastLine: "8 passed, 3 failed, 3 skipped" });
  });

  it("a storms' report that cannot be read is one failed, beside the other's figures", () => {
    const told = { REPORT: report({ numPassedTests: 5 }), STORMS_STATUS: "1", STORMS_REPORT: "{" };
    expect(run(told)).toMatchObject({ status: 1, lastLine: "5 passed, 1 failed, 0 skipped" });
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
    [
      "another version of Node",
      { NODES_STATUS: "1", REPORT: report({ numPassedTests: 5 }) },
      "5 passed, 1 failed, 0 skipped",
    ],
    ["an install", { CI_STATUS: "1" }, "0 passed, 1 failed, 0 skipped"],
  ])("%s that fails counts as one failed", (_what, told, lastLine) => {
    expect(run(told)).toMatchObject({ status: 1, lastLine });
  });
});

const npmStandIn = `#!/usr/bin/env bash
echo "$*, engines: \${REQUIRE_ENGINES:-none}" >> "$CALLS"
for argument in "$@"; do
  case "$*" in "run test:storms"*) report=$STORMS_REPORT ;; *) report=$REPORT ;; esac
  case "$argument" in --outputFile.json=*) printf %s "$report" > "\${argument#*=}" ;; esac
done
case "$1 \${2:-}" in
  "ci "*) exit "\${CI_STATUS:-0}" ;;
  "run verify") exit "\${VERIFY_STATUS:-0}" ;;
  "test --") exit "\${TEST_STATUS:-0}" ;;
  "run test:storms") exit "\${STORMS_STATUS:-0}" ;;
  "run test:nodes") exit "\${NODES_STATUS:-0}" ;;
esac
`;

import { execFileSync, spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim().split("\n")[0] : undefined;
}

function commit() {
  try {
    const run = (...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
    return (
      run("rev-parse", "--short", "HEAD") + (run("status", "--porcelain", "src") === "" ? "" : " and changes")
    );
  } catch {
    return "unknown";
  }
}

/** How long a plain loop takes here: tells a slow hour of a shared machine from a quick one. */
function loopMs() {
  const startedAt = performance.now();
  let sum = 0;
  for (let index = 0; index < 1e8; index += 1) sum = (sum + index) | 0;
  return sum === 1 ? 0 : Math.round(performance.now() - startedAt);
}

/** What was set otherwise than usual. */
function settings() {
  return Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith("BENCH_") ? [`${name}=${value}`] : [],
  );
}

/** What has to be known to read the figures. */
export function machine(postgresVersion) {
  const words = process.argv.slice(2);
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    commit: commit(),
    command: [...settings(), "npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" "),
    cpu: `${cpus().length} × ${cpu?.model.trim() ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 1e9),
    loopMs: loopMs(),
    node: process.version,
    redis: /v=(\S+)/.exec(firstLine("redis-server", ["--version"]) ?? "")?.[1],
    postgres: postgresVersion,
  };
}

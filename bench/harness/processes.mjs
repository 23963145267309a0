// What is under test and what surrounds it, each a process of its own.
import { fork, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { secret } from "./orders.mjs";
import { end, freePort } from "./servers.mjs";

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

async function forked(name, env = {}) {
  const child = fork(pathOf(name), [], { env: { ...process.env, ...env }, serialization: "advanced" });
  const { port } = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { child, port };
}

export async function startLoad() {
  const child = fork(pathOf("./load.mjs"), [], { serialization: "advanced" });
  let jobs = 0;
  return {
    pid: child.pid,
    run: (job) =>
      new Promise((resolve) => {
        const id = ++jobs;
        const onMessage = (message) => {
          if (message.id !== id) return;
          child.off("message", onMessage);
          resolve(message.result);
        };
        child.on("message", onMessage);
        child.send({
          id,
          path: "/webhooks/shopify",
          connections: 32,
          perContact: 1,
          bytes: 1_000,
          from: 0,
          ...job,
        });
      }),
    stop: () => end(child),
  };
}

export async function startApi({ delayMs = 0 } = {}) {
  const { child, port } = await forked("./api.mjs", { API_DELAY_MS: String(delayMs) });
  const ask = async (path) => await (await fetch(`http://127.0.0.1:${port}/${path}`)).json();
  return {
    url: `http://127.0.0.1:${port}/v1`,
    figures: () => ask("_figures"),
    arrivals: () => ask("_arrivals"),
    holds: async () => new Map(await ask("_holds")),
    reset: () => ask("_reset"),
    stop: () => end(child),
  };
}

/** The relay as an operator starts it: `serve`, settings in the environment. */
export async function startRelay(settings, options = {}) {
  const {
    apiUrl = "http://127.0.0.1:9/v1",
    ceiling = 10_000,
    role = "all",
    directory,
    sourcesFile,
  } = options;
  const home = directory ?? mkdtempSync(join(tmpdir(), "relay-bench-"));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), pathOf("../../dist/main.js"), "serve"],
    {
      stdio: ["ignore", "ignore", "inherit"],
      cwd: home,
      env: {
        PATH: process.env.PATH,
        AELYST_API_TOKEN: "bench",
        AELYST_API_URL: apiUrl,
        AELYST_RATE_LIMIT: String(ceiling),
        ADMIN_TOKEN: "bench-admin-token",
        HOST: "127.0.0.1",
        PORT: String(port),
        LOG_LEVEL: "warn",
        SHOPIFY_WEBHOOK_SECRET: secret,
        DATA_DIR: join(home, "data"),
        ROLE: role,
        ...(sourcesFile === undefined ? {} : { SOURCES_FILE: sourcesFile }),
        ...settings,
      },
    },
  );
  const startedAt = performance.now();
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the relay ended with ${child.exitCode}`);
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (response?.status === 200) break;
    await wait(20);
  }
  return {
    port,
    home,
    pid: child.pid,
    readyMs: performance.now() - startedAt,
    kill: () => end(child, "SIGKILL"),
    async stop() {
      await end(child);
      if (directory === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A peer of `peers/`, its settings in the environment. */
export async function startPeer(name, env) {
  const { child, port } = await forked(`../peers/${name}.mjs`, { SECRET: secret, ...env });
  return { port, pid: child.pid, kill: () => end(child, "SIGKILL"), stop: () => end(child) };
}

/** Milliseconds of processor time that a process and its children have taken. */
function cpuMsOf(pid) {
  const stat = (id) => readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1).split(" ");
  let ticks = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = stat(id);
      if (Number(id) === pid || Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * 10;
}

/** The same of what is under test and of its store's server, per event: call it before, and the answer afterwards. */
export function startCpuMeter({ server }, { pid }) {
  const taken = () => [cpuMsOf(pid), server ? cpuMsOf(server.pid) : 0];
  const before = taken();
  return (events) => taken().map((ms, index) => ((ms - before[index]) * 1_000) / events);
}

/** Megabytes: the most the process has ever held, and what it holds. */
export function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const megabytes = (name) =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
    return { peak: megabytes("VmHWM"), now: megabytes("VmRSS") };
  } catch {
    return undefined;
  }
}

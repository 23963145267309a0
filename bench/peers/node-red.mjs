// Node-RED from npm, as one wires it up: an HTTP node, a function that proves the order, a request to the API, an answer.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { secret } from "../harness/orders.mjs";
import { end, freePort } from "../harness/servers.mjs";

const version = "4.1.15";
const home = join(tmpdir(), `relay-bench-node-red-${version}`);

const proveOrder = `
const given = Buffer.from(msg.req.headers["x-shopify-hmac-sha256"] || "", "base64");
const expected = crypto.createHmac("sha256", env.get("SECRET")).update(msg.payload).digest();
if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) {
  msg.statusCode = 401; msg.payload = {}; return [msg, null];
}
const order = JSON.parse(msg.payload.toString("utf8"));
const call = {
  method: "PUT",
  url: env.get("API_URL") + "/contact/email:" + encodeURIComponent(order.email),
  headers: { authorization: "Bearer bench", "content-type": "application/json" },
  payload: JSON.stringify({ firstName: order.customer.first_name, lastName: order.customer.last_name, email: order.email }),
};
msg.payload = { ok: true };
return [msg, call];`;

const flow = [
  { id: "tab", type: "tab", label: "orders" },
  {
    id: "in",
    type: "http in",
    z: "tab",
    url: "/webhooks/shopify",
    method: "post",
    skipBodyParsing: true,
    wires: [["prove"]],
  },
  {
    id: "prove",
    type: "function",
    z: "tab",
    func: proveOrder,
    outputs: 2,
    libs: [{ var: "crypto", module: "crypto" }],
    wires: [["out"], ["call"]],
  },
  { id: "out", type: "http response", z: "tab", wires: [] },
  { id: "call", type: "http request", z: "tab", method: "use", ret: "txt", wires: [[]] },
];

/** Undefined, with a line, where it cannot be installed. */
export function installNodeRed() {
  const main = join(home, "node_modules", "node-red", "red.js");
  if (!existsSync(main)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{"private":true}');
    const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", `node-red@${version}`];
    const { status, stderr } = spawnSync("npm", args, { cwd: home, encoding: "utf8" });
    if (status !== 0) {
      console.log(`  Node-RED: skipped, it could not be installed: ${stderr.trim().split("\n")[0]}`);
      return undefined;
    }
  }
  return main;
}

export async function startNodeRed(main, apiUrl) {
  const userDir = mkdtempSync(join(tmpdir(), "relay-bench-red-"));
  const port = await freePort();
  writeFileSync(join(userDir, "flows.json"), JSON.stringify(flow));
  writeFileSync(
    join(userDir, "settings.js"),
    `module.exports = { flowFile: "flows.json", uiPort: ${port}, uiHost: "127.0.0.1", httpAdminRoot: false,
      functionExternalModules: true, logging: { console: { level: "error" } } };`,
  );
  const child = spawn(process.execPath, [main, "--userDir", userDir], {
    stdio: "ignore",
    env: { ...process.env, SECRET: secret, API_URL: apiUrl },
  });
  for (let tries = 0; tries < 300; tries += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/webhooks/shopify`, {
      method: "POST",
      body: "{}",
    }).catch(() => undefined);
    if (response?.status === 401) break;
    await wait(100);
  }
  return {
    name: "Node-RED",
    port,
    pid: child.pid,
    kill: () => end(child, "SIGKILL"),
    async stop() {
      await end(child);
      rmSync(userDir, { recursive: true, force: true });
    },
  };
}

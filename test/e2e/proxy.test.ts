import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { proxyPassword, startConnectProxy, type ConnectProxy } from "../helpers/connect-proxy.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { finishCommand, startRelayProcess } from "../helpers/relay-process.ts";

/** An API behind TLS whose certificate only `NODE_EXTRA_CA_CERTS` makes known. */
let api: Server;
let host = "";
let puts: string[] = [];
let directory = "";
let proxy: ConnectProxy;
const file = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-proxy-"));
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", file("key"), "-out", file("crt")];
  execFileSync("openssl", [...request.split(" "), ...names, ...files], { stdio: "ignore" });
  api = createServer(
    { key: readFileSync(file("key")), cert: readFileSync(file("crt")) },
    (asked, response) => {
      if (asked.method === "PUT") puts.push(asked.url ?? "");
      response.end('{"contactId":7}');
    },
  );
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const address = api.address();
  host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
});
afterAll(async () => {
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  puts = [];
  proxy = await startConnectProxy();
});
afterEach(async () => await proxy.close());

const settings = (own: Record<string, string> = {}) => ({
  AELYST_API_TOKEN: "token",
  AELYST_API_URL: `https://${host}/v1`,
  FORM_KEY: "key",
  DATA_DIR: file("data"),
  HTTPS_PROXY: proxy.url,
  NODE_EXTRA_CA_CERTS: file("crt"),
  ...own,
});
const told = (text: string) =>
  text.includes(proxyPassword) || text.includes(encodeURIComponent(proxyPassword));

describe("check", () => {
  it("shows the proxy that the API is reached through, without its password", async () => {
    const { code, out, err } = await finishCommand(["check"], settings());
    expect(out).toContain(`answers (200) through the proxy ${proxy.origin};`);
    expect(code).toBe(0);
    expect(proxy.asked).toMatchObject([{ target: host }]);
    expect(told(out + err)).toBe(false);
  });

  it("shows none where NO_PROXY names the API", async () => {
    const { code, out } = await finishCommand(["check"], settings({ no_proxy: "127.0.0.1" }));
    expect(out).toContain("answers (200); the token is not tried");
    expect(code).toBe(0);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    ["a proxy that refuses", { https_proxy: "wrong" }, "proxy: HTTP 407"],
    ["an API whose certificate nobody knows", { NODE_EXTRA_CA_CERTS: "" }, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ])("says what is wrong with %s", async (_name, own: Record<string, string>, why) => {
    const wrong = own["https_proxy"] ? { https_proxy: proxy.url.replace("ada", "eve") } : own;
    const { code, out, err } = await finishCommand(["check"], settings(wrong));
    expect(out).toContain(`cannot be reached through the proxy ${proxy.origin}: ${why}`);
    expect(code).toBe(1);
    expect(told(out + err)).toBe(false);
  });
});

it("the relay delivers through a proxy over TLS, and says nothing of its password when it is gone", async () => {
  const relay = await startRelayProcess(settings({ LOG_LEVEL: "trace" }));
  try {
    const post = async (email: string) =>
      await fetchDocumented(`${relay.url}/webhooks/form?key=key`, {
        method: "POST",
        body: new URLSearchParams({ email, firstName: "Ada" }),
      });
    expect((await post("ada@example.com")).status).toBeLessThan(300);
    await expect.poll(() => puts, { timeout: 20_000 }).toEqual(["/v1/contact/email:ada%40example.com"]);
    expect(proxy.asked).toMatchObject([{ target: host }]);
    await proxy.close();
    expect((await post("eve@example.com")).status).toBeLessThan(300);
    await expect.poll(() => relay.output(), { timeout: 20_000 }).toContain("proxy: ");
  } finally {
    expect(await relay.end("SIGTERM")).toBe(0);
  }
  expect(told(relay.output())).toBe(false);
  expect(puts).toHaveLength(1);
});

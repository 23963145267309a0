import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { findChromium, startBrowser } from "./browser.ts";
import { signIn, takeSeat } from "./signed-in.ts";
import { adminToken, readToken } from "./stage.ts";

const chromium = findChromium();
const directory = mkdtempSync(join(tmpdir(), "relay-queues-"));
const names = ["embedded", "redis", "postgres"] as const;
const engines = new Map<EngineName, Awaited<ReturnType<typeof startEngine>>>();
for (const name of names) engines.set(name, await startEngine(name));

let sandbox: Sandbox;
let browser: Browser;
const running: RelayProcess[] = [];

beforeAll(async () => {
  // It refuses the relay's token, so that a wake-up waits.
  sandbox = await startSandbox({ token: "right", ratePerSecond: 0 });
  if (chromium !== undefined) browser = await startBrowser(chromium);
});

afterAll(async () => {
  for (const relay of running) await relay.end("SIGKILL");
  await browser?.close();
  await sandbox?.close();
  for (const engine of engines.values()) await engine?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(name: EngineName, more: Record<string, string>): Promise<RelayProcess> {
  const relay = await startRelayProcess({
    AELYST_API_TOKEN: "wrong",
    AELYST_API_URL: sandbox.url,
    FORM_KEY: "form-key",
    ADMIN_TOKEN: adminToken,
    ADMIN_READ_TOKEN: readToken,
    ...engines.get(name)?.settings(join(directory, name)),
    ...more,
  });
  running.push(relay);
  return relay;
}

async function cookieOf(relay: RelayProcess, token: string): Promise<string> {
  const answer = await fetch(`${relay.url}/console/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: relay.url, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token }).toString(),
  });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

const opened = async (relay: RelayProcess, cookie: string) => {
  const answer = await fetch(`${relay.url}/admin/audit`, { headers: { cookie } });
  const { items } = (await answer.json()) as { items: { action: string; target?: string }[] };
  return items.filter(({ action, target }) => action === "personal-data-shown" && target === "queues").length;
};

describe.skipIf(chromium === undefined)("Bull Board", { timeout: 120_000 }, () => {
  it("is not there where nobody has asked for it", async () => {
    const relay = await start("embedded", { DATA_DIR: join(directory, "without") });
    const cookie = await cookieOf(relay, adminToken);
    for (const path of ["", "/", "/api/queues", "/static/js/main.js"]) {
      const answer = await fetch(`${relay.url}/console/queues${path}`, { headers: { cookie } });
      expect(answer.status, path).toBe(404);
      expect(answer.headers.get("content-security-policy"), path).not.toContain("unsafe-inline");
    }
    const system = await fetch(`${relay.url}/console/system`, { headers: { cookie } });
    expect(await system.text()).not.toContain("/console/queues");
  });

  describe.each(names)("on %s", (name) => {
    it.skipIf(name !== "embedded" && engines.get(name) === undefined)(
      "shows an operator the jobs by its own policy alone, writes that down, and changes nothing",
      async () => {
        const relay = await start(name, { CONSOLE_QUEUES: "true" });
        const origin = relay.url;
        const posted = await fetch(`${origin}/webhooks/form`, {
          method: "POST",
          headers: { "x-webhook-key": "form-key", "content-type": "application/json" },
          body: JSON.stringify({ email: "ada@example.com", first_name: "Ada" }),
        });
        expect(posted.status).toBe(200);

        const [operator, viewer] = [await cookieOf(relay, adminToken), await cookieOf(relay, readToken)];
        const ask = async (path: string, cookie: string, method = "GET") =>
          await fetch(`${origin}/console/queues${path}`, {
            method,
            redirect: "manual",
            headers: { ...(cookie === "" ? {} : { cookie }), origin },
          });
        const paths = ["", "/", "/api/queues", "/static/js/main.js", "/trusted.js"];
        for (const path of paths) {
          const stranger = await ask(path, "");
          expect([stranger.status, (await stranger.text()).includes("Sign in")], path).toEqual([401, true]);
          expect((await ask(path, viewer)).status, path).toBe(403);
        }
        expect(await opened(relay, operator)).toBe(0);

        const seat = await takeSeat(browser, origin, { bypassCSP: false });
        await signIn(seat.page, origin);
        await seat.page.goto(`${origin}/console/system`);
        await seat.page.click("a[href='/console/queues']");
        await seat.page
          .locator("#root")
          .getByText(/contacts/)
          .first()
          .waitFor();
        interface Board {
          queues: { name: string; readOnlyMode: boolean; counts: Record<string, number> }[];
        }
        const board = async () => (await (await ask("/api/queues", operator)).json()) as Board;
        const waiting = async () => {
          const [queue] = (await board()).queues;
          return Object.values(queue?.counts ?? {}).reduce((sum, count) => sum + count, 0);
        };
        await until(async () => (await waiting()) > 0, 20_000, "the wake-up");
        const [queue, ...others] = (await board()).queues;
        expect(others).toEqual([]);
        expect(queue).toMatchObject({
          name: expect.stringContaining("contacts") as string,
          readOnlyMode: true,
        });
        const root = seat.page.locator("#root");
        const deep = `${origin}/console/queues/queue/${queue?.name ?? ""}?status=delayed`;
        expect((await seat.page.goto(deep))?.status()).toBe(200);
        await root.getByText("email:ada@example.com").first().waitFor();
        for (const part of ["Options", "Logs", "Data"]) {
          await root.getByText(part, { exact: true }).first().click();
          await seat.page.waitForLoadState("networkidle");
        }
        expect(seat.complaints).toEqual([]);
        expect(seat.foreign).toEqual([]);
        await seat.context.close();
        expect(await opened(relay, operator)).toBeGreaterThanOrEqual(2);

        const policy = (await ask("", operator)).headers.get("content-security-policy");
        const usual = (await fetch(`${origin}/console`, { headers: { cookie: operator } })).headers.get(
          "content-security-policy",
        );
        const loosened = usual
          ?.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
          .replace("base-uri 'none'", "base-uri 'self'");
        expect(policy).toBe(loosened);
        expect(policy).not.toBe(usual);

        const before = await waiting();
        for (const [method, path] of [
          ["PUT", `/api/queues/${queue?.name ?? ""}/pause`],
          ["PUT", `/api/queues/${queue?.name ?? ""}/empty`],
          ["PUT", `/api/queues/${queue?.name ?? ""}/obliterate`],
          ["POST", `/api/queues/${queue?.name ?? ""}/add`],
          ["DELETE", ""],
        ] as const) {
          expect((await ask(path, operator, method)).status, path).toBe(405);
          expect((await ask(path, viewer, method)).status, path).toBe(403);
        }
        expect(await waiting()).toBe(before);
      },
    );
  });
});

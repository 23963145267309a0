import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

let directory: string;
let sandbox: Sandbox;
let relay: RelayProcess;
let cookie: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-console-"));
  sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
  const workspace = { token: "api-token", url: sandbox.url };
  const form = (destination: string) => ({ provider: "form", key: "k", destination });
  const sources = {
    sources: { shop: form("acme"), club: form("other") },
    destinations: { acme: workspace, other: workspace },
  };
  writeFileSync(join(directory, "sources.yaml"), JSON.stringify(sources));
  relay = await startRelayProcess({
    SOURCES_FILE: join(directory, "sources.yaml"),
    ADMIN_TOKEN: "operator-token",
    DATA_DIR: join(directory, "data"),
  });
  const signedIn = await fetch(`${relay.url}/console/sign-in`, {
    method: "POST",
    headers: { origin: relay.url },
    body: new URLSearchParams({ token: "operator-token" }),
    redirect: "manual",
  });
  cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
});
afterAll(async () => {
  await relay?.end("SIGKILL");
  await sandbox?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function page(path: string): Promise<{ status: number; html: string }> {
  const answer = await fetch(`${relay.url}${path}`, { headers: { cookie } });
  return { status: answer.status, html: await answer.text() };
}

/** An address within a page, as a browser would read it. */
function linkIn(html: string, pattern: RegExp): string {
  const [, link = ""] = pattern.exec(html) ?? [];
  return link.replaceAll("&amp;", "&");
}

it("with several workspaces every page shows all or one of them, and links lead into the right one", async () => {
  for (const source of ["shop", "club"]) {
    const answer = await fetch(`${relay.url}/webhooks/${source}?key=k`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ first_name: `Of the ${source}`, email: "ada@example.com" }),
    });
    expect(answer.status).toBe(200);
  }
  await until(
    async () => (await page("/console/events?q=state:completed")).html.split("data-open").length === 3,
    30_000,
    "both",
  );
  for (const path of ["", "/events", "/contacts", "/parked", "/sources", "/playground", "/system"]) {
    const { status, html } = await page(`/console${path}`);
    expect(status, path).toBe(200);
    expect(html, path).toContain("All destinations");
  }
  expect((await page("/console")).html).toContain("Nothing parked needs a person.");
  const unreadable = await fetch(`${relay.url}/webhooks/club?key=k`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ first_name: "Ada", email: "no address" }),
  });
  expect(unreadable.status).toBe(200);
  // The first workspace has nothing parked.
  await until(
    async () => /1 item parked: unreadable-identifier/.test((await page("/console")).html),
    30_000,
    "what the second workspace has parked",
  );
  expect((await page("/console")).html).not.toContain("Nothing parked needs a person.");
  const one = await page("/console/events?destination=acme");
  expect(one.html).toContain(">shop<");
  expect(one.html).not.toContain(">club</td>");
  const all = await page("/console/events");
  const contact = await page(linkIn(all.html, /href="(\/console\/contacts\/[^"]*destination=other[^"]*)"/));
  expect(contact.status).toBe(200);
  expect(contact.html).toContain("firstName");
  const event = await page(linkIn(all.html, /href="(\/console\/events\/evt_[^"]*)"/));
  expect(event.status).toBe(200);
  const replay = await page(linkIn(event.html, /href="(\/console\/events\/[^"]*\/replay[^"]*)"/));
  expect(replay.html).toContain("fields of");
});

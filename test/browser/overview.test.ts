import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { findChromium, startBrowser } from "./browser.ts";
import { signIn, takeSeat, type Seat } from "./signed-in.ts";
import { adminToken } from "./stage.ts";

const chromium = findChromium();

describe.skipIf(chromium === undefined)("the overview", { timeout: 60_000 }, () => {
  let directory: string;
  let sandbox: Sandbox;
  let relay: RelayProcess;
  let browser: Browser;
  let seat: Seat;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "relay-overview-"));
    sandbox = await startSandbox({ token: "another-token", ratePerSecond: 0 });
    const sources = {
      sources: {
        shop: { provider: "form", key: "k" },
        club: { provider: "form", key: "k" },
        leads: { provider: "form", key: "k" },
      },
    };
    writeFileSync(join(directory, "sources.yaml"), JSON.stringify(sources));
    relay = await startRelayProcess({
      AELYST_API_TOKEN: "a-token-that-is-refused",
      AELYST_API_URL: sandbox.url,
      SOURCES_FILE: join(directory, "sources.yaml"),
      ADMIN_TOKEN: adminToken,
      DATA_DIR: join(directory, "data"),
    });
    browser = await startBrowser(chromium ?? "");
    seat = await takeSeat(browser, relay.url);
    await signIn(seat.page, relay.url);
  });
  afterAll(async () => {
    await browser?.close();
    await relay?.end("SIGKILL");
    await sandbox?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const post = async (key: string, number: number) =>
    await fetch(`${relay.url}/webhooks/shop?key=${key}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ first_name: "Ada", email: `ada-${number}@example.com` }),
    });

  it("tells at once and in its place what has happened, what comes next and what a person can do", async () => {
    const { page, complaints } = seat;
    await page.goto(`${relay.url}/console`);
    const sentence = page.locator("[data-live='|sentence']");
    expect(await sentence.textContent()).toBe("The API takes what it is sent.");
    expect(await page.locator("[data-needs] li").count()).toBe(0);
    for (let number = 0; number < 8; number += 1) expect((await post("k", number)).status).toBe(200);
    expect((await post("wrong", 0)).status).toBe(401);
    await until(
      async () =>
        /^The API has refused our token since \d\d:\d\d UTC; next probe (in \d+ s|now)\. Set a token that it accepts\. Nothing is lost: 8 contacts wait\.$/.test(
          (await sentence.textContent()) ?? "",
        ),
      20_000,
      "the sentence to change",
    );
    expect(await page.textContent("[data-live='|state']")).toBe("unauthorized");
    expect(await page.locator("[data-live='|state']").getAttribute("class")).toContain("bad");
    expect(await page.textContent("[data-live='|done']")).toContain("nobody knows");
    expect(await page.textContent("[data-live='|contactsAge']")).toMatch(/^oldest /);
    // The numbers are asked for every ten seconds.
    await until(
      async () => (await page.textContent("[data-live='|accepted']")) !== "0 a minute",
      30_000,
      "the rate to change",
    );
    const need = page.locator("[data-needs] li");
    await need.waitFor();
    expect(await need.textContent()).toContain("The API refuses the token: nothing is delivered");
    await need.getByRole("link").click();
    await page.waitForURL(/\/console\/runbook#the-api-answers-401-or-403$/);
    expect(await page.textContent(":target")).toBe("The API answers 401 or 403");
    expect(complaints).toEqual([]);
  });

  it("says when something was parked since it was made", async () => {
    const { page, complaints } = seat;
    await page.goto(`${relay.url}/console`);
    const more = page.locator("[data-parked]");
    expect(await more.isVisible()).toBe(false);
    const unreadable = await fetch(`${relay.url}/webhooks/leads?key=k`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ first_name: "Ada", email: "no address" }),
    });
    expect(unreadable.status).toBe(200);
    await more.waitFor({ state: "visible", timeout: 20_000 });
    await more.getByRole("link").click();
    await page.waitForURL(/\/console\/parked$/);
    expect(complaints).toEqual([]);
  });

  it("is whole without script: rates, answers by class, sources with their last event and refused signatures", async () => {
    const plain = await takeSeat(browser, relay.url, {
      javaScriptEnabled: false,
      storageState: await seat.context.storageState(),
    });
    const { page } = plain;
    await until(
      async () => {
        await page.goto(`${relay.url}/console`);
        return (await page.textContent("[data-live='source shop|refused']")) === "1";
      },
      20_000,
      "the numbers to be written",
    );
    expect(await page.textContent("[data-live='|accepted']")).toMatch(/^\d+(\.\d)? a minute$/);
    expect(await page.textContent("[data-live='|mapped']")).not.toBe("0 a minute");
    const answer = page.locator("[data-when='|answers 401/403']");
    expect(await answer.isVisible()).toBe(true);
    expect(await answer.textContent()).toContain("100 %");
    expect(await page.locator("[data-when='|answers 200']").isVisible()).toBe(false);
    expect(await page.textContent("[data-live='source shop|total']")).toBe("8");
    expect(await page.textContent("[data-live='source shop|last']")).toMatch(/ ago$/);
    expect(await page.textContent("[data-live='source club|last']")).toBe("none kept");
    expect(await page.locator("[data-spark='shop']").getAttribute("d")).toMatch(/^M0 19L.*96 1$/);
    expect(await page.textContent("[data-needs]")).toContain("refuses the token");
    expect(plain.complaints).toEqual([]);
    await plain.context.close();
  });
});

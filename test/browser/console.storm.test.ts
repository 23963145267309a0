import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../helpers/relay-process.ts";
import { findChromium, startBrowser } from "./browser.ts";
import { writeOver } from "./editors.ts";
import { findings } from "./findings.ts";
import { signIn, takeSeat, type Seat } from "./signed-in.ts";
import { openConsoleStage, readToken, type ConsoleStage } from "./stage.ts";

const chromium = findChromium();

let stage: ConsoleStage;
let browser: Browser;
let origin: string;

const paths = () => ({
  overview: "",
  events: "/events",
  "a query": "/events?q=source:shop+type:form_*+since:24h",
  event: `/events/${stage.ids.older}`,
  "event with personal data": `/events/${stage.ids.lead}?personal=shown`,
  replay: `/events/${stage.ids.lead}/replay`,
  contacts: "/contacts",
  contact: "/contacts/phone:+60123456789",
  parked: "/parked",
  "one group": `/parked?group=${stage.ids.group}`,
  "one parked": `/parked/${stage.ids.ignored}`,
  replays: "/replays",
  sources: "/sources",
  source: "/sources/shop",
  playground: `/playground?event=${stage.ids.lead}`,
  system: "/system",
  reference: "/reference",
  runbook: "/runbook",
});

async function open(page: Page, path: string): Promise<string> {
  const answer = await page.goto(`${origin}/console${path}`);
  return (await answer?.text()) ?? "";
}

describe.skipIf(chromium === undefined)("the console", { timeout: 60_000 }, () => {
  let operator: Seat;

  beforeAll(async () => {
    [stage, browser] = await Promise.all([openConsoleStage(), startBrowser(chromium ?? "")]);
    origin = stage.relay.url;
    operator = await takeSeat(browser, origin, { bypassCSP: false });
    await signIn(operator.page, origin);
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  it("shows every page to an operator without a violation of its policy, and asks nobody else for anything", async () => {
    const { page, complaints, foreign } = operator;
    for (const [name, path] of Object.entries(paths())) {
      await open(page, path);
      expect(await page.locator("h1").count(), name).toBe(1);
      expect(await page.locator("main .trouble").count(), name).toBe(0);
    }
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
  });

  it("keeps to 30 KB of HTML and 20 KB of compressed script on its lists", async () => {
    const { page } = operator;
    for (let count = 0; count < 60; count += 1) {
      const lead = {
        first_name: "Lead",
        email: `lead-${count}@example.com`,
        phone: `+6012345${1_000 + count}`,
      };
      await stage.post("newsletter", lead);
    }
    await until(
      async () => (await open(page, "/events?q=source:newsletter+state:waiting")).includes("No event fits"),
      30_000,
      "the leads to be mapped",
    );
    await open(page, "/events");
    expect(await page.locator("[data-row]").count()).toBe(50);
    // The overview draws its plot.
    const budgets = { "/events": 20_000, "/parked": 20_000, "/sources": 20_000, "": 45_000 };
    for (const [path, scriptMax] of Object.entries(budgets)) {
      const scripts: number[] = [];
      const count = async (body: Promise<Buffer>) => void scripts.push(gzipSync(await body).length);
      const pending: Promise<void>[] = [];
      const listen = (answer: { url(): string; body(): Promise<Buffer> }) => {
        if (answer.url().endsWith(".js")) pending.push(count(answer.body()));
      };
      page.on("response", listen);
      const html = await open(page, path);
      await page.waitForLoadState("networkidle");
      page.off("response", listen);
      await Promise.all(pending);
      expect(Buffer.byteLength(html), path).toBeLessThan(30_000);
      expect(
        scripts.reduce((sum, size) => sum + size, 0),
        path,
      ).toBeLessThan(scriptMax);
    }
  });

  it("masks personal data until it is asked for, and writes down that it was", async () => {
    const { page } = operator;
    const masked = await open(page, `/events/${stage.ids.lead}`);
    expect(masked).not.toMatch(/augusta@example|Lovelace|60123456789/);
    const told = () => stage.relay.output().split("personal-data-shown").length;
    const before = told();
    await page.click("[data-show-personal]");
    await page.waitForURL(/personal=shown/);
    expect(await page.textContent("main")).toMatch(/Lovelace[\s\S]*augusta@example\.com/);
    expect(told()).toBe(before + 1);
    expect(stage.relay.output()).not.toContain("augusta@example.com");
  });

  it("follows a masked contact from its event to its fields and back to the event that set them", async () => {
    const { page } = operator;
    await open(page, `/events/${stage.ids.lead}`);
    await page.click("h3 a");
    expect(await page.textContent("h1")).toContain("phone:+60•••89");
    const setBy = await page
      .locator("section[aria-labelledby=applied] tbody tr", { hasText: "Plan" })
      .locator("a")
      .textContent();
    expect(setBy).toBe(stage.ids.lead);
    expect(await page.textContent("section[aria-labelledby=requests]")).toContain("applied");
  });

  it("lights up where a field came from, and what a value became", async () => {
    const { page } = operator;
    await open(page, `/events/${stage.ids.lead}`);
    await page.click("section[aria-labelledby=fields] tr:has-text('Plan') td a");
    expect(await page.textContent(":target")).toContain("plan");
    await page.click(":target a");
    expect(await page.textContent(":target")).toContain("Plan");
  });

  it("finds by a query, tells what it does not understand, and finds types by a pattern", async () => {
    const { page } = operator;
    await open(page, "/events?q=state:failed");
    expect(await page.locator("[data-row]").count()).toBe(6);
    await open(page, "/events?q=source:shop+type:form_*");
    expect(await page.locator("[data-row]").count()).toBeGreaterThanOrEqual(3);
    await open(page, "/events?q=nonsense+state:sleeping");
    expect(await page.locator("main .trouble").count()).toBe(2);
    await open(page, "/events?q=source:shop&contact=");
    await page.fill("[data-find]", "+60 12-345 6789");
    await page.press("[data-find]", "Enter");
    await page.waitForURL(/\/contacts\//);
    await page.fill("[data-find]", stage.ids.lead);
    await page.press("[data-find]", "Enter");
    await page.waitForURL(`${origin}/console/events/${stage.ids.lead}`);
  });

  it("says of a link that outlives its subject why nothing is there", async () => {
    const { page } = operator;
    await open(page, "/events/evt_01KG8Z3V0QX5M7N2B4C6D8E9FA");
    expect(await page.textContent("main")).toContain("Retention over");
    await open(page, "/events/evt_none");
    expect(await page.textContent("main")).toContain("No event has this id");
    await open(page, "/parked/dlv_12.0");
    expect(await page.textContent("main")).toContain("any more");
    await open(page, "/contacts/email:nobody@example.com");
    expect(await page.textContent("main")).toContain("Nothing is known");
  });

  it("collects what is new instead of moving rows, and pauses by key", async () => {
    const { page } = operator;
    await open(page, "/events?q=source:shop");
    const rows = await page.locator("[data-row]").count();
    await stage.post("shop", { first_name: "Grace", email: "grace@example.com" });
    await page.getByRole("button", { name: "1 new" }).waitFor();
    expect(await page.locator("[data-row]").count()).toBe(rows);
    await page.keyboard.press(".");
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await page.getByRole("button", { name: "1 new" }).click();
    await until(async () => (await page.locator("[data-row]").count()) === rows + 1, 15_000, "the new row");
  });

  it("changes the numbers of the overview in their places", async () => {
    const { page } = operator;
    await open(page, "");
    const done = page.locator("[data-live='|completed']");
    const before = Number(await done.textContent());
    await stage.post("shop", { first_name: "Edsger", email: "edsger@example.com" });
    await until(async () => Number(await done.textContent()) > before, 15_000, "the number to change");
  });

  it("tries a map on a recorded event as one types, and on the last real ones", async () => {
    const { page, complaints } = operator;
    await open(page, `/playground?event=${stage.ids.lead}&personal=shown`);
    await writeOver(page, "map", "custom_fields:\n  Shouted: $uppercase(first_name)\n");
    await page.getByText("ADA", { exact: true }).first().waitFor();
    await writeOver(page, "map", "custom_fields:\n  Broken: $uppercase(\n");
    await page.locator("[data-result] .trouble").waitFor();
    await writeOver(page, "map", "custom_fields:\n  Plan: fi");
    await page.keyboard.type("r");
    await page.locator("[data-editor=map] [role=listbox]").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.inputValue("#map")).toContain("Plan: first_name");
    await page.getByRole("button", { name: /over the last/ }).click();
    await page.getByText("Changed", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("can be used by the keyboard alone", async () => {
    const { page } = operator;
    await open(page, "/events?q=source:newsletter");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/console\/events\/evt_/);
    await page.keyboard.press("/");
    await page.keyboard.type("state:failed");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=state/);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("playg");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/console\/playground/);
  });

  it("replays an event with its difference first", async () => {
    const { page } = operator;
    await open(page, `/events/${stage.ids.older}/replay`);
    expect(await page.textContent("main")).toContain("0 fields of");
    expect(await page.textContent("main")).toContain("loses to a newer event");
    await page.getByRole("button", { name: "Replay this event" }).click();
    await page.waitForURL(/said=replayed/);
    expect(await page.textContent("[role=status]")).toContain("mapped again");
    const { replay } = (await (await stage.admin(`/events/${stage.ids.older}`)).json()) as { replay: number };
    expect(replay).toBe(1);
  });

  it("shows every process on the store, this one among them", async () => {
    const { page } = operator;
    await open(page, "/system");
    const row = page.locator("section[aria-labelledby=replicas] tbody tr");
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toMatch(
      new RegExp(`/${stage.relay.pid} \\(this one\\)all.*[0-9a-f]{12}`),
    );
  });

  it("sends a signed sample, which becomes an event", async () => {
    const { page } = operator;
    await open(page, "/sources/shop");
    await page.getByRole("button", { name: "Send it" }).click();
    expect(await page.textContent("main")).toContain("The relay answered 200");
    await page.locator("main a.id").click();
    await page.waitForURL(/\/console\/events\/evt_/);
  });

  it("acknowledges a group until something new comes, mutes it for as long as is said, and opens it again", async () => {
    const { page } = operator;
    const main = async () => (await page.textContent("main")) ?? "";
    await open(page, "/parked");
    await page.getByRole("button", { name: "Acknowledge" }).click();
    expect(await page.textContent("[role=status]")).toContain("Acknowledged");
    expect(await main()).toContain("Nothing parked needs a person.");
    expect(await open(page, "")).toContain("Nothing parked needs a person.");
    await open(page, "/parked");
    const folded = page.locator("details.folded summary");
    expect(await folded.textContent()).toBe("Acknowledged or muted: 1 group, 6 items");
    await folded.focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("details.folded").textContent()).toContain("by operator");

    await stage.post("newsletter", { first_name: "Lead 7", phone: "12 347", campaign: "autumn" });
    await stage.parked(7);
    const opened = await open(page, "/parked");
    expect(opened).not.toContain('<details class="folded"');
    expect(await main()).toContain("open again since something new was parked in it");

    await page.click("main h2 a");
    await page.getByLabel("Note").fill("the form is mended <b>on Monday</b>");
    await page.getByLabel("Mute for how long").selectOption("7");
    await page.getByRole("button", { name: "Mute", exact: true }).click();
    expect(await page.textContent("[role=status]")).toContain("Muted");
    await page.click("details.folded summary");
    expect(await page.locator("details.folded").textContent()).toMatch(
      /muted by operator, .* until .*: the form is mended <b>on Monday<\/b>/,
    );
    const viewer = await takeSeat(browser, origin);
    await signIn(viewer.page, origin, readToken);
    expect(await open(viewer.page, "/parked")).toContain("by operator");
    expect(await viewer.page.locator("main form[method=post]").count()).toBe(0);
    await viewer.context.close();

    await page.getByRole("button", { name: "Open again" }).click();
    expect(await page.textContent("[role=status]")).toContain("Open again.");
    expect(await main()).toContain("7 items: unreadable-identifier");
    const [newest] = ((await (await stage.admin("/failures?limit=1")).json()) as { items: { id: string }[] })
      .items;
    await stage.admin(`/failures/${newest?.id ?? ""}`, "DELETE");
    await stage.parked(6);
    const { items } = (await (await stage.admin("/audit?limit=20")).json()) as {
      items: { action: string }[];
    };
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["acknowledge", "mute", "open"]),
    );
  });

  it("retries the chosen, drops only when sure, and retries all of a group", async () => {
    const { page } = operator;
    await open(page, "/parked");
    await page.click("main h2 a");
    await page.waitForURL(/group=/);
    // The keys are there with the script of the page.
    await page.waitForLoadState("networkidle");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByRole("button", { name: "Drop the chosen" }).click();
    expect(await page.textContent("h1")).toContain("Drop 1 item for good?");
    await stage.parked(6);
    await page.getByRole("button", { name: "Drop 1 item" }).click();
    expect(await page.textContent("[role=status]")).toContain("Dropped for good: 1.");
    await stage.parked(5);
    await page.getByRole("button", { name: "Retry all 5" }).click();
    expect(await page.textContent("[role=status]")).toContain("Taken up again: 5.");
    await stage.parked(5);
  });

  it("finds nothing to complain of for those who cannot see or point, on any page, light and dark", async () => {
    const seat = await takeSeat(browser, origin, {
      bypassCSP: true,
      storageState: await operator.context.storageState(),
    });
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await seat.page.emulateMedia({ colorScheme });
      // The colours are the same wherever they are used: these pages use all of them.
      const inDark = ["overview", "events", "event", "playground", "system"];
      for (const [name, path] of Object.entries(paths())) {
        if (colorScheme === "dark" && !inDark.includes(name)) continue;
        await open(seat.page, path);
        found.push(
          ...(await findings(seat.page, colorScheme === "light" ? "all" : "of colours")).map(
            (one) => `${name}, ${colorScheme}: ${one}`,
          ),
        );
      }
    }
    expect(found).toEqual([]);
    await seat.context.close();
  });

  it("fits a phone, and a window at 200 %", async () => {
    const storageState = await operator.context.storageState();
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 640, height: 450 },
    ]) {
      const seat = await takeSeat(browser, origin, { viewport, storageState });
      for (const [name, path] of Object.entries(paths())) {
        await open(seat.page, path);
        const beyond = await seat.page.evaluate<number>(
          "document.documentElement.scrollWidth - window.innerWidth",
        );
        expect(beyond, `${name} at ${viewport.width}`).toBeLessThanOrEqual(0);
      }
      await seat.context.close();
    }
  });

  it("reads, retries and signs out without script", async () => {
    const seat = await takeSeat(browser, origin, { javaScriptEnabled: false });
    await signIn(seat.page, origin);
    for (const [name, path] of Object.entries(paths())) {
      const html = await open(seat.page, path);
      expect(html, name).toContain("<h1>");
    }
    await open(seat.page, "/parked");
    await seat.page.getByRole("button", { name: /^Retry all/ }).click();
    expect(await seat.page.textContent("[role=status]")).toContain("Taken up again");
    await seat.page.getByRole("button", { name: "Sign out" }).click();
    await seat.page.waitForURL(/sign-in/);
    await open(seat.page, "/events");
    expect(await seat.page.locator("#token").count()).toBe(1);
    await seat.context.close();
  });

  it("lets a viewer read, masked, and do nothing", async () => {
    const seat = await takeSeat(browser, origin);
    await signIn(seat.page, origin, readToken);
    for (const [name, path] of Object.entries(paths())) {
      const html = await open(seat.page, path);
      expect(html, name).not.toMatch(/Lovelace|augusta@example\.com/);
      expect(await seat.page.locator("main form[method=post]").count(), name).toBe(0);
    }
    const statuses = await seat.page.evaluate(async (id) => {
      const post = async (path: string) => (await fetch(path, { method: "POST" })).status;
      return [
        await post(`/admin/events/${id}/replay`),
        await post("/admin/failures/retry"),
        await post("/console/parked/act"),
        await post("/console/parked/mark"),
        await post("/admin/failures/groups/e000000000000"),
      ];
    }, stage.ids.lead);
    expect(statuses).toEqual([403, 403, 403, 403, 403]);
    expect(seat.complaints).toEqual([]);
    await seat.context.close();
  });

  it("opens a link from another site to somebody who is signed in", async () => {
    const { page } = operator;
    const elsewhere = origin.replace("127.0.0.1", "localhost");
    await page.goto(`${elsewhere}/healthz`);
    const to = `${origin}/console/events/${stage.ids.lead}`;
    await page.setContent(`<a href="${to}">the event</a>`);
    await page.click("text=the event");
    await page.locator("h1", { hasText: stage.ids.lead }).waitFor();
  });

  it("erases a contact only when its whole reference is typed", async () => {
    const { page } = operator;
    await open(page, `/events/${stage.ids.lead}`);
    await page.click("h3 a");
    await page.fill("#typed", "phone:+60123456780");
    await page.getByRole("button", { name: "Erase this contact" }).click();
    expect(await page.textContent("main [role=alert]")).toContain("Nothing was erased");
    await page.fill("#typed", "phone:+60123456789");
    await page.getByRole("button", { name: "Erase this contact" }).click();
    await page.locator("h1", { hasText: "Erased" }).waitFor();
    await open(page, `/events/${stage.ids.lead}?personal=shown`);
    expect(await page.textContent("main")).toContain("Erased: what this event told was deleted");
    expect(await page.textContent("main")).not.toContain("Lovelace");
  });

  it("signs out for good: the cookie that somebody has taken lets nobody in", async () => {
    const { page, context } = operator;
    const [cookie] = await context.cookies(origin);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    const taken = { cookie: `${cookie?.name}=${cookie?.value}` };
    await until(
      async () => (await fetch(`${origin}/admin/status`, { headers: taken })).status === 200,
      5_000,
      "the cookie to work",
    );
    await open(page, "");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/sign-in/);
    expect((await fetch(`${origin}/admin/status`, { headers: taken })).status).toBe(401);
    expect((await fetch(`${origin}/console`, { headers: taken })).status).toBe(401);
  });
});

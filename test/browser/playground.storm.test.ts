import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../helpers/relay-process.ts";
import { findChromium, startBrowser } from "./browser.ts";
import { editorOf, writeOver } from "./editors.ts";
import { findings } from "./findings.ts";
import { signIn, takeSeat, type Seat } from "./signed-in.ts";
import { openConsoleStage, type ConsoleStage } from "./stage.ts";

const chromium = findChromium();

let stage: ConsoleStage;
let browser: Browser;
let origin: string;
let operator: Seat;

async function open(page: Page): Promise<void> {
  await page.goto(`${origin}/console/playground?personal=shown`);
  await editorOf(page, "map").waitFor();
}

/** What the map's editor marks, line by line. */
async function marked(page: Page, field: "map" | "pasted"): Promise<string[]> {
  return await page.locator(`[data-editor=${field}] .cm-line:has(.cm-lintRange-error)`).allTextContents();
}

describe.skipIf(chromium === undefined)("the playground's editors", { timeout: 60_000 }, () => {
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

  it("come in 160 KB of compressed script, with the playground and with no other page", async () => {
    const { page } = operator;
    const asked = new Set<string>();
    page.on("request", (request) => asked.add(new URL(request.url()).pathname));
    const chunks = () => [...asked].filter((path) => /\/editor-[^/]+\.js$/.test(path));
    for (const path of ["", "/events", "/parked", "/sources/shop", "/system"]) {
      await page.goto(`${origin}/console${path}`);
      await page.waitForLoadState("networkidle");
    }
    expect(chunks()).toEqual([]);
    await open(page);
    expect(chunks()).toHaveLength(1);
    const script = await (await fetch(`${origin}${chunks()[0] ?? ""}`)).arrayBuffer();
    const size = gzipSync(new Uint8Array(script)).length;
    expect(size).toBeGreaterThan(20_000);
    expect(size).toBeLessThan(160_000);
  });

  it("mark what the relay finds wrong at its line, and take the mark back when it is right", async () => {
    const { page, complaints } = operator;
    await open(page);
    await writeOver(page, "pasted", '{ "first_name": "Ada", "plan": "pro" }');
    await writeOver(page, "map", "firstName: first_name\ncustom_fields:\n  Plan: $uppercase(\n");
    await until(async () => (await marked(page, "map")).length > 0, 10_000, "the mark");
    expect(await marked(page, "map")).toEqual(["  Plan: $uppercase("]);
    await page.locator("[data-editor=map] .cm-lintRange-error").hover();
    const tooltip = await page.locator("[data-editor=map] .cm-tooltip-lint").textContent();
    expect(tooltip).toContain("custom_fields.Plan");
    await page.mouse.move(0, 0);
    await writeOver(page, "map", "custom_fields:\n  Plan: $uppercase(plan)\n");
    await page.getByText("PRO", { exact: true }).first().waitFor();
    expect(await marked(page, "map")).toEqual([]);
    await writeOver(page, "pasted", '{\n  "first_name": "Ada",\n  "plan": pro\n}');
    await until(async () => (await marked(page, "pasted")).length > 0, 10_000, "the payload's mark");
    expect(await marked(page, "pasted")).toEqual(['  "plan": pro']);
    expect(complaints).toEqual([]);
  });

  it("complete names of fields and what a map may name in what is pasted", async () => {
    const { page } = operator;
    await open(page);
    await writeOver(page, "pasted", '{ "who": { "E-mail address": "a@b.example" } }');
    await page.getByText("no-identifier").first().waitFor();
    const list = page.locator("[data-editor=map] [role=listbox]");
    await writeOver(page, "map", "");
    await page.keyboard.type("ema");
    await list.waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type(" who");
    await list.waitFor();
    await page.keyboard.press("Enter");
    expect(await page.inputValue("#map")).toBe("email: who.`E-mail address`");
    await page.getByText("a@b.example").first().waitFor();
  });

  it("colour an expression within the YAML, and write over what is selected", async () => {
    const { page } = operator;
    await open(page);
    await writeOver(page, "map", 'email: $lowercase("A@b.example")\nphone: { value: x, type: text }');
    const classOf = async (text: string) =>
      await page.locator("[data-editor=map] .cm-line span", { hasText: text }).last().getAttribute("class");
    expect(await classOf("$lowercase")).toBeTruthy();
    expect(await classOf('"A@b.example"')).toBeTruthy();
    expect(await classOf("$lowercase")).not.toBe(await classOf('"A@b.example"'));
    await page.keyboard.press("Control+a");
    await page.keyboard.type("q");
    expect(await page.inputValue("#map")).toBe("q");
  });

  it("can be left by the keyboard: Tab writes until Escape was pressed, and their names say so", async () => {
    const { page } = operator;
    await open(page);
    const editor = editorOf(page, "map");
    await writeOver(page, "map", "email: mail");
    await page.keyboard.press("Home");
    await page.keyboard.press("Tab");
    expect(await page.inputValue("#map")).toBe("  email: mail");
    const inEditor = async () => await editor.evaluate((at) => at.matches(":focus"));
    expect(await inEditor()).toBe(true);
    await page.keyboard.press("Escape");
    expect(await inEditor()).toBe(true);
    await page.keyboard.press("Tab");
    expect(await inEditor()).toBe(false);
    expect(await page.locator("button:focus").textContent()).toBe("Try it");
    await page.keyboard.press("Shift+Tab");
    expect(await inEditor()).toBe(true);
    expect(await editor.getAttribute("aria-label")).toBe(
      "As it stands below a source, in YAML. Escape, then Tab, leaves the editor.",
    );
    expect(await editor.getAttribute("role")).toBe("textbox");
    await page.locator("label[for=map]").click();
    expect(await inEditor()).toBe(true);
  });

  it("keep the keys of the page to themselves, and undo what was written", async () => {
    const { page } = operator;
    await open(page);
    await writeOver(page, "map", "");
    await page.keyboard.type("j/?.x");
    expect(await page.locator("dialog[open]").count()).toBe(0);
    expect(await page.inputValue("#map")).toBe("j/?.x");
    await page.keyboard.press("Control+z");
    expect(await page.inputValue("#map")).not.toBe("j/?.x");
  });

  it("send what was written, and show it again with the problems of the answer", async () => {
    const { page } = operator;
    await open(page);
    await writeOver(page, "pasted", '{ "first_name": "Ada" }');
    await writeOver(page, "map", "email: first_name\nphone: $number(\n");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.waitForLoadState();
    await editorOf(page, "map").waitFor();
    expect(await page.inputValue("#map")).toBe("email: first_name\nphone: $number(\n");
    expect(await marked(page, "map")).toEqual(["phone: $number("]);
  });

  it.each(["light", "dark"] as const)(
    "have nothing to complain of for those who cannot see, %s",
    async (scheme) => {
      const seat = await takeSeat(browser, origin, {
        bypassCSP: true,
        colorScheme: scheme,
        storageState: await operator.context.storageState(),
      });
      await open(seat.page);
      await writeOver(seat.page, "pasted", '{ "first_name": "Ada", "count": 3, "is": true }');
      await writeOver(seat.page, "map", '# a note\nfirstName: $uppercase(first_name) & "x"\nemail: fir');
      expect(await findings(seat.page, "all")).toEqual([]);
      await seat.page.keyboard.type("s");
      await seat.page.locator("[data-editor=map] [role=listbox]").waitFor();
      expect(await findings(seat.page, "all")).toEqual([]);
      const colourOf = (place: string) =>
        seat.page.evaluate<string>(`getComputedStyle(document.${place}).color`);
      const content = "querySelector('[data-editor=map]').shadowRoot.querySelector('.cm-content')";
      const colour = await colourOf(content);
      expect(colour).toMatch(/^rgb/);
      expect(colour).toBe(await colourOf("body"));
      await seat.context.close();
    },
  );

  it("are text fields without script, which do the same", async () => {
    const seat = await takeSeat(browser, origin, {
      javaScriptEnabled: false,
      storageState: await operator.context.storageState(),
    });
    await seat.page.goto(`${origin}/console/playground?personal=shown`);
    expect(await seat.page.locator("[data-editor]").count()).toBe(0);
    await seat.page.fill("#pasted", '{ "first_name": "Ada" }');
    await seat.page.fill("#map", "firstName: $uppercase(first_name)");
    await seat.page.getByRole("button", { name: "Try it" }).click();
    expect(await seat.page.textContent("main")).toContain("ADA");
    await seat.context.close();
  });

  it("have broken no rule of the page's policy", () => {
    expect(operator.complaints).toEqual([]);
    expect(operator.foreign).toEqual([]);
  });
});

import type { Browser, BrowserContext, Page } from "playwright-core";
import { adminToken } from "./stage.ts";

export interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser has complained of: violations of the policy, errors of script. */
  readonly complaints: readonly string[];
  /** What it has asked for that is not of this relay. */
  readonly foreign: readonly string[];
}

type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** A browser of its own, which notes everything that should not happen. */
export async function takeSeat(
  browser: Browser,
  origin: string,
  options: ContextOptions = {},
): Promise<Seat> {
  const context = await browser.newContext({ timezoneId: "Asia/Kuala_Lumpur", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on("console", (message) => {
    const text = message.text();
    // A status that is no success is what some pages are about.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) complaints.push(text);
  });
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) foreign.push(request.url());
  });
  page.on("dialog", (dialog) => {
    complaints.push(`a page has opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, complaints, foreign };
}

export async function signIn(page: Page, origin: string, token = adminToken): Promise<void> {
  await page.goto(`${origin}/console/sign-in`);
  await page.fill("#token", token);
  await page.press("#token", "Enter");
  await page.waitForURL(`${origin}/console`);
}

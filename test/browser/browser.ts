import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const own = process.env["TEST_CHROMIUM"];

/** Where a Chromium is, or why the tests of the console are skipped: one line that everybody sees. */
export function findChromium(): string | undefined {
  const found = [...(own === undefined ? [] : [own]), ...places].find((place) => existsSync(place));
  if (found !== undefined) return found;
  const line =
    "SKIPPED: the console's tests need a Chromium (apt-get install chromium, or TEST_CHROMIUM=<its path>)";
  if (process.env["REQUIRE_BROWSER"] === "chromium") throw new Error(line);
  process.stderr.write(`${line}\n`);
  return undefined;
}

/** With an empty profile, and asking nobody outside for anything. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-gpu",
    ],
  });
}

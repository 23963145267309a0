// Writes docs/console/*.png: the console with made-up data, light, dark and on a phone. It needs a Chromium.
//
//   npm run screenshots
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs/console");
const main = join(root, "dist/main.js");
const chromiumPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const directory = mkdtempSync(join(tmpdir(), "relay-screenshots-"));
const [port, sandboxPort] = [39_310, 39_311];
const relayUrl = `http://127.0.0.1:${port}`;
const token = "made-up-token";
const waitMs = 60_000;

const sources = {
  shop: {
    provider: "form",
    key: "k",
    map: {
      custom_fields: {
        Plan: { value: "plan", type: "list", options: ["free", "pro"] },
        "Last order": "order",
      },
    },
    examples: [
      {
        name: "an order with a plan",
        payload: { first_name: "Ada", email: "ada@example.com", plan: "pro" },
        expect: { firstName: "Ada", email: "ada@example.com", custom_fields: { Plan: "pro" } },
      },
    ],
  },
  newsletter: { provider: "form", key: "k", map: { custom_fields: { Campaign: "campaign" } } },
};

const children = [];

function start(args, env) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
}

async function until(holds, what) {
  const end = Date.now() + waitMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function post(source, fields) {
  const headers = { "x-webhook-key": "k", "content-type": "application/json" };
  const answer = await fetch(`${relayUrl}/webhooks/${source}`, {
    method: "POST",
    headers,
    body: JSON.stringify(fields),
  });
  return (await answer.json()).id;
}

async function admin(path) {
  const answer = await fetch(`${relayUrl}/admin${path}`, { headers: { authorization: `Bearer ${token}` } });
  return await answer.json();
}

async function fill() {
  const people = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Margaret", "Alan", "Frances"];
  for (const [index, name] of people.entries()) {
    const email = `${name.toLowerCase()}@example.com`;
    await post("shop", { first_name: name, email, plan: "free", order: `A-10${index}` });
    if (index % 2 === 0) await post("newsletter", { first_name: name, email, campaign: "spring" });
  }
  const shown = await post("shop", {
    first_name: "Ada",
    last_name: "Lovelace",
    email: "ada@example.com",
    plan: "pro",
    order: "A-200",
  });
  for (let index = 0; index < 4; index += 1)
    await post("newsletter", { first_name: "Lead", phone: `12 34${index}` });
  await post("newsletter", { campaign: "spring" });
  await until(async () => (await admin("/failures")).items.length === 4, "the parked");
  await until(async () => {
    const { contacts } = (await admin("/status")).queues;
    return contacts.waiting + contacts.active + contacts.delayed === 0;
  }, "the deliveries");
  // They are written every few seconds.
  await until(async () => (await admin("/numbers")).total.delivered > 0, "the numbers");
  return shown;
}

async function shoot(shown) {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  const desk = { width: 1200, height: 760 };
  const phone = { width: 390, height: 760 };
  const shots = [
    { name: "overview-light", path: "", colorScheme: "light", viewport: desk },
    { name: "event-light", path: `/events/${shown}?personal=shown`, colorScheme: "light", viewport: desk },
    { name: "parked-dark", path: "/parked", colorScheme: "dark", viewport: desk },
    { name: "events-phone", path: "/events", colorScheme: "light", viewport: phone },
  ];
  mkdirSync(folder, { recursive: true });
  for (const { name, path, colorScheme, viewport } of shots) {
    const page = await browser.newPage({ viewport, colorScheme, timezoneId: "Asia/Kuala_Lumpur" });
    await page.goto(`${relayUrl}/console/sign-in`);
    await page.fill("#token", token);
    await page.press("#token", "Enter");
    await page.waitForURL(`${relayUrl}/console`);
    await page.goto(`${relayUrl}/console${path}`);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.close();
  }
  await browser.close();
}

try {
  if (chromiumPath === undefined) throw new Error("there is no Chromium: apt-get install chromium");
  writeFileSync(join(directory, "sources.yaml"), JSON.stringify({ sources }));
  start(["sandbox", "--port", String(sandboxPort), "--rate", "0", "--json"], {});
  start(["serve"], {
    HOST: "127.0.0.1",
    PORT: String(port),
    AELYST_API_TOKEN: "sandbox",
    AELYST_API_URL: `http://127.0.0.1:${sandboxPort}/v1`,
    SOURCES_FILE: join(directory, "sources.yaml"),
    ADMIN_TOKEN: token,
    DATA_DIR: join(directory, "data"),
    LOG_LEVEL: "silent",
  });
  await until(async () => (await fetch(`${relayUrl}/readyz`)).ok, "the relay");
  await shoot(await fill());
} finally {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(children.map((child) => new Promise((resolve) => child.once("close", resolve))));
  rmSync(directory, { recursive: true, force: true });
}

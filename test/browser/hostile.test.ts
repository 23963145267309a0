import { request as httpRequest } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, startBrowser } from "./browser.ts";
import { signIn, takeSeat } from "./signed-in.ts";
import { adminToken, openConsoleStage, readToken, type ConsoleStage } from "./stage.ts";

const chromium = findChromium();

let stage: ConsoleStage;
let browser: Browser | undefined;
let origin: string;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With headers that `fetch` would not send. */
async function ask(
  path: string,
  method: string,
  headers: Record<string, string>,
  body = "",
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = httpRequest(`${origin}${path}`, { method, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const formType = { "content-type": "application/x-www-form-urlencoded" };

async function session(token = adminToken, headers: Record<string, string> = {}): Promise<string> {
  const own = { ...formType, origin, ...headers };
  const answer = await ask("/console/sign-in", "POST", own, new URLSearchParams({ token }).toString());
  return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
}

beforeAll(async () => {
  stage = await openConsoleStage();
  origin = stage.relay.url;
  browser = chromium === undefined ? undefined : await startBrowser(chromium);
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

describe("a page of another origin", () => {
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "not an origin" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    {},
  ];

  it.each(foreign)(
    "changes nothing with the operator's cookie, in the API or by a form: %j",
    async (headers) => {
      const cookie = await session();
      const replay = `/events/${stage.ids.older}/replay`;
      for (const path of [
        `/admin${replay}`,
        `/console${replay}`,
        "/console/parked/act",
        "/console/parked/mark",
        "/admin/failures/groups/e000000000000",
        "/admin/failures/retry",
        "/console/sign-out",
      ]) {
        const answer = await ask(path, "POST", { cookie, ...formType, ...headers }, "act=retry&scope=group");
        expect(answer.status, path).toBe(403);
      }
      expect((await ask("/admin/contacts/phone:+60123456789", "DELETE", { cookie, ...headers })).status).toBe(
        403,
      );
      const { replay: count } = (await (await stage.admin(`/events/${stage.ids.older}`)).json()) as {
        replay: number;
      };
      expect(count).toBe(0);
      expect((await ask("/admin/status", "GET", { cookie })).status).toBe(200);
    },
  );

  it("cannot sign anybody in, and is not what a proxy's own host is", async () => {
    const body = new URLSearchParams({ token: adminToken }).toString();
    const elsewhere = { ...formType, origin: "https://evil.example" };
    expect((await ask("/console/sign-in", "POST", elsewhere, body)).status).toBe(403);
    const proxied = { ...formType, origin: "https://relay.example", "x-forwarded-host": "relay.example" };
    const answer = await ask("/console/sign-in", "POST", proxied, body);
    expect(answer.status).toBe(303);
    expect(String(answer.headers["set-cookie"])).toMatch(
      /^__Host-contact-relay=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    );
  });

  it("is never where a sign-in leads to", async () => {
    for (const to of [
      "https://evil.example",
      "//evil.example",
      "/console\\..\\evil",
      "/consoles",
      "javascript:1",
    ]) {
      const body = new URLSearchParams({ token: adminToken, to }).toString();
      const answer = await ask("/console/sign-in", "POST", { ...formType, origin }, body);
      expect(answer.headers["location"], to).toBe("/console");
    }
  });
});

describe("a cookie", () => {
  it("that was changed, made up or is another role's lets nobody in", async () => {
    const cookie = await session(readToken);
    const [name = "", text = ""] = cookie.split("=");
    const [, expires = "", id = "", proof = ""] = text.split(".");
    const forged = [
      `operator.${expires}.${id}.${proof}`,
      `viewer.${Number(expires) + 1}.${id}.${proof}`,
      `viewer.${expires}.${"A".repeat(22)}.${proof}`,
      `viewer.${expires}.${id}.${"A".repeat(43)}`,
      `viewer.${expires}.${id}.`,
      "operator",
      "",
    ];
    for (const one of forged) {
      expect((await ask("/admin/status", "GET", { cookie: `${name}=${one}` })).status, one).toBe(401);
      expect((await ask("/console/events", "GET", { cookie: `${name}=${one}` })).status, one).toBe(401);
    }
    expect((await ask("/admin/status", "GET", { cookie })).status).toBe(200);
  });

  it("that somebody has taken is worth nothing after the sign-out, and others' go on", async () => {
    const [taken, other] = [await session(), await session()];
    expect((await ask("/console/sign-out", "POST", { cookie: taken, origin })).status).toBe(303);
    expect((await ask("/admin/status", "GET", { cookie: taken })).status).toBe(401);
    expect((await ask("/console", "GET", { cookie: taken })).status).toBe(401);
    expect((await ask("/admin/status", "GET", { cookie: other })).status).toBe(200);
  });
});

describe("a viewer", () => {
  it("is given masked answers by the API itself, whose references can still be followed", async () => {
    const headers = { authorization: `Bearer ${readToken}` };
    const answer = await ask(`/admin/events/${stage.ids.lead}`, "GET", headers);
    expect(answer.text).not.toMatch(/Lovelace|augusta|60123456789/);
    const { updates } = JSON.parse(answer.text) as { updates: { contact: string }[] };
    const contact = await ask(
      `/admin/contacts/${encodeURIComponent(updates[0]?.contact ?? "")}`,
      "GET",
      headers,
    );
    expect(contact.status).toBe(200);
    expect(contact.text).toContain(stage.ids.lead);
    expect(contact.text).not.toContain("60123456789");
    const listed = await ask(
      `/admin/events?contact=${encodeURIComponent(updates[0]?.contact ?? "")}`,
      "GET",
      headers,
    );
    expect(listed.text).toContain(stage.ids.older);
    const unasked = await ask(`/admin/events/${stage.ids.lead}?personal=shown`, "GET", headers);
    expect(unasked.text).not.toContain("Lovelace");
  });

  it("is told in a plain word that writing needs the other token", async () => {
    const headers = { authorization: `Bearer ${readToken}` };
    const writes = [
      ["POST", `/events/${stage.ids.lead}/replay`],
      ["POST", "/failures/retry"],
      ["DELETE", "/contacts/phone:+60123456789"],
      ["POST", "/preview"],
    ] as const;
    for (const [method, path] of writes) {
      const answer = await ask(`/admin${path}`, method, headers);
      expect(answer.status, path).toBe(403);
      expect(answer.text).toContain("reading alone");
    }
  });
});

describe("every answer of the console", () => {
  it("has a policy without any inline script or style, is not kept, and is shown in no frame", async () => {
    const cookie = await session();
    for (const path of [
      "/console",
      "/console/events",
      "/console/sign-in",
      "/console/nowhere",
      `/console/events/${stage.ids.lead}`,
    ]) {
      const { headers, text } = await ask(path, "GET", { cookie });
      const policy = String(headers["content-security-policy"]);
      expect(policy, path).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy, path).toContain("frame-ancestors 'none'; require-trusted-types-for 'script'");
      expect(policy, path).not.toMatch(/unsafe|nonce|\*/);
      expect(headers, path).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
      });
      expect(text, path).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/);
    }
  });

  it("is not there for strangers, but for the way in and what is in the package anyway", async () => {
    for (const path of [
      "/console",
      "/console/events",
      `/console/events/${stage.ids.lead}`,
      "/console/system",
      "/console/nowhere",
    ]) {
      const { status, text } = await ask(path, "GET", {});
      expect(status, path).toBe(401);
      expect(text).not.toMatch(/form_submission|newsletter|operator</);
    }
    const page = await ask("/console", "GET", {});
    const [script = ""] = /\/console\/assets\/[\w-]+\.js/.exec(page.text) ?? [];
    const { headers, status } = await ask(script, "GET", {});
    expect(status).toBe(200);
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    for (const path of ["manifest.json", "..%2fapp.js", "nothing.js"]) {
      expect((await ask(`/console/assets/${path}`, "GET", {})).status, path).toBe(404);
    }
  });
});

describe.skipIf(chromium === undefined)("what senders write", { timeout: 60_000 }, () => {
  it("never runs: not in a payload's keys or values, a query, a name or a message", async () => {
    if (!browser) return;
    const seat = await takeSeat(browser, origin);
    await signIn(seat.page, origin);
    const evil = encodeURIComponent(`"><script>document.title='owned'</script>`);
    const paths = [
      `/events/${stage.ids.hostile}?personal=shown`,
      `/events/${stage.ids.hostile}`,
      `/events/${stage.ids.hostile}/replay?personal=shown`,
      `/playground?event=${stage.ids.hostile}&personal=shown`,
      `/contacts/email:mallory@example.com?personal=shown`,
      `/events?q=${evil}`,
      `/events/${evil}`,
      `/contacts/${evil}`,
      `/parked/${evil}`,
      `/parked?group=${evil}&said=${evil}`,
      `/sources/${evil}`,
      `/replays/${evil}`,
      `/find?q=${evil}&what=contact`,
      `/sign-in?to=${evil}`,
      `/events?destination=${evil}&cursor=${evil}`,
    ];
    for (const path of paths) {
      await seat.page.goto(`${origin}/console${path}`);
      expect(await seat.page.title(), path).not.toBe("owned");
      expect(await seat.page.locator("img, script:not([src])").count(), path).toBe(0);
    }
    expect(seat.complaints).toEqual([]);
    expect(seat.foreign).toEqual([]);
    await seat.context.close();
  });
});

describe("a sign-out", () => {
  it("outlives the process: killed and started anew, the relay refuses the cookie, and takes others'", async () => {
    const [ended, other] = [await session(), await session()];
    await ask("/console/sign-out", "POST", { cookie: ended, origin });
    await stage.restart();
    origin = stage.relay.url;
    expect((await ask("/admin/status", "GET", { cookie: ended })).status).toBe(401);
    expect((await ask("/admin/status", "GET", { cookie: other })).status).toBe(200);
  });
});

// At last, because it brakes everybody who does not know the token.
describe("a thousand guesses", () => {
  it("are refused, all but ten of them unread, while the right token is let in", async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 1_000; count += 1) {
      const body = new URLSearchParams({ token: `guess-${count}` }).toString();
      statuses.push((await ask("/console/sign-in", "POST", { ...formType, origin }, body)).status);
    }
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(990);
    const cookie = await session();
    expect((await ask("/console", "GET", { cookie })).status).toBe(200);
    expect((await ask("/admin/status", "GET", { authorization: "Bearer guess" })).status).toBe(429);
  });
});

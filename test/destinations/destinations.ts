import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { isLong } from "../helpers/length.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const waitMs = 60_000;
const adminToken = "agency-admin";
const names = ["refusing", "limiting", "behind", "fine"] as const;
type Name = (typeof names)[number];

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What is promised of several workspaces in one relay, on real processes and a strict sandbox for each. */
export async function destinationGuarantees(name: EngineName): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());

  describe.skipIf(!engine)(`${name}, several workspaces`, { timeout: 4 * waitMs }, () => {
    let directory = "";
    let env: Record<string, string> = {};
    let sandboxes: Record<Name | "default", Sandbox>;
    let relay: RelayProcess | undefined;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), "relay-agency-"));
      const sandbox = (token: string) => startSandbox({ token, ratePerSecond: 0, customFields: {} });
      sandboxes = {
        refusing: await sandbox("another-token"),
        limiting: await sandbox("token-limiting"),
        behind: await sandbox("token-behind"),
        fine: await sandbox("token-fine"),
        default: await sandbox("token-default"),
      };
      const destinations = names.map((one) => {
        const rate = one === "behind" ? 2 : 25;
        return `  ${one}: { token: token-${one}, url: "${sandboxes[one].url}", rate: ${rate} }`;
      });
      const sources = names.map((one) => `  ${one}: { provider: form, key: k, destination: ${one} }`);
      const file = join(directory, "sources.yaml");
      const own = [
        "  own: { provider: form, key: k, map: { custom_fields: { Plan: plan } } }",
        "  alike: { provider: form, key: k, destination: fine, map: { custom_fields: { Plan: plan } } }",
      ].join("\n");
      writeFileSync(
        file,
        `destinations:\n${destinations.join("\n")}\nsources:\n${sources.join("\n")}\n${own}\n`,
      );
      env = {
        AELYST_API_TOKEN: "token-default",
        AELYST_API_URL: sandboxes.default.url,
        SOURCES_FILE: file,
        ADMIN_TOKEN: adminToken,
        AUTH_PROBE_MS: "2000",
        ...engine?.settings(directory),
      };
      relay = await startRelayProcess(env);
      await until(async () => (await ask("/readyz")).status === 200, waitMs, "the relay to be ready");
    });

    afterEach(async () => {
      await relay?.end("SIGKILL");
      for (const sandbox of Object.values(sandboxes)) await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    });

    async function ask(path: string, method = "GET", question?: object): Promise<Answer> {
      const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
      const body = question === undefined ? null : JSON.stringify(question);
      const answer = await fetchDocumented(`${relay?.url ?? ""}${path}`, { method, headers, body });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    }

    async function post(source: string, fields: object): Promise<void> {
      const answer = await fetchDocumented(`${relay?.url ?? ""}/webhooks/${source}?key=k`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(fields),
      });
      expect(answer.status).toBe(200);
    }

    it("one refuses the token, one limits, one is far behind: the others' events arrive as if alone", async () => {
      sandboxes.limiting.fault({ status: 429, retryAfter: "120", times: 1 });
      const backlog = isLong ? 2_000 : 300;
      const senders = Array.from({ length: 8 }, async (_, sender) => {
        for (let n = sender; n < backlog; n += 8) await post("behind", { email: `behind${n}@example.com` });
      });
      await Promise.all(senders);
      for (const one of ["refusing", "limiting"]) await post(one, { email: "ada@example.com" });
      await until(() => sandboxes.limiting.requests().length > 0, waitMs, "a 429");
      await until(() => sandboxes.refusing.requests().length > 0, waitMs, "a 401");
      const lateMs: number[] = [];
      for (let n = 0; n < 20; n += 1) {
        const email = `fine${n}@example.com`;
        const postedAt = Date.now();
        await post(n % 2 === 0 ? "fine" : "own", { email, first_name: "Ada" });
        const { fine, default: own } = sandboxes;
        const there = () => (n % 2 === 0 ? fine : own).contact(`email:${email}`) !== undefined;
        await until(there, waitMs, `${email} to arrive`, 5);
        lateMs.push(Date.now() - postedAt);
      }
      expect(sandboxes.behind.contacts().length).toBeLessThan(backlog);
      // Held up by one of the others, each would wait for a probe, a pause or the backlog: many seconds.
      expect(lateMs.sort((a, b) => a - b)[10]).toBeLessThan(1_500);
      const { body } = await ask("/readyz");
      expect(body["destinations"]).toMatchObject({
        refusing: { upstream: { state: "unauthorized" } },
        limiting: { upstream: { state: "limited" } },
        behind: { upstream: { state: "ok", ceiling: 2 } },
        fine: { upstream: { state: "ok", ceiling: 25 } },
        default: { upstream: { state: "ok", ceiling: 10 } },
      });
      const metrics = await fetch(`${relay?.url}/metrics`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      const text = await metrics.text();
      expect(text).toMatch(/^relay_api_requests_total\{status="401",[^}]*destination="refusing"\} [1-9]/m);
      expect(text).toMatch(/^relay_pause_seconds\{reason="limited",destination="limiting"\} [1-9]/m);
      expect(text).toMatch(/^relay_pause_seconds\{reason="limited",destination="fine"\} 0/m);
    });

    it("the same reference in two workspaces is two contacts, everywhere", async () => {
      await post("fine", { email: "ada@example.com", first_name: "Ada" });
      await post("own", { email: "ada@example.com", first_name: "Grace", plan: "gold" });
      const firstName = (one: "fine" | "default") =>
        sandboxes[one].contact("email:ada@example.com")?.fields["firstName"];
      await until(() => firstName("fine") === "Ada" && firstName("default") === "Grace", waitMs, "both");
      const contact = (query: string) => ask(`/admin/contacts/email:ada@example.com${query}`);
      const parked = async () => (await ask("/admin/failures")).body["items"] as Record<string, unknown>[];
      await until(async () => (await parked()).length === 1, waitMs, "the field that no workspace has");
      expect((await contact("")).status).toBe(400);
      expect((await contact("?destination=nobody")).status).toBe(404);
      expect((await contact("?destination=behind")).status).toBe(404);
      expect((await contact("?destination=fine")).body).toMatchObject({ applied: { firstName: {} } });

      const events = (await ask("/admin/events?limit=1")).body;
      expect(events["items"]).toMatchObject([{ source: "own", destination: "default" }]);
      let cursor = String(events["next"]);
      const seen: unknown[] = [];
      while (cursor !== "null") {
        const { status, body } = await ask(`/admin/events?limit=1&cursor=${encodeURIComponent(cursor)}`);
        expect(status).toBe(200);
        seen.push(...(body["items"] as Record<string, unknown>[]).map(({ destination }) => destination));
        cursor = String(body["next"]);
      }
      expect(seen).toEqual(["fine"]);
      expect((await ask("/admin/events?cursor=nobody:x")).status).toBe(400);

      const [failure] = await parked();
      const { id } = failure as { id: string };
      expect(failure).toMatchObject({ destination: "default", fields: ["custom_fields.Plan"] });
      expect((await ask(`/admin/failures/${id}`)).body).toMatchObject({ id, destination: "default" });
      expect((await ask(`/admin/failures/${id}?destination=fine`)).status).toBe(404);
      const groups = (await ask("/admin/failures/groups")).body["items"] as { key: string }[];
      expect(groups).toMatchObject([{ destination: "default", count: 1, sample: id, state: "open" }]);
      const group = `/admin/failures/groups/${groups[0]?.key ?? ""}`;
      const muted = { state: "muted" };
      expect((await ask(group)).status).toBe(400);
      expect((await ask(group, "POST", muted)).status).toBe(400);
      expect((await ask(`${group}?destination=fine`, "POST", muted)).status).toBe(404);
      expect((await ask(`${group}?destination=default`, "POST", muted)).body).toMatchObject(muted);
      expect((await ask("/admin/failures/groups?state=open")).body["items"]).toEqual([]);
      expect((await ask("/admin/failures/retry", "POST")).body).toEqual({ status: "retried", retried: 1 });
      expect((await ask("/admin/status")).body["destinations"]).toMatchObject({ fine: {}, default: {} });

      const question = { source: "fine", payload: { email: "ada@example.com" } };
      for (const query of ["", "?destination=fine"]) {
        expect((await ask(`/admin/preview${query}`, "POST", question)).body).toMatchObject({ updates: [{}] });
      }
      expect((await ask("/admin/sources")).body["items"]).toHaveLength(6);
      const head = { method: "HEAD", headers: { authorization: `Bearer ${adminToken}` } };
      expect((await fetch(`${relay?.url}/admin/events`, head)).status).toBe(200);
      const [event] = events["items"] as { id: string }[];
      expect((await ask(`/admin/events/${event?.id}`)).body).toMatchObject({ destination: "default" });
      expect((await ask(`/admin/events/${event?.id}/replay`, "POST")).status).toBe(200);
      expect((await ask("/admin/events/evt_none/replay", "POST")).status).toBe(404);

      const erased = await ask("/admin/contacts/email:ada@example.com?destination=fine", "DELETE");
      expect(erased.body).toMatchObject({ status: "erased", events: 1 });
      expect((await contact("?destination=fine")).status).toBe(404);
      expect((await contact("?destination=default")).status).toBe(200);

      const audited = await ask("/admin/audit?destination=fine");
      expect(audited.body["items"]).toMatchObject([{ action: "erase" }]);
      const replay = { action: "replay", destination: "default" };
      expect((await ask("/admin/audit?limit=500")).body["items"]).toMatchObject([
        replay,
        { action: "retry-all", detail: "1 retried: 1 of default" },
        { action: "mute", destination: "default" },
      ]);
      const accepted = async (query: string) => {
        const { total } = (await ask(`/admin/numbers${query}`)).body as { total?: { accepted: number } };
        return total?.accepted ?? 0;
      };
      await until(async () => (await accepted("")) === 2, waitMs, "the numbers of both");
      expect(await accepted("?destination=fine")).toBe(1);

      const show = (...more: string[]) =>
        finishCommand(["contact", "show", "email:ada@example.com", ...more], { ...env, ...address() });
      expect((await show("--destination", "default")).out).toContain('"firstName"');
      expect((await show("--destination", "fine")).code).toBe(1);
      const { code, err } = await show();
      expect(code).toBe(2);
      expect(err).toContain("--destination: there are default, refusing, limiting, behind, fine");
    });

    it("an id that two workspaces have parked is dropped and retried in the one that is named, else in none", async () => {
      const ada = { email: "ada@example.com", first_name: "Ada", plan: "gold" };
      for (const source of ["alike", "own"]) await post(source, ada);
      const parkedIn = async (destination: string) => {
        const { body } = await ask(`/admin/failures?destination=${destination}`);
        return (body["items"] as { id: string }[]).map((item) => item.id);
      };
      const parked = async () => [await parkedIn("default"), await parkedIn("fine")];
      await until(async () => (await parked()).flat().length === 2, waitMs, "one parked item in each");
      const [[id = ""] = []] = await parked();
      expect(await parked(), "deliveries are numbered by each workspace for itself").toEqual([[id], [id]]);
      const path = `/admin/failures/${id}`;
      for (const [method, to] of [
        ["GET", path],
        ["DELETE", path],
        ["POST", `${path}/retry`],
      ] as const) {
        const { status, body } = await ask(to, method);
        expect([method, status]).toEqual([method, 400]);
        expect(JSON.stringify(body)).toContain("default and in fine. Say whose is meant: ?destination=");
      }
      expect(await parked()).toEqual([[id], [id]]);
      expect((await ask(`${path}?destination=fine`, "DELETE")).status).toBe(200);
      expect(await parked()).toEqual([[id], []]);

      const signIn = await fetch(`${relay?.url}/console/sign-in`, {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin" },
        body: new URLSearchParams({ token: adminToken }),
        redirect: "manual",
      });
      const cookie = signIn.headers.get("set-cookie")?.split(";")[0] ?? "";
      const page = await fetch(`${relay?.url}/console/parked/${id}`, { headers: { cookie } });
      expect(await page.text()).toContain('<input type="hidden" name="of" value="default"/>');
      expect((await ask(path, "DELETE")).status).toBe(200);
      expect(await parked()).toEqual([[], []]);
      expect((await ask(path, "DELETE")).status).toBe(404);
    });

    it("a replay by a filter belongs to one workspace, which has to be named", async () => {
      await post("fine", { email: "ada@example.com" });
      await post("own", { email: "ada@example.com" });
      await until(async () => (await ask("/readyz")).status === 200, waitMs, "the relay to be ready");
      const question = { filter: { type: "form_submission" }, share: 1 };
      const unnamed = await ask("/admin/replays", "POST", question);
      expect(unnamed).toMatchObject({ status: 400, body: { error: { code: "malformed" } } });
      expect(JSON.stringify(unnamed.body)).toContain("?destination= one of default, refusing");
      expect((await ask("/admin/replays?destination=nobody", "POST", question)).status).toBe(404);
      const dry = await ask("/admin/replays?destination=fine", "POST", { ...question, dryRun: true });
      expect(dry).toMatchObject({ status: 200, body: { matching: 1 } });
      const made = await ask("/admin/replays?destination=fine", "POST", question);
      expect(made).toMatchObject({ status: 201, body: { of: 1 } });
      const id = String(made.body["id"]);
      const shown = async () => (await ask(`/admin/replays/${id}`)).body;
      await until(async () => (await shown())["state"] === "done", waitMs, "the replay to be done");
      expect(await shown()).toMatchObject({ destination: "fine", replayed: 1 });
      const listed = (await ask("/admin/replays?limit=500")).body;
      const items: unknown[] = [...(listed["items"] as unknown[])];
      for (let cursor = listed["next"]; typeof cursor === "string";) {
        const { body } = await ask(`/admin/replays?cursor=${encodeURIComponent(cursor)}`);
        items.push(...(body["items"] as unknown[]));
        cursor = body["next"];
      }
      expect(items).toMatchObject([{ id, destination: "fine" }]);
      expect((await ask(`/admin/replays/${id}`, "DELETE")).status).toBe(200);
      expect((await ask("/admin/replays/rpl_none", "DELETE")).status).toBe(404);
      const own = (await ask("/admin/events?destination=default")).body["items"];
      expect(own).toMatchObject([{ replay: 0 }]);
      const list = await finishCommand(["replays", "--destination", "fine"], { ...env, ...address() });
      expect(list.out).toContain(id);
    });

    it("killed in between, each workspace's events still arrive there and nowhere else", async () => {
      for (const one of ["fine", "limiting"] as const) sandboxes[one].fault({ latencyMs: 60_000, times: 20 });
      for (let n = 0; n < 10; n += 1) {
        await post("fine", { email: `fine${n}@example.com` });
        await post("limiting", { email: `limiting${n}@example.com` });
      }
      await relay?.end("SIGKILL");
      for (const one of ["fine", "limiting"] as const) sandboxes[one].clearFaults();
      relay = await startRelayProcess(env);
      for (const one of ["fine", "limiting"] as const) {
        await until(() => sandboxes[one].contacts().length === 10, waitMs, `all of ${one}`);
        const emails = sandboxes[one].contacts().map(({ fields }) => String(fields["email"]));
        expect(emails.every((email) => email.startsWith(one))).toBe(true);
      }
      expect(sandboxes.default.requests()).toEqual([]);
    });

    function address(): Record<string, string> {
      const { hostname, port } = new URL(relay?.url ?? "");
      return { HOST: hostname, PORT: port };
    }
  });
}

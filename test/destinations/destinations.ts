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
      const own = "  own: { provider: form, key: k, map: { custom_fields: { Plan: plan } } }";
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
      expect((await ask("/admin/failures/retry", "POST")).body).toEqual({ status: "retried", retried: 1 });
      expect((await ask("/admin/status")).body["destinations"]).toMatchObject({ fine: {}, default: {} });

      const question = { source: "fine", payload: { email: "ada@example.com" } };
      for (const query of ["", "?destination=fine"]) {
        expect((await ask(`/admin/preview${query}`, "POST", question)).body).toMatchObject({ updates: [{}] });
      }
      expect((await ask("/admin/sources")).body["items"]).toHaveLength(5);
      const head = { method: "HEAD", headers: { authorization: `Bearer ${adminToken}` } };
      expect((await fetch(`${relay?.url}/admin/events`, head)).status).toBe(200);
      const [event] = events["items"] as { id: string }[];
      expect((await ask(`/admin/events/${event?.id}`)).body).toMatchObject({ destination: "default" });
      expect((await ask(`/admin/events/${event?.id}/replay`, "POST")).status).toBe(200);
      expect((await ask("/admin/events/evt_none/replay", "POST")).status).toBe(404);

      const erased = await ask("/admin/contacts/email:ada@example.com?destination=fine", "DELETE");
      expect(erased.body).toEqual({ status: "erased", events: 1 });
      expect((await contact("?destination=fine")).status).toBe(404);
      expect((await contact("?destination=default")).status).toBe(200);

      const show = (...more: string[]) =>
        finishCommand(["contact", "show", "email:ada@example.com", ...more], { ...env, ...address() });
      expect((await show("--destination", "default")).out).toContain('"firstName"');
      expect((await show("--destination", "fine")).code).toBe(1);
      const { code, err } = await show();
      expect(code).toBe(2);
      expect(err).toContain("--destination: there are default, refusing, limiting, behind, fine");
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

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../src/commands/check.ts";
import type { ExitCode, Io } from "../../src/commands/io.ts";
import { sandbox as sandboxCommand } from "../../src/commands/sandbox.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import {
  finishCommand,
  runCommand,
  startRelayProcess,
  until,
  type RelayProcess,
} from "../helpers/relay-process.ts";

const adminToken = "operator-token";
const waitMs = 30_000;

let directory = "";
let sandbox: Sandbox;
let running: RelayProcess[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-fields-"));
  sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0, customFields: workspace });
  running = [];
});

afterEach(async () => {
  for (const relay of running) await relay.end("SIGKILL");
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

const workspace = {
  ...Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`Other ${n}`, { type: "text" as const }])),
  Plan: { type: "list", options: ["free", "pro"], slug: "plan_slug" },
  Score: { type: "number" },
  Birthday: { type: "date" },
  Note: { type: "text" },
} as const;

function environment(sources: string): Record<string, string> {
  const file = join(directory, "sources.yaml");
  writeFileSync(file, sources);
  return {
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    SOURCES_FILE: file,
    DATA_DIR: join(directory, "data"),
    ADMIN_TOKEN: adminToken,
  };
}

/** A command in this process: the same, without the start of one. */
async function run(command: (io: Io) => Promise<ExitCode>, env: Record<string, string> = {}) {
  let out = "";
  let err = "";
  const code = await command({
    env,
    out: (text) => (out += text),
    err: (text) => (err += text),
    color: false,
    stopRequested: Promise.resolve("SIGTERM"),
  });
  return { code, out, err };
}

const compare = (sources: string, json = false) =>
  run((io) => check({ json, print: false, workspace: true }, io), environment(sources));

const source = (fields: string, more = "") => `
sources:
  leads:
    provider: form
    key: k
    map:
      custom_fields:
${fields.trimEnd()}
${more}`;

describe("check --workspace", () => {
  const good = source(`
        Plan: { value: plan, type: list, options: [free, pro] }
        Score: { value: score, type: number }
        Note: note`);

  const bad = source(
    `
        Plann: plan
        plan_slug: plan
        Score: score
        Birthday: { value: dob, type: date }
        Plan: { value: plan, type: list, options: [free, gold] }
        Note: note`,
    `
    examples:
      - name: a lead
        payload: { email: ada@example.com, plan: silver }
        expect:
          contact: email:ada@example.com
          email: ada@example.com
          custom_fields: { Plann: silver, plan_slug: silver }
`,
  );

  it.each(["items", "data"] as const)(
    "a map that fits is ready, as the API tells it in the shape %s",
    async (shape) => {
      sandbox.setCustomFields({ shape });
      const { code, out } = await finishCommand(["check", "--workspace"], environment(good));
      expect(out).toContain("ok       fields: the workspace has 124 custom fields\n");
      expect(out).toContain("ok       map of leads: as the workspace has it: Plan, Score, Note\n");
      expect(code).toBe(0);
      const asked = sandbox.requests().filter(({ method }) => method === "GET");
      expect(asked).toHaveLength(2);
      expect(sandbox.contacts()).toEqual([]);
    },
  );

  it("what does not fit is told by source and field, and nothing is ready", async () => {
    const { code, out } = await finishCommand(["check", "--workspace"], environment(bad));
    expect(out).toContain(
      'PROBLEM  map of leads: "Plann": the workspace has no custom field of this name; did you mean "Plan"?',
    );
    expect(out).toContain(
      'ok       map of leads: WARNING "plan_slug": is the slug of the workspace\'s field "Plan"',
    );
    expect(out).toMatch(
      /PROBLEM {2}map of leads: "plan_slug": "silver" \(the example "a lead"\) would be refused: .*; it has free, pro/,
    );
    expect(out).toContain(
      'PROBLEM  map of leads: "Score": is a number in the workspace, and a text in the map',
    );
    expect(out).toContain(
      `PROBLEM  map of leads: "Plan": the workspace's list has no option "gold"; it has free, pro`,
    );
    expect(out).toContain("ok       map of leads: as the workspace has it: Birthday, Note\n");
    expect(code).toBe(1);
    const json = await compare(bad, true);
    const { ok, findings } = JSON.parse(json.out) as { ok: boolean; findings: Record<string, unknown>[] };
    expect(ok).toBe(false);
    expect(findings.filter((one) => one["source"] === "leads" && one["ok"] === false)).toMatchObject([
      { field: "Plann" },
      { field: "plan_slug" },
      { field: "Score" },
      { field: "Plan" },
    ]);
  });

  it("a token that may not read them is a warning, and without --workspace nobody is asked", async () => {
    sandbox.setCustomFields({ reading: "forbidden" });
    const { code, out } = await compare(bad);
    expect(out).toMatch(
      /ok {7}fields: WARNING the token may not read the workspace's custom fields \(403: .*GET \/space\/custom_field/,
    );
    expect(out).not.toContain("map of leads");
    expect(code).toBe(0);
    sandbox.reset();
    expect((await run((io) => check({ json: false, print: false }, io), environment(bad))).code).toBe(0);
    expect(sandbox.requests().filter(({ path }) => path.includes("custom_field"))).toEqual([]);
  });

  it("a 429 is waited out, and an API that tells nothing is a problem", async () => {
    sandbox.fault({ status: 429, retryAfter: "1", times: 1 });
    expect((await compare(good)).code).toBe(0);
    sandbox.fault({ status: 429, retryAfter: "600" });
    const limited = await compare(good);
    expect(limited.out).toContain(
      "PROBLEM  fields: the workspace's custom fields cannot be read: the API asks to come again in 600 s",
    );
    expect(limited.code).toBe(1);
  });

  it("each destination is asked for its own, by its own token", async () => {
    const acme = await startSandbox({
      token: "acme-token",
      ratePerSecond: 0,
      customFields: { Tier: { type: "text" } },
    });
    try {
      const destinations = `destinations: { acme: { token: acme-token, url: "${acme.url}" } }\n`;
      const yaml = good.replace("provider: form", "provider: form\n    destination: acme").trimStart();
      const { out, code } = await compare(destinations + yaml);
      expect(out).toContain("ok       fields: no source maps a custom field\n");
      expect(out).toContain("ok       fields of acme: the workspace has 1 custom field\n");
      expect(out).toMatch(
        /PROBLEM {2}map of leads: "Plan": the workspace has no custom field of this name\n/,
      );
      expect(code).toBe(1);
      expect(sandbox.requests().filter(({ path }) => path.includes("custom_field"))).toEqual([]);
    } finally {
      await acme.close();
    }
  });
});

describe("a relay with AELYST_FIELDS=check", () => {
  const yaml = source(`
        Plan: plan
        Score: score
        Birthday: dob
        Note: note
        Newsletter: newsletter`);
  const ada = { email: "ada@example.com", plan: "PRO ", score: "12.5", dob: "2001-02-03", note: "x" };

  async function start(): Promise<RelayProcess> {
    const relay = await startRelayProcess({ ...environment(yaml), AELYST_FIELDS: "check" });
    running.push(relay);
    return relay;
  }

  async function post(relay: RelayProcess, fields: object): Promise<void> {
    const answer = await fetchDocumented(`${relay.url}/webhooks/leads?key=k`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    expect(answer.status).toBe(200);
  }

  async function admin(relay: RelayProcess, path: string, method = "GET"): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${adminToken}` };
    const answer = await fetchDocumented(`${relay.url}${path}`, { method, headers });
    return (await answer.json()) as Record<string, unknown>;
  }

  const failures = async (relay: RelayProcess) =>
    (await admin(relay, "/admin/failures"))["items"] as Record<string, unknown>[];
  const puts = () => sandbox.requests().filter(({ method }) => method === "PUT");

  it("one bad field of five costs one request and parks one piece; added to the workspace and retried, it is applied", async () => {
    const relay = await start();
    await post(relay, { ...ada, newsletter: "weekly" });
    await until(async () => (await failures(relay)).length === 1, waitMs, "the field to be parked");
    expect(puts()).toHaveLength(1);
    expect(sandbox.contact("email:ada@example.com")?.customFields).toEqual({
      Plan: "pro",
      Score: 12.5,
      Birthday: "2001-02-03",
      Note: "x",
    });
    expect(await failures(relay)).toMatchObject([
      {
        kind: "delivery",
        reason: "invalid",
        message: "Newsletter: Invalid value (not sent: the workspace has no such custom field)",
        fields: ["custom_fields.Newsletter"],
      },
    ]);
    const changed = { ...workspace, Newsletter: { type: "text" as const } };
    sandbox.setCustomFields({ fields: structuredClone(changed) as never });
    await admin(relay, "/admin/failures/retry", "POST");
    const held = () => sandbox.contact("email:ada@example.com")?.customFields["Newsletter"];
    await until(() => held() === "weekly", waitMs, "the retried field to be applied");
    expect(await failures(relay)).toEqual([]);
    expect(puts()).toHaveLength(2);
    const metrics = await fetch(`${relay.url}/metrics`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(await metrics.text()).toMatch(/relay_field_reads_total\{result="read"\} [1-9]/);
  });

  it("whose token may not read the fields delivers as ever, and says so once", async () => {
    sandbox.setCustomFields({ reading: "forbidden" });
    const relay = await start();
    await post(relay, { email: "ada@example.com", note: "x", newsletter: "weekly" });
    await until(async () => (await failures(relay)).length === 1, waitMs, "the field to be parked");
    expect(await failures(relay)).toMatchObject([
      { reason: "invalid", status: 400, message: "Newsletter: Invalid value" },
    ]);
    await until(
      () => sandbox.contact("email:ada@example.com")?.customFields["Note"] === "x",
      waitMs,
      "the rest",
    );
    expect(relay.output().split("may not read the workspace's custom fields")).toHaveLength(2);
  });

  it("which is limited while it reads them waits, as for any request", async () => {
    sandbox.fault({ status: 429, retryAfter: "1", times: 1 });
    const relay = await start();
    await post(relay, ada);
    await until(() => puts().length === 1, waitMs, "the contact");
    const [limited, read, put] = sandbox.requests();
    expect([limited?.status, read?.method, put?.status]).toEqual([429, "GET", 200]);
    expect((read?.at ?? 0) - (limited?.at ?? 0)).toBeGreaterThanOrEqual(950);
  });
});

describe("contact-relay sandbox --custom-fields", () => {
  const plainSandbox = {
    port: 0,
    rate: 0,
    unknownContact: "create",
    duplicates: "refuse",
    creationMs: 0,
    unseenMs: 0,
    json: true,
  } as const;

  it.each([
    ["demo", "Order total"],
    ["file", "Mine"],
  ])("%s", async (which, name) => {
    const file = join(directory, "fields.json");
    writeFileSync(file, JSON.stringify({ fields: { Mine: { type: "text" } }, shape: "data" }));
    const child = runCommand(
      ["sandbox", "--port", "0", "--custom-fields", which === "file" ? file : which, "--json"],
      {},
    );
    try {
      let out = "";
      child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
      await until(() => out.trimEnd().endsWith("}"), waitMs, "the sandbox");
      const { url } = JSON.parse(out) as { url: string };
      const answer = await fetch(`${url}/space/custom_field`, { headers: { authorization: "Bearer x" } });
      expect(await answer.text()).toContain(JSON.stringify(name));
    } finally {
      child.kill();
    }
  });

  it.each([
    ['{"fields":{"A":{"type":"color"}}}', "fields.A.type"],
    ["{", "cannot be read"],
  ])("%s is refused with what is wrong", async (text, words) => {
    const file = join(directory, "fields.json");
    writeFileSync(file, text);
    const { code, err } = await run((io) => sandboxCommand({ ...plainSandbox, customFields: file }, io));
    expect(err).toContain(words);
    expect(code).toBe(2);
  });
});

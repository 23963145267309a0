import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

let directory = "";
let file = "";
let sandbox: Sandbox;
let relay: RelayProcess | undefined;
let posted = 0;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-reload-"));
  file = join(directory, "sources.yaml");
  sandbox = await startSandbox({ ratePerSecond: 0 });
});
afterEach(async () => {
  await relay?.end("SIGKILL");
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

const sources = (names: readonly string[], map: string) =>
  `sources:\n${names.map((name) => `  ${name}: { provider: form, key: k, map: { ${map} } }\n`).join("")}`;

/** As an editor or a cluster does: all at once. */
function replaceFile(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function start(more: Record<string, string> = {}): Promise<RelayProcess> {
  relay = await startRelayProcess({
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: "500",
    DATA_DIR: join(directory, "data"),
    SOURCES_FILE: file,
    ADMIN_TOKEN: "admin",
    ...more,
  });
  return relay;
}

async function post(source: string): Promise<{ status: number; email: string }> {
  posted += 1;
  const email = `person${posted}@example.com`;
  const response = await fetch(`${relay?.url}/webhooks/${source}?key=k`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, given: "Ada", called: "Grace" }),
  });
  await response.text();
  return { status: response.status, email };
}

const nameOf = (email: string) => sandbox.contact(`email:${email}`)?.fields["firstName"];
const readAnew = (times: number) =>
  until(
    () => (relay?.output().match(/the sources were read anew/g) ?? []).length >= times,
    20_000,
    "the sources to be read anew",
  );

it("by SIGHUP: what comes after is mapped by the new file, and its sources are served", async () => {
  writeFileSync(file, sources(["old"], "firstName: given"));
  const { pid } = await start();
  const before = await post("old");
  await until(() => nameOf(before.email) === "Ada", 20_000, "the first name of the old file");
  replaceFile(sources(["old", "new"], "firstName: called"));
  process.kill(pid, "SIGHUP");
  await readAnew(1);
  const after = [await post("old"), await post("new")];
  expect(after.map(({ status }) => status)).toEqual([200, 200]);
  for (const { email } of after) await until(() => nameOf(email) === "Grace", 20_000, "the new first name");
  replaceFile(sources(["new"], "firstName: called"));
  process.kill(pid, "SIGHUP");
  await readAnew(2);
  expect((await post("old")).status).toBe(404);
  expect(relay?.output()).toMatch(/"added":\["new"\]/);
  expect(relay?.output()).toMatch(/"removed":\["old"\]/);
});

it("at once with SOURCES_WATCH; a wrong file changes nothing, and every problem is told", async () => {
  writeFileSync(file, sources(["form"], "firstName: given"));
  await start({ SOURCES_WATCH: "true" });
  replaceFile("sources:\n  form: { provider: from, key: k }\n  other: { provider: form }\n");
  await until(() => relay?.output().includes("those of before stay") === true, 20_000, "the refusal");
  for (const problem of ['\\"from\\" is no provider', "sources.other: needs `key` or `keys`"]) {
    expect(relay?.output()).toContain(problem);
  }
  const kept = await post("form");
  expect(kept.status).toBe(200);
  await until(() => nameOf(kept.email) === "Ada", 20_000, "the mapping of before");
  replaceFile(sources(["form"], "firstName: called"));
  await readAnew(1);
  const next = await post("form");
  await until(() => nameOf(next.email) === "Grace", 20_000, "the new mapping");
});

it(
  "in the middle of a stream: nothing is lost, and nothing is mapped twice",
  { timeout: 120_000 },
  async () => {
    writeFileSync(file, sources(["form"], "firstName: given"));
    const { pid, url } = await start();
    const emails: string[] = [];
    const enough = new AbortController();
    const streaming = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!enough.signal.aborted) {
          const { status, email } = await post("form");
          if (status === 200) emails.push(email);
        }
      }),
    );
    for (let round = 1; round <= 10; round += 1) {
      replaceFile(sources(["form"], `firstName: ${round % 2 === 0 ? "given" : "called"}`));
      process.kill(pid, "SIGHUP");
      await readAnew(round);
    }
    enough.abort();
    await streaming;
    for (const email of emails)
      await until(() => nameOf(email) !== undefined, 60_000, `${email} to be delivered`);
    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: "Bearer admin" } });
    const text = await metrics.text();
    const mapped = [...text.matchAll(/^relay_mappings_total\{.*\} (\d+)$/gm)].map(([, count]) =>
      Number(count),
    );
    expect(mapped.reduce((sum, count) => sum + count, 0)).toBe(emails.length);
    expect(sandbox.requests()).toHaveLength(emails.length);
    expect(text).toMatch(/relay_sources_reloads_total\{result="taken"\} 10/);
  },
);

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { StatusAnswer } from "../../src/http/schemas/state.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startEngine } from "../helpers/engines.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const adminToken = "operator-token";
const directory = mkdtempSync(join(tmpdir(), "relay-replicas-"));
const engines = {
  redis: await startEngine("redis"),
  postgres: await startEngine("postgres"),
};
const sandbox = await startSandbox({ token: "right", ratePerSecond: 0 });
const running: RelayProcess[] = [];

afterAll(async () => {
  for (const relay of running) await relay.end("SIGKILL");
  await sandbox.close();
  for (const engine of Object.values(engines)) await engine?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(env: Record<string, string>): Promise<RelayProcess> {
  const relay = await startRelayProcess({
    AELYST_API_TOKEN: "right",
    AELYST_API_URL: sandbox.url,
    ADMIN_TOKEN: adminToken,
    ...env,
  });
  running.push(relay);
  return relay;
}

async function replicasOf(relay: RelayProcess): Promise<StatusAnswer["replicas"]> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const answer = await fetchDocumented(`${relay.url}/admin/status`, { headers });
  return ((await answer.json()) as StatusAnswer).replicas;
}

const endOf = (relay: RelayProcess) => new RegExp(`/${relay.pid}$`);

describe.each(Object.entries(engines))("two processes on %s", (name, engine) => {
  const settings = engine?.settings(join(directory, name)) ?? {};
  const file = join(directory, `${name}.yaml`);
  const sources = (field: string) => `sources: { form: { provider: form, key: k, map: { ${field}: x } } }\n`;

  it.skipIf(!engine)("see each other, and what they are configured with, until one stops", async () => {
    writeFileSync(file, sources("firstName"));
    const env = { ...settings, SOURCES_FILE: file };
    const intake = await start({ ...env, ROLE: "intake", LOG_LEVEL: "debug" });
    const worker = await start({ ...env, ROLE: "worker" });
    await until(async () => (await replicasOf(intake)).items.length === 2, 15_000, "both to be there");
    const { items, differ } = await replicasOf(worker);
    expect(items).toMatchObject([
      { role: "intake", self: false, label: expect.stringMatching(endOf(intake)) as string },
      { role: "worker", self: true, label: expect.stringMatching(endOf(worker)) as string },
    ]);
    expect(items[0]?.configuration).toBe(items[1]?.configuration);
    expect(items[0]?.version).toBe(items[1]?.version);
    expect(differ).toEqual([]);

    const asked = ["status", "--url", intake.url];
    const { out, code } = await finishCommand(asked, { ...env, ADMIN_TOKEN: adminToken, PORT: "1" });
    expect(code).toBe(0);
    expect(out.match(/^process .*(intake|worker), version/gm)).toHaveLength(2);

    writeFileSync(file, sources("lastName"));
    process.kill(worker.pid, "SIGHUP");
    const other = async () => (await replicasOf(intake)).items.find(({ role }) => role === "worker");
    const before = items[0]?.configuration;
    await until(async () => (await other())?.configuration !== before, 15_000, "the new configuration");
    const changed = await other();
    expect(Date.parse(changed?.configuredAt ?? "")).toBeGreaterThan(Date.parse(changed?.since ?? ""));
    // It has only just come to be so.
    expect((await replicasOf(intake)).differ).toEqual([]);

    expect(await worker.end("SIGTERM")).toBe(0);
    expect((await replicasOf(intake)).items).toMatchObject([{ role: "intake", self: true }]);
  });

  if (engine) {
    it("one that is killed is gone within a minute", { timeout: 120_000 }, async () => {
      const own = engine.settings(join(directory, `${name}-killed`));
      const [staying, dying] = [await start(own), await start(own)];
      await until(async () => (await replicasOf(staying)).items.length === 2, 15_000, "both to be there");
      await dying.end("SIGKILL");
      expect((await replicasOf(staying)).items).toHaveLength(2);
      await until(async () => (await replicasOf(staying)).items.length === 1, 60_000, "it to be gone", 500);
      expect((await replicasOf(staying)).items).toMatchObject([{ self: true }]);
    });
  }
});

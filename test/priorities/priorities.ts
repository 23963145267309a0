import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { startEngine, type EngineName } from "../helpers/engines.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const ceiling = 20;
const waiting = 3_000;
const promisedMs = 3_000;
/** Requests of which the shares are counted. */
const measured = ceiling * 16;
const key = "priority-key";
const yaml = `
sources:
  leads: { provider: form, key: ${key}, priority: high }
  site: { provider: form, key: ${key} }
  bulk: { provider: form, key: ${key}, priority: low }
`;

/** On a real process and the strict sandbox: who goes first while thousands wait. */
export async function prioritiesStorm(name: EngineName): Promise<void> {
  const engine = await startEngine(name);
  afterAll(async () => engine?.stop());

  describe.skipIf(!engine)(`${name}: ${waiting} contacts of a low source wait`, { timeout: 240_000 }, () => {
    const directory = mkdtempSync(join(tmpdir(), "relay-priorities-"));
    let relay: RelayProcess | undefined;
    let sandbox: Sandbox | undefined;

    afterEach(async () => {
      await relay?.end("SIGKILL");
      await sandbox?.close();
      rmSync(directory, { recursive: true, force: true });
    });

    async function post(source: string, fields: object): Promise<void> {
      const answer = await fetch(`${relay?.url ?? ""}/webhooks/${source}`, {
        method: "POST",
        headers: { "x-webhook-key": key, "content-type": "application/json" },
        body: JSON.stringify(fields),
      });
      expect(answer.status).toBe(200);
    }

    async function postMany(source: string, count: number): Promise<void> {
      let next = 0;
      const senders = Array.from({ length: 16 }, async () => {
        for (let n = next++; n < count; n = next++) {
          await post(source, { email: `${source}${n}@example.com`, first_name: `N${n}` });
        }
      });
      await Promise.all(senders);
    }

    const fieldsOf = (email: string) => sandbox?.contact(`email:${email}`)?.fields;

    /** Milliseconds until the API holds what was posted. */
    async function delivered(source: string, fields: { email: string; first_name: string }): Promise<number> {
      const postedAt = performance.now();
      await post(source, fields);
      const isThere = () => fieldsOf(fields.email)?.["firstName"] === fields.first_name;
      await until(isThere, 60_000, `${fields.email} to be delivered`, 5);
      return Math.round(performance.now() - postedAt);
    }

    it("leads are delivered at once, a contact that waits among them moves forward, and the low ones go on", async () => {
      sandbox = await startSandbox({ ratePerSecond: ceiling });
      const file = join(directory, "sources.yaml");
      writeFileSync(file, yaml);
      relay = await startRelayProcess({
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: String(ceiling),
        SOURCES_FILE: file,
        LOG_LEVEL: "warn",
        ...engine?.settings(directory),
      });
      await postMany("bulk", waiting);
      const before = sandbox.contacts().length;
      expect(before).toBeLessThan(waiting / 2);

      const lead = await delivered("leads", { email: "lead@example.com", first_name: "Lead" });
      const leads: number[] = [];
      for (let n = 0; n < 10; n += 1) {
        leads.push(await delivered("leads", { email: `lead${n}@example.com`, first_name: `L${n}` }));
      }
      const usual = await delivered("site", { email: "site@example.com", first_name: "Site" });
      const last = `bulk${waiting - 1}@example.com`;
      await post("bulk", { email: last, last_name: "Behind" });
      const moved = await delivered("leads", { email: last, first_name: "Forward" });
      expect(fieldsOf(last)).toMatchObject({ firstName: "Forward", lastName: "Behind" });

      await postMany("leads", ceiling * 20);
      const from = sandbox.requests().length;
      await until(
        () => (sandbox?.requests().length ?? 0) >= from + measured,
        60_000,
        "sixteen seconds of it",
      );
      const during = sandbox.requests().slice(from, from + measured);
      const low = during.filter(({ contact }) => contact?.startsWith("email:bulk")).length / during.length;
      const limited = sandbox.requests().filter(({ status }) => status === 429).length;

      process.stderr.write(
        `${name}: behind ${waiting - before} contacts a lead took ${lead} ms, ten more ${Math.max(...leads)} ms at most, ` +
          `one of the usual source ${usual} ms, a contact that waited ${moved} ms; beside endless leads the low ones had ` +
          `${(100 * low).toFixed(1)} % of the rate; answered 429: ${limited}\n`,
      );
      expect(Math.max(lead, ...leads, usual, moved)).toBeLessThan(promisedMs);
      expect(low).toBeGreaterThanOrEqual(0.1);
      expect(low).toBeLessThan(0.3);
    });
  });
}

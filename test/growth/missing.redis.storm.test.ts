import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ArchivedMailbox } from "../../src/store/archive-port.ts";
import { openRedisStore } from "../../src/store/redis/index.ts";
import { insistOn } from "../helpers/engines.ts";
import { startRedis } from "../helpers/redis-server.ts";
import { startRelayProcess, until } from "../helpers/relay-process.ts";
import { sampleOptions, stampAt } from "../helpers/store-samples.ts";

const missing = 100_000;
const others = 400;
const ceiling = 20;
const waitMs = 240_000;

const server = await startRedis();
if (!server) insistOn("redis");
afterAll(async () => server?.stop());

const name = (n: number): ContactRef => `email:person${n}@example.com`;

/** A contact for which something waits; one that is missing was asked for a few times before. */
function mailboxOf(contact: ContactRef, isMissing: boolean, index: number): ArchivedMailbox {
  const id = `evt_${index}`;
  const now = Date.now();
  const update = { id, eventId: id, contact, patch: { lastName: "L" }, stamp: stampAt(now), receivedAt: now };
  return {
    kind: "mailbox",
    contact,
    waiting: [update],
    applied: {},
    history: [],
    eventIds: [id],
    ...(isMissing ? { wake: { missing: 5, dueAt: now } } : {}),
  };
}

async function create(url: string, contact: ContactRef): Promise<void> {
  const answer = await fetch(`${url}/contact/create_or_update/${contact}`, {
    method: "POST",
    headers: { authorization: "Bearer api-token", "content-type": "application/json" },
    body: JSON.stringify({ firstName: "Known" }),
  });
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
}

describe.skipIf(!server)("a hundred thousand contacts that the API does not have", () => {
  it(
    "are all due at once, before all others, and have a twentieth of the rate",
    { timeout: 3 * waitMs },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), "relay-missing-"));
      const sandbox = await startSandbox({ ratePerSecond: 0, unknownContact: "404" });
      const { prefix } = sampleOptions();
      const store = await openRedisStore(server?.url ?? "", sampleOptions({ prefix }));
      try {
        const boxes = (count: number, isMissing: boolean) =>
          Array.from({ length: count }, (_, n) => {
            const index = isMissing ? n + others : n;
            return mailboxOf(name(index), isMissing, index);
          });
        for (let n = 0; n < others; n += 1) await create(sandbox.url, name(n));
        for (let at = 0; at < missing; at += 1_000)
          await store.archive.import(boxes(missing, true).slice(at, at + 1_000));
        await store.archive.import(boxes(others, false));
      } finally {
        await store.close(5_000);
      }
      const relay = await startRelayProcess({
        AELYST_API_TOKEN: "api-token",
        AELYST_API_URL: sandbox.url,
        AELYST_RATE_LIMIT: String(ceiling),
        AELYST_MISSING_CONTACT: "wait",
        BUSY_DELAY_MS: "1000",
        BUSY_DELAY_MAX_MS: "1000",
        REDIS_URL: server?.url ?? "",
        STORE_PREFIX: prefix,
        DATA_DIR: directory,
        LOG_LEVEL: "warn",
        FORM_KEY: "missing-form-key",
      });
      try {
        const startedAt = Date.now();
        const answered = (status: number) => sandbox.requests().filter((one) => one.status === status).length;
        await until(() => answered(200) >= 2 * others, waitMs, "the others to be delivered");
        const seconds = (Date.now() - startedAt) / 1_000;
        expect(answered(404)).toBeLessThan(0.05 * ceiling * seconds + 10);
        process.stderr.write(
          `${others} others took ${seconds.toFixed(1)} s, ${answered(404)} requests for the missing\n`,
        );
      } finally {
        await relay.end("SIGKILL");
        await sandbox.close();
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );
});

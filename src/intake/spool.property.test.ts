import { existsSync, truncateSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { until } from "../../test/helpers/relay-process.ts";
import { spoolWorld } from "../../test/helpers/spool-world.ts";
import { sampleEvent } from "../../test/helpers/store-samples.ts";
import type { Spool } from "./spool.ts";
import { createLogFile, type OpenLogFile } from "./spool/log.ts";

type Step =
  /** Several requests at once, some of them with events that came before. */
  | { do: "keep"; requests: number[] }
  | { do: "store"; isHealthy: boolean }
  | { do: "disk"; fails: "appendFile" | "datasync" | "truncate" | undefined }
  /** Of what was not synced, a part may have reached the disk. */
  | { do: "power-cut"; reached: number }
  | { do: "kill" }
  | { do: "pause" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("keep" as const),
      requests: fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("store" as const), isHealthy: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("disk" as const),
      fails: fc.constantFrom(undefined, undefined, "appendFile", "datasync", "truncate"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("power-cut" as const),
      reached: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "kill" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "pause" }) },
);

/** A disk that can fail, and that knows what it would lose in a power cut. */
function createDisk() {
  const files = new Map<string, { written: number; synced: number }>();
  const disk = {
    fails: undefined as "appendFile" | "datasync" | "truncate" | undefined,
    openFile: (async (path) => {
      const file = await createLogFile(path);
      const sizes = { written: 0, synced: 0 };
      files.set(path, sizes);
      return {
        async appendFile(data) {
          const bytes = data as Buffer;
          const failing = disk.fails === "appendFile" || disk.fails === "truncate";
          const part = failing ? bytes.subarray(0, Math.floor(bytes.length * 0.7)) : bytes;
          await file.appendFile(part);
          sizes.written += part.length;
          if (failing) throw new Error("ENOSPC: no space left on device");
        },
        async datasync() {
          if (disk.fails === "datasync") throw new Error("EIO: i/o error");
          const { written } = sizes;
          await file.datasync();
          sizes.synced = written;
        },
        async truncate(length) {
          if (disk.fails === "truncate") throw new Error("EIO: i/o error");
          await file.truncate(length);
          sizes.written = length ?? 0;
        },
        close: () => file.close(),
      };
    }) satisfies OpenLogFile,
    cutPower(reached: number) {
      for (const [path, { written, synced }] of files) {
        if (existsSync(path)) truncateSync(path, synced + Math.floor((written - synced) * reached));
      }
      files.clear();
    },
  };
  return disk;
}

it(
  "whatever store, disk and power do: every acknowledged event reaches the store once, under its id",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = spoolWorld();
        const disk = createDisk();
        const spools: Spool[] = [];
        const pool = Array.from({ length: 31 }, () => sampleEvent());
        const acknowledged = new Map<string, string>();
        /** May have reached the disk all the same, and then the same event keeps this first id. */
        const refused = new Set<string>();
        const options = { openFile: disk.openFile, segmentBytes: 1_500, lookEveryMs: 1, bytesMax: 15_000 };
        /** Identities that were told to be known already; what was in the store by then stays under its first id. */
        const duplicates = new Set<string>();
        let sequence = 0;

        async function start(): Promise<Spool> {
          const spool = await world.open(options);
          spools.push(spool);
          spool.drainInto(world.store);
          return spool;
        }
        async function end(): Promise<void> {
          const spool = spools.at(-1);
          // A process that was killed does nothing any more.
          await spool?.close();
          world.killAll();
        }
        async function keep(spool: Spool, index: number): Promise<void> {
          sequence += 1;
          const event = { ...(pool[index] ?? sampleEvent()), id: `evt_${String(sequence).padStart(6, "0")}` };
          const kept = await spool.keep([event], new Error("away"));
          if (!kept.ok) {
            refused.add(event.id);
            return;
          }
          const [acceptance] = kept.acceptances;
          if (!acceptance) throw new Error("kept without an answer");
          if (acceptance.duplicate) duplicates.add(event.identity);
          else if (!acknowledged.has(event.identity)) acknowledged.set(event.identity, acceptance.id);
        }

        try {
          let spool = await start();
          world.store.isHealthy = false;
          for (const one of steps) {
            switch (one.do) {
              case "keep":
                await Promise.all([...new Set(one.requests)].map((index) => keep(spool, index)));
                break;
              case "store":
                world.store.isHealthy = one.isHealthy;
                break;
              case "disk":
                disk.fails = one.fails;
                break;
              case "power-cut":
              case "kill":
                await end();
                if (one.do === "power-cut") disk.cutPower(one.reached);
                spool = await start();
                break;
              case "pause":
                await new Promise((resolve) => setTimeout(resolve, 5));
            }
          }
          disk.fails = undefined;
          world.store.isHealthy = true;
          await until(() => spool.state().bytes === 0, 20_000, "an empty spool");
          const byIdentity = new Map(world.store.events.map(({ identity, id }) => [identity, id]));
          for (const [identity, id] of acknowledged) {
            const stored = byIdentity.get(identity);
            if (!refused.has(stored ?? "")) expect(stored).toBe(id);
          }
          expect(world.store.events.length).toBe(byIdentity.size);
          for (const identity of duplicates) expect([...byIdentity.keys()]).toContain(identity);
          expect(spool.state()).toEqual({ events: 0, bytes: 0 });
          expect(
            world.notices.filter(({ kind }) => ["damaged", "refused", "vanished"].includes(kind)),
          ).toEqual([]);
        } finally {
          await world.remove();
        }
      }),
      { numRuns: 100 },
    );
  },
);

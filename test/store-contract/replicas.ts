import { describe, expect, it } from "vitest";
import type { Replica } from "../../src/store/replicas.ts";
import { until } from "../helpers/relay-process.ts";
import type { Suite } from "./suite.ts";

const longMs = 60_000;

function sampleReplica(id: string, changes: Partial<Replica> = {}): Replica {
  return {
    id,
    role: "all",
    version: "1.2.3",
    configuration: "0123456789ab",
    label: `host "${id}"'s/1`,
    since: 1_000,
    configuredAt: 2_000,
    ...changes,
  };
}

/** What every engine promises of the processes that run on it. */
export function replicasContract({ withStore, store }: Suite): void {
  describe("replicas", () => {
    it("what a process tells is there at once, as it told it last, with the store's time", async () => {
      await withStore({}, async ({ store: { replicas } }) => {
        expect(await replicas.list()).toEqual([]);
        await replicas.tell(sampleReplica("a"), longMs);
        await replicas.tell(sampleReplica("a", { role: "worker", configuration: "other" }), longMs);
        const [seen, ...others] = await replicas.list();
        expect(others).toEqual([]);
        expect(seen).toEqual({
          ...sampleReplica("a", { role: "worker", configuration: "other" }),
          seenAt: expect.any(Number) as number,
        });
        expect(Math.abs((seen?.seenAt ?? 0) - Date.now())).toBeLessThan(10_000);
      });
    });

    it("one that says it stops is gone at once, and may say so again", async () => {
      await withStore({}, async ({ store: { replicas } }) => {
        await replicas.tell(sampleReplica("a"), longMs);
        await replicas.forget("a");
        await replicas.forget("a");
        expect(await replicas.list()).toEqual([]);
      });
    });

    it("one that tells no more is gone when its time is over", async () => {
      await withStore({}, async ({ store: { replicas } }) => {
        await replicas.tell(sampleReplica("dying"), 300);
        expect(await replicas.list()).toHaveLength(1);
        await until(async () => (await replicas.list()).length === 0, 5_000, "it to be gone");
      });
    });

    it("several are told apart, the oldest first, and none of them takes another's time", async () => {
      if (store().engine === "embedded") return;
      await withStore({}, async ({ store: { replicas } }) => {
        await replicas.tell(sampleReplica("young", { since: 3_000 }), longMs);
        await replicas.tell(sampleReplica("dying", { since: 2_000 }), 300);
        await replicas.tell(sampleReplica("old", { since: 1_000 }), longMs);
        const ids = async () => (await replicas.list()).map(({ id }) => id);
        await until(async () => (await ids()).length === 2, 5_000, "the dying one to be gone");
        expect(await ids()).toEqual(["old", "young"]);
        await Promise.all(
          Array.from({ length: 20 }, (_, at) =>
            replicas.tell(sampleReplica(at % 2 ? "old" : "young"), longMs),
          ),
        );
        expect(await ids()).toEqual(["old", "young"]);
      });
    });

    it("whoever tells on an embedded store is the only one: a process that was killed is gone with it", async () => {
      if (store().engine !== "embedded") return;
      await withStore({}, async ({ store: { replicas } }) => {
        await replicas.tell(sampleReplica("killed"), longMs);
        await replicas.tell(sampleReplica("next"), longMs);
        expect((await replicas.list()).map(({ id }) => id)).toEqual(["next"]);
      });
    });
  });
}

import type { Store } from "../../store/store.ts";

/** What waits longer than this waits for something of its own, such as a contact that is busy at the API. */
const ownWaitMs = 60_000;
/** Asked for side by side at one look. */
const lookedAtMax = 200;

export interface Outstanding {
  count(): number;
  add(ids: readonly string[]): void;
  /** Looks which of those that have waited longest are done; answers how many of them could not be mapped. */
  look(): Promise<number>;
}

/** Events that a replay has set waiting and that are not delivered yet, as far as this process knows. */
export function createOutstanding(
  store: { readonly events: Pick<Store["events"], "find">; readonly mailbox: Pick<Store["mailbox"], "read"> },
  clock: () => number,
): Outstanding {
  const since = new Map<string, number>();

  async function fateOf(id: string): Promise<"waits" | "done" | "failed"> {
    const record = await store.events.find(id);
    if (!record) return "done";
    if (record.state === "failed") return "failed";
    if (record.state !== "completed") return "waits";
    const updates = record.result?.outcome === "mapped" ? record.result.updates : [];
    for (const { contact, id: update } of updates) {
      const { waiting } = await store.mailbox.read(contact, false);
      if (waiting.some((other) => other.id === update)) return "waits";
    }
    return "done";
  }

  return {
    count: () => since.size,
    add(ids) {
      for (const id of ids) since.set(id, clock());
    },
    async look() {
      const looked = [...since].slice(0, lookedAtMax);
      const fates = await Promise.all(looked.map(([id]) => fateOf(id)));
      for (const [index, [id, at]] of looked.entries()) {
        const waits = fates[index] === "waits";
        if (!waits || clock() - at >= ownWaitMs) since.delete(id);
        // Those behind it have their look next time.
        else if (looked.length < since.size) {
          since.delete(id);
          since.set(id, at);
        }
      }
      return fates.filter((fate) => fate === "failed").length;
    },
  };
}

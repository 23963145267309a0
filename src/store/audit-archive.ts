import type { KindArchive } from "./archive-kinds.ts";
import type { ArchivedAudit } from "./archive-port.ts";
import type { KeptAudit, KeptAuditEntry } from "./audit.ts";

const pageMax = 200;

/** The audit log as the archive carries it, page by page, the same on every engine. */
export function createAuditArchive(audit: KeptAudit): KindArchive<"audit"> {
  async function* all(): AsyncGenerator<KeptAuditEntry> {
    let cursor: string | undefined;
    do {
      const page = await audit.list(pageMax, cursor);
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }
  const archived = (entry: KeptAuditEntry): ArchivedAudit => ({ kind: "audit", entry });
  return {
    async *export() {
      for await (const entry of all()) yield archived(entry);
    },
    import: (records) => audit.put(records.map(({ entry }) => entry)),
    async find(records) {
      const found = await audit.find(records.map(({ entry }) => entry.id));
      const held = new Map(found.map((entry) => [entry.id, archived(entry)]));
      return records.map(({ entry }) => held.get(entry.id));
    },
  };
}

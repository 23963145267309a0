import { hasEvents, hasUpdates } from "../../store/archive.ts";
import { isTaken } from "../../store/parked-groups.ts";
import type { Archive, ArchivedParking, ArchiveRecord } from "../../store/archive-port.ts";
import { batches, namedMax, nameOf, type Verified } from "./records.ts";

/** What the source has no more, the first few of it. Undefined when it was stopped. */
export async function findOutlived(
  source: Archive,
  target: Archive,
  stopped: () => boolean,
): Promise<Verified["missing"] | undefined> {
  let count = 0;
  const some: string[] = [];
  for await (const record of outlived(source, target)) {
    if (stopped()) return undefined;
    count += 1;
    if (some.length < namedMax) some.push(nameOf(record));
  }
  return { count, some };
}

/**
 * What `target` has from `source` and `source` has no more, because it was delivered, dropped or erased there since: no
 * copy made now takes that out of the target again.
 */
export async function* outlived(source: Archive, target: Archive): AsyncGenerator<ArchiveRecord> {
  // Each store numbers its parkings for itself; only an export names them for all.
  const pieces = new Map<string, number>();
  for await (const record of source.export()) {
    if (record.kind === "parking") pieces.set(record.id, piecesOf(record));
    if (record.kind === "event") break;
  }
  for await (const batch of batches(target.export())) {
    const held = await source.find(batch);
    for (const [index, record] of batch.entries()) {
      if (!isStillHeld(record, held[index], pieces)) yield record;
    }
  }
}

function isStillHeld(
  record: ArchiveRecord,
  held: ArchiveRecord | undefined,
  pieces: ReadonlyMap<string, number>,
): boolean {
  switch (record.kind) {
    // These end by themselves.
    case "window":
    case "pace":
    case "audit":
    case "group":
      return true;
    case "event":
      return held?.kind === "event";
    case "parking":
      return (pieces.get(record.id) ?? -1) >= piecesOf(record);
    case "mailbox":
      return held?.kind === "mailbox" && hasEvents(held, record) && hasUpdates(held, record);
  }
}

function piecesOf({ data }: ArchivedParking): number {
  return (data.parked ?? []).filter((item) => !isTaken(item)).length;
}

import type { ArchivedPace, Archive, ArchiveRecord } from "./archive-port.ts";

type Kind = ArchiveRecord["kind"];
type RecordOf<Name extends Kind> = Extract<ArchiveRecord, { kind: Name }>;

/** The archive of one kind of records. */
export interface KindArchive<Name extends Kind> {
  export(): AsyncIterable<RecordOf<Name>>;
  import(records: readonly RecordOf<Name>[]): Promise<void>;
  find(records: readonly RecordOf<Name>[]): Promise<readonly (RecordOf<Name> | undefined)[]>;
}

export interface ArchiveParts extends Pick<Archive, "runningWorkers" | "readMark" | "writeMark"> {
  readonly pace: { read(): Promise<ArchivedPace | undefined>; merge(given: ArchivedPace): Promise<void> };
  readonly audit: KindArchive<"audit">;
  readonly windows: KindArchive<"window">;
  readonly mailboxes: KindArchive<"mailbox">;
  readonly parkings: KindArchive<"parking">;
  readonly events: KindArchive<"event">;
  readonly groups: KindArchive<"group">;
}

/** The archive of a store from those of its kinds. */
export function createArchive(parts: ArchiveParts): Archive {
  const { pace, audit, windows, mailboxes, parkings, events, groups } = parts;

  async function* exportAll(): AsyncGenerator<ArchiveRecord> {
    const kept = await pace.read();
    if (kept) yield kept;
    yield* audit.export();
    yield* windows.export();
    yield* mailboxes.export();
    yield* parkings.export();
    yield* events.export();
    yield* groups.export();
  }

  async function importAll(given: readonly ArchiveRecord[]): Promise<void> {
    // A scan may name something twice, and no statement may change a row twice.
    const records = [...new Map(given.map((record) => [keyOf(record), record])).values()];
    for (const record of ofKind(records, "pace")) await pace.merge(record);
    await audit.import(ofKind(records, "audit"));
    await windows.import(ofKind(records, "window"));
    await mailboxes.import(ofKind(records, "mailbox"));
    await parkings.import(ofKind(records, "parking"));
    await events.import(ofKind(records, "event"));
    await groups.import(ofKind(records, "group"));
  }

  async function findAll(records: readonly ArchiveRecord[]): Promise<(ArchiveRecord | undefined)[]> {
    const found = new Map<ArchiveRecord, ArchiveRecord | undefined>();
    const kept = await pace.read();
    for (const record of ofKind(records, "pace")) found.set(record, kept);
    async function look<Name extends Kind>(kind: Name, archive: KindArchive<Name>): Promise<void> {
      const asked = ofKind(records, kind);
      const held = asked.length === 0 ? [] : await archive.find(asked);
      for (const [index, record] of asked.entries()) found.set(record, held[index]);
    }
    await look("audit", audit);
    await look("window", windows);
    await look("mailbox", mailboxes);
    await look("parking", parkings);
    await look("event", events);
    await look("group", groups);
    return records.map((record) => found.get(record));
  }

  const { runningWorkers, readMark, writeMark } = parts;
  return { export: exportAll, import: importAll, find: findAll, runningWorkers, readMark, writeMark };
}

function keyOf(record: ArchiveRecord): string {
  switch (record.kind) {
    case "pace":
      return "pace";
    case "audit":
      return `audit ${record.entry.id}`;
    case "group":
      return `group ${record.key}`;
    case "mailbox":
      return `mailbox ${record.contact}`;
    case "event":
      return `event ${record.event.id}`;
    case "window":
    case "parking":
      return `${record.kind} ${record.id}`;
  }
}

function ofKind<Name extends Kind>(records: readonly ArchiveRecord[], kind: Name): RecordOf<Name>[] {
  return records.filter((record): record is RecordOf<Name> => record.kind === kind);
}

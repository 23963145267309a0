import { clockNote } from "../clock-note.ts";
import { reasonOf } from "../reason.ts";
import { StoreRefused } from "../refused.ts";
import type { StoreNote } from "../store.ts";
import type { SqlClient } from "./client.ts";

const majorMin = 14;
const versionsPerMajor = 10_000;

interface ServerRow {
  readonly version: string;
  readonly version_number: string;
  readonly recovering: boolean;
  readonly read_only: string;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly encoding: string;
  readonly now_ms: string;
}

const question = `
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num') AS version_number,
       pg_is_in_recovery() AS recovering,
       current_setting('transaction_read_only') AS read_only,
       current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('server_encoding') AS encoding,
       (extract(epoch FROM clock_timestamp()) * 1000)::text AS now_ms`;

/** What an operator should know of this server, one line each. Throws StoreRefused when it cannot be used. */
export async function examinePostgres(
  client: SqlClient,
  place: string,
  clock: () => number,
): Promise<StoreNote[]> {
  const askedAt = clock();
  const { rows } = await client.query<ServerRow>(question);
  const answeredAt = clock();
  const [row] = rows;
  if (!row) throw new Error("the server answered nothing");
  refuse(row, place);
  return [
    { level: "info", message: `PostgreSQL ${row.version} at ${place}` },
    ...durabilityNotes(row),
    ...clockNote({ server: "PostgreSQL", serverMs: Number(row.now_ms), askedAt, answeredAt }),
  ];
}

function refuse(row: ServerRow, place: string): void {
  if (Number(row.version_number) < majorMin * versionsPerMajor) {
    throw new StoreRefused(
      `PostgreSQL at ${place} is version ${row.version}: ${majorMin} or newer is needed`,
    );
  }
  if (row.recovering) {
    throw new StoreRefused(
      `PostgreSQL at ${place} is a standby, which takes no writes: name its primary in DATABASE_URL`,
    );
  }
  if (row.read_only === "on") {
    throw new StoreRefused(
      `PostgreSQL at ${place} lets this user only read (default_transaction_read_only is on)`,
    );
  }
  if (row.encoding !== "UTF8") {
    throw new StoreRefused(`the database at ${place} is encoded in ${row.encoding}: one in UTF8 is needed`);
  }
}

function durabilityNotes(row: ServerRow): StoreNote[] {
  const notes: StoreNote[] = [];
  const warn = (message: string) => notes.push({ level: "warning", message });
  if (row.fsync === "off") warn("FSYNC IS OFF: a power cut can destroy the whole database; set fsync = on");
  if (row.full_page_writes === "off") warn("full_page_writes is off: a power cut can damage the database");
  if (row.synchronous_commit === "off") {
    warn("synchronous_commit is off: a crash of PostgreSQL can lose the last second of accepted events");
  }
  if (notes.length > 0) return notes;
  return [
    { level: "info", message: "every commit is on disk before it is answered: nothing accepted can be lost" },
  ];
}

const certificateCodes = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/;

/**
 * SQLSTATE classes 08, 40, 53, 55 and 57 pass by themselves: connection, conflicts, resources, locks, operator
 * intervention. So does what has no SQLSTATE: no answer at all.
 */
export function passesByItself(error: unknown): boolean {
  const code = sqlState(error);
  return code === undefined || /^(?:08|40|53|55|57)/.test(code);
}

/** A server whose primary has become a standby, or that was set to read only. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === "25006";
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The error as one for a person: `StoreRefused` when trying again is of no use. */
export function openingError(error: unknown, place: string): Error {
  if (error instanceof StoreRefused) return error;
  const why = reasonOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (certificateCodes.test(code)) {
    const hint = "a private authority is trusted through NODE_EXTRA_CA_CERTS";
    const message = `PostgreSQL at ${place} has no certificate to be trusted (${why}): ${hint}`;
    return new StoreRefused(message, { cause: error });
  }
  if (/does not support SSL/.test(why) || !passesByItself(error)) {
    return new StoreRefused(`PostgreSQL at ${place} refuses: ${why}`, { cause: error });
  }
  return new Error(`PostgreSQL at ${place} does not answer: ${why}`, { cause: error });
}

/** Host, port and database of a PostgreSQL URL, without its user and password. */
export function postgresPlace(url: string): string {
  if (!URL.canParse(url)) return "the address in DATABASE_URL";
  const { hostname, port, pathname } = new URL(url);
  return `${hostname === "" ? "localhost" : hostname}:${port === "" ? "5432" : port}${pathname}`;
}

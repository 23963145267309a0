import { createHash } from "node:crypto";
import { runMigrations, SchemaVersionMismatchError } from "bullmq";
import { StoreRefused } from "../refused.ts";
import type { SqlClient } from "./client.ts";

/** BullMQ's own tables; a pool handed to it is expected to find them here. */
export const bullmqSchema = "bullmq";

/** The relay's tables of one `STORE_PREFIX`. The prefix is validated as an identifier before it comes here. */
export function relaySchema(prefix: string): string {
  return `relay_${prefix}`;
}

/** In order; append only. `$schema` is the quoted schema name, `$contacts` the quoted name of the queue. */
const migrations: readonly string[] = [
  `
  CREATE TABLE $schema.mailbox_update (
    contact text NOT NULL,
    id text NOT NULL,
    event_id text NOT NULL,
    patch text NOT NULL,
    stamp text COLLATE "C" NOT NULL,
    received_at bigint NOT NULL,
    posted_at bigint NOT NULL,
    PRIMARY KEY (contact, id)
  );
  CREATE INDEX mailbox_update_posted ON $schema.mailbox_update (posted_at);
  CREATE TABLE $schema.mailbox_field (
    contact text NOT NULL,
    field text NOT NULL,
    stamp text COLLATE "C" NOT NULL,
    event_id text NOT NULL,
    PRIMARY KEY (contact, field)
  );
  CREATE TABLE $schema.mailbox_contact (
    contact text PRIMARY KEY,
    history text NOT NULL DEFAULT '[]',
    expires_at bigint NOT NULL
  );
  CREATE INDEX mailbox_contact_expiry ON $schema.mailbox_contact (expires_at);
  CREATE TABLE $schema.mailbox_event (
    contact text NOT NULL,
    event_id text NOT NULL,
    PRIMARY KEY (contact, event_id)
  );
  CREATE TABLE $schema.pacer (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    state text NOT NULL
  );
  `,
  `
  CREATE TABLE $schema.moved (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    mark text NOT NULL
  );
  `,
  `
  CREATE TABLE $schema.mailbox_erased (
    event_id text PRIMARY KEY,
    erased_at bigint NOT NULL
  );
  `,
  // What never changes lies beside what changes with every claim: no change copies a payload or touches the lists' indexes.
  `
  CREATE TABLE $schema.event (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    provider text NOT NULL,
    identity text NOT NULL,
    type text NOT NULL,
    attributes text NOT NULL,
    occurred_at bigint NOT NULL,
    received_at bigint NOT NULL,
    accepted_at bigint NOT NULL,
    payload text NOT NULL
  );
  CREATE INDEX event_accepted ON $schema.event (accepted_at, seq);
  CREATE INDEX event_source ON $schema.event (source, accepted_at, seq);
  CREATE INDEX event_type ON $schema.event (type, accepted_at, seq);
  CREATE SEQUENCE $schema.event_turn;
  CREATE TABLE $schema.event_state (
    id text COLLATE "C" PRIMARY KEY,
    turn bigint NOT NULL DEFAULT nextval('$schema.event_turn'),
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    replay integer NOT NULL,
    retried_at bigint,
    lease text,
    due_at bigint,
    finished_at bigint,
    erased text,
    withdrawn text,
    result text,
    failure text,
    waits_for text
  ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
  CREATE INDEX event_waiting ON $schema.event_state (turn) WHERE state = 'waiting';
  CREATE INDEX event_due ON $schema.event_state (due_at, id) WHERE state IN ('active', 'delayed');
  CREATE INDEX event_completed ON $schema.event_state (finished_at, id) WHERE state = 'completed';
  CREATE INDEX event_failed ON $schema.event_state (finished_at, id) WHERE state = 'failed';
  CREATE TABLE $schema.event_window (
    id text COLLATE "C" PRIMARY KEY,
    event_id text NOT NULL,
    expires_at bigint NOT NULL
  );
  CREATE INDEX event_window_expiry ON $schema.event_window (expires_at);
  `,
  // Ranks: 0 is the usual priority. An event keeps the one that it was accepted with beside the one that it has now. What
  // waits is not to go before everything that comes from now on.
  `
  ALTER TABLE $schema.event ADD COLUMN priority smallint NOT NULL DEFAULT 0;
  ALTER TABLE $schema.event_state ADD COLUMN priority smallint NOT NULL DEFAULT 0;
  ALTER TABLE $schema.mailbox_update ADD COLUMN priority smallint NOT NULL DEFAULT 0;
  CREATE INDEX mailbox_update_priority ON $schema.mailbox_update (contact, priority) WHERE priority <> 0;
  UPDATE bullmq.job SET priority = 4 WHERE queue = $contacts AND state IN ('waiting', 'delayed') AND priority = 0;
  `,
  `
  CREATE TABLE $schema.replay (
    id text COLLATE "C" PRIMARY KEY,
    state text NOT NULL,
    contact text,
    plan text NOT NULL,
    progress text NOT NULL,
    message text,
    created_at bigint NOT NULL,
    finished_at bigint,
    lease text,
    lease_until bigint
  );
  CREATE INDEX replay_running ON $schema.replay (id) WHERE state = 'running';
  CREATE INDEX replay_over ON $schema.replay (finished_at) WHERE state <> 'running';
  `,
  // A line of history is added and never changes. The column that held them all stays for replicas of before.
  `
  CREATE TABLE $schema.mailbox_history (
    contact text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (contact, id)
  );
  CREATE INDEX mailbox_history_at ON $schema.mailbox_history (at);
  INSERT INTO $schema.mailbox_history (contact, at, note)
    SELECT c.contact, (n.note ->> 'at')::numeric::bigint, n.note::text
    FROM $schema.mailbox_contact c, json_array_elements(c.history::json) WITH ORDINALITY AS n (note, place)
    WHERE c.history <> '[]' ORDER BY c.contact, n.place;
  UPDATE $schema.mailbox_contact SET history = '[]' WHERE history <> '[]';
  `,
  // Rows of the last minutes change all the time: there is room beside them for what they become.
  `
  CREATE TABLE $schema.numbers (
    minute bigint NOT NULL,
    name text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (minute, name)
  ) WITH (fillfactor = 50);
  `,
  `
  CREATE TABLE $schema.audit (id text COLLATE "C" PRIMARY KEY, entry text NOT NULL);
  `,
  `
  CREATE TABLE $schema.signed_out (
    id text PRIMARY KEY,
    expires_at bigint NOT NULL
  );
  `,
  "ALTER TABLE $schema.mailbox_update ADD COLUMN trace text",
  `
  CREATE TABLE $schema.notices (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    book text,
    lease text,
    lease_until bigint
  );
  `,
  `
  CREATE TABLE $schema.mailbox_awaited (
    name text NOT NULL,
    contact text NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (name, contact)
  );
  CREATE INDEX mailbox_awaited_contact ON $schema.mailbox_awaited (contact);
  `,
  // `linked` is set on every reference of a person that has several: a settlement of one alone has nobody to look after.
  `
  ALTER TABLE $schema.mailbox_contact
    ADD COLUMN contact_id bigint,
    ADD COLUMN linked boolean NOT NULL DEFAULT false,
    ADD COLUMN held_until bigint NOT NULL DEFAULT 0;
  CREATE INDEX mailbox_contact_person ON $schema.mailbox_contact (contact_id) WHERE contact_id IS NOT NULL;
  CREATE TABLE $schema.mailbox_person (contact_id bigint PRIMARY KEY);
  `,
  `
  CREATE TABLE $schema.replica (
    id text PRIMARY KEY,
    about text NOT NULL,
    seen_at bigint NOT NULL,
    gone_at bigint NOT NULL
  ) WITH (fillfactor = 50);
  `,
  // What is parked, by groups. A piece counts once its wake-up has failed. No row says when the groups of before were counted.
  `
  ALTER TABLE $schema.event_state ADD COLUMN parked_group text COLLATE "C";
  CREATE INDEX event_parked ON $schema.event_state (parked_group, finished_at, id) WHERE state = 'failed';
  CREATE TABLE $schema.parked_piece (
    id text COLLATE "C" PRIMARY KEY,
    job_id text NOT NULL,
    parked_group text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    counted boolean NOT NULL DEFAULT false
  );
  CREATE INDEX parked_piece_job ON $schema.parked_piece (job_id);
  CREATE INDEX parked_piece_pending ON $schema.parked_piece (id) WHERE NOT counted;
  CREATE INDEX parked_piece_group ON $schema.parked_piece (parked_group, at, id) WHERE counted;
  CREATE TABLE $schema.parked_group (
    key text COLLATE "C" PRIMARY KEY,
    count bigint NOT NULL DEFAULT 0,
    sources jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open',
    marked_by text,
    marked_at bigint,
    note text,
    until_at bigint,
    reopened_at bigint
  );
  CREATE TABLE $schema.parked_built (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    built_at bigint NOT NULL
  );
  `,
];

/** What a start would find and do, without doing it. */
export async function describeSchema(client: SqlClient, prefix: string): Promise<string> {
  const schema = relaySchema(prefix);
  const { rows: found } = await client.query<{ there: boolean; may_create: boolean }>(
    `SELECT to_regclass($1) IS NOT NULL AS there,
            has_database_privilege(current_database(), 'CREATE') AS may_create`,
    [`"${schema}".migration`],
  );
  if (found[0]?.there !== true) {
    if (found[0]?.may_create === false) {
      throw new StoreRefused(`this user may not create the schemas "${schema}" and "${bullmqSchema}"`);
    }
    return `schema "${schema}" is not there yet: the first start makes it`;
  }
  const { rows } = await client.query<{ version: number | null }>(
    `SELECT max(version) AS version FROM "${schema}".migration`,
  );
  const current = rows[0]?.version ?? 0;
  refuseNewer(current);
  if (current === migrations.length) return schemaText(prefix, current);
  return `${schemaText(prefix, current)}: the next start brings it to ${migrations.length}`;
}

export function schemaText(prefix: string, version: number): string {
  return `schema "${relaySchema(prefix)}", version ${version}`;
}

function refuseNewer(current: number): void {
  if (current <= migrations.length) return;
  throw new StoreRefused(
    `the database was last used by a newer contact-relay (schema ${current}; this one knows ${migrations.length})`,
  );
}

/**
 * Brings BullMQ's and the relay's tables up to date and answers the version of the relay's; concurrent starters wait
 * for one another.
 */
export async function migrate(client: SqlClient, prefix: string): Promise<number> {
  await migrateBullmq(client);
  const schema = relaySchema(prefix);
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [lockKey(schema)]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await client.query(`CREATE TABLE IF NOT EXISTS "${schema}".migration (version integer PRIMARY KEY)`);
    const { rows } = await client.query<{ version: number | null }>(
      `SELECT max(version) AS version FROM "${schema}".migration`,
    );
    const current = rows[0]?.version ?? 0;
    refuseNewer(current);
    for (const [index, sql] of migrations.entries()) {
      if (index < current) continue;
      await client.query(
        sql.replaceAll("$schema", `"${schema}"`).replaceAll("$contacts", `'${prefix}-contacts'`),
      );
      await client.query(`INSERT INTO "${schema}".migration (version) VALUES ($1)`, [index + 1]);
    }
    await client.query("COMMIT");
    return migrations.length;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function migrateBullmq(client: SqlClient): Promise<void> {
  try {
    await runMigrations(client, bullmqSchema);
  } catch (error) {
    if (error instanceof SchemaVersionMismatchError) throw new StoreRefused(error.message, { cause: error });
    throw error;
  }
}

/** A positive 31-bit number of the schema's own, so that other users of advisory locks are not met. */
function lockKey(schema: string): number {
  return createHash("sha256").update(`contact-relay ${schema}`).digest().readUInt32BE() >>> 1;
}

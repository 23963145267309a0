import { hash } from "node:crypto";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { withDeadline } from "../deadline.ts";
import type { Store, StoreNote, StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { examinePostgres, isReadOnly, openingError, passesByItself, postgresPlace } from "./examine.ts";
import { sharedPace } from "./pace.ts";
import { bullmqSchema, describeSchema, migrate, schemaText } from "./schema.ts";
import { createSqlStore, type BullmqPool } from "./sql-store.ts";

const connectTimeoutMs = 5_000;
/** A server that takes longer over one statement counts as away: everything here is short or repeated. */
const queryTimeoutMs = 10_000;
const awayDelayMs = 200;
/** More different statements than that would not be few. */
const preparedMax = 200;
/** For what somebody is told of, and for the work behind it. */
const durableConnectionsMax = 4;
const workingConnectionsMax = 10;
/** With fewer one statement would wait for another that waits for it. */
const connectionsMin = 2;
const readOnlyReconnectMs = 5_000;
/** Another replica may be at it, and a large table takes its time. */
const migrationTimeoutMs = 120_000;
const prepareDeadlineMs = migrationTimeoutMs + 10_000;

/**
 * A store on a PostgreSQL server (14 or newer), shared by any number of replicas. Rejects when it is out of reach, with
 * `StoreRefused` when it answers but cannot be used.
 */
export async function openPostgresStore(url: string, options: StoreOptions): Promise<Store> {
  const place = postgresPlace(url);
  try {
    const migrated = async (client: SqlClient) =>
      schemaText(options.prefix, await migrate(client, options.prefix));
    for (const note of await visit(url, place, migrated, options.signal)) options.onNote?.(note);
  } catch (error) {
    throw openingError(error, place);
  }
  const sockets = new Set<Socket>();
  const dropSockets = () => {
    for (const socket of sockets) socket.destroy();
  };
  function openPool(max: number, setting?: string): BullmqPool {
    const pool = new pg.Pool({
      ...connectionOf(url, setting),
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      max,
      application_name: "contact-relay",
      stream: () => trackedSocket(sockets),
    });
    pool.on("error", (error) => options.onError(error, "postgres"));
    // A client that is checked out is nobody's but its borrower's: without a listener its lost connection ends us.
    pool.on("connect", (client) => client.on("error", () => undefined));
    // BullMQ takes a pg.Pool; only its declaration of the listeners' types is narrower than pg's.
    return Object.assign(pool, {
      query: patiently(prepared(pool.query.bind(pool)), dropSockets),
      transaction: <Result>(work: (client: SqlClient) => Promise<Result>) => transaction(pool, work),
    }) as unknown as BullmqPool;
  }
  const share = (most: number) => Math.max(connectionsMin, Math.ceil(most / (options.beside ?? 1)));
  const pool = openPool(share(durableConnectionsMax));
  const working = openPool(share(workingConnectionsMax), "synchronous_commit=off");
  const endPools = async () => {
    await Promise.all([pool.end(), working.end()]);
  };
  return createSqlStore(
    {
      engine: "postgres",
      pool,
      working,
      changePace: sharedPace(working, options.prefix),
      clock: Date.now,
      closePool: endPools,
      dropPool: () => {
        dropSockets();
        void endPools().catch(() => undefined);
      },
    },
    options,
  );
}

/** What an operator should know of the server, one line each; nothing is changed. Rejects as opening it would. */
export async function lookAtPostgres(url: string, prefix: string): Promise<StoreNote[]> {
  const place = postgresPlace(url);
  try {
    return await visit(url, place, (client) => describeSchema(client, prefix));
  } catch (error) {
    throw openingError(error, place);
  }
}

function trackedSocket(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  return socket.once("close", () => sockets.delete(socket));
}

/** A statement is planned once per connection: those with parameters are few and come again and again. */
function prepared(query: (statement: pg.QueryConfig) => Promise<unknown>): SqlClient["query"] {
  const names = new Map<string, string>();
  return async (text, params = []) => {
    if (params.length === 0) return (await query({ text })) as never;
    if (!names.has(text) && names.size < preparedMax) names.set(text, hash("sha1", text));
    const name = names.get(text);
    return (await query({ ...(name === undefined ? {} : { name }), text, values: [...params] })) as never;
  };
}

/**
 * BullMQ's workers repeat a failed query at once, for as long as it takes: while the server is away that would fill
 * the log and the processor, so only errors about the statement itself come back without delay. A server that has
 * become a standby keeps its connections: the way to the new primary leads over new ones.
 */
function patiently(query: SqlClient["query"], reconnect: () => void): SqlClient["query"] {
  let reconnectedAt = Number.NEGATIVE_INFINITY;
  return async (text, params) => {
    try {
      return await query(text, params);
    } catch (error) {
      if (isReadOnly(error) && performance.now() - reconnectedAt > readOnlyReconnectMs) {
        reconnectedAt = performance.now();
        reconnect();
      }
      if (isReadOnly(error) || passesByItself(error)) await sleep(awayDelayMs);
      throw error;
    }
  };
}

/** Looks at the server and then at its tables, over a connection of its own. */
async function visit(
  url: string,
  place: string,
  seeSchema: (client: SqlClient) => Promise<string>,
  signal?: AbortSignal,
): Promise<StoreNote[]> {
  const sockets = new Set<Socket>();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: migrationTimeoutMs,
    application_name: "contact-relay",
    stream: () => trackedSocket(sockets),
  });
  client.on("error", () => undefined);
  async function prepare(): Promise<StoreNote[]> {
    await client.connect();
    const looking = examinePostgres(client, place, Date.now);
    const notes = await withDeadline(looking, connectTimeoutMs, "no answer");
    return [...notes, { level: "info", message: await seeSchema(client) }];
  }
  try {
    const notes = await withDeadline(prepare(), prepareDeadlineMs, "no answer", signal);
    await withDeadline(client.end(), connectTimeoutMs, "no goodbye").catch(() => undefined);
    return notes;
  } finally {
    // A server that is frozen would be waited for in vain by a polite end.
    for (const socket of sockets) socket.destroy();
  }
}

/** Options that the URL brings along would replace ours, which BullMQ's SQL cannot do without. */
function connectionOf(url: string, setting?: string): { connectionString: string; options: string } {
  const also = setting === undefined ? "" : ` -c ${setting}`;
  const searchPath = `-c search_path=${bullmqSchema}${also}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const own = parsed?.searchParams.get("options");
  if (!parsed || !own) return { connectionString: url, options: searchPath };
  parsed.searchParams.delete("options");
  return { connectionString: parsed.href, options: `${own} ${searchPath}` };
}

async function transaction<Result>(
  pool: pg.Pool,
  work: (client: SqlClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (error) {
    // Dropping the connection undoes everything too, and cannot be kept waiting.
    client.release(true);
    throw error;
  }
}

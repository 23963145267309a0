import { EventEmitter } from "node:events";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { PGlite } from "@electric-sql/pglite";
import type { SqlClient, SqlPool, SqlResult } from "./client.ts";

/** PGlite runs queued queries back to back as microtasks; timers and sockets get their turn this often. */
const turnMs = 4;

/**
 * PGlite in the shape of a `pg.Pool`, as far as BullMQ and this store use one. There is one session below:
 * queries run one after the other, and a transaction has the session for itself until it ends.
 */
export class PglitePool extends EventEmitter implements SqlPool {
  readonly #db: PGlite;
  #tail: Promise<unknown> = Promise.resolve();
  #turnStartedAt = performance.now();
  readonly #clients = new Set<PgliteClient>();
  readonly #stopListening: () => void;

  constructor(db: PGlite) {
    super();
    this.#db = db;
    this.#stopListening = db.onNotification((channel, payload) => {
      for (const client of this.#clients) client.emit("notification", { channel, payload });
    });
  }

  async query<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    return await this.exclusively(() => this.run<Row>(text, params));
  }

  /** A client of its own life-cycle; the session behind it is the only one there is. */
  connect(): Promise<PgliteClient> {
    const client = new PgliteClient(this, () => this.#clients.delete(client));
    this.#clients.add(client);
    return Promise.resolve(client);
  }

  async transaction<Result>(work: (client: SqlClient) => Promise<Result>): Promise<Result> {
    return await this.exclusively(async () => {
      const client: SqlClient = { query: (text, params) => this.run(text, params) };
      await this.run("BEGIN");
      try {
        const result = await work(client);
        await this.run("COMMIT");
        return result;
      } catch (error) {
        await this.run("ROLLBACK");
        throw error;
      }
    });
  }

  /** Runs `work` when everything asked for before it has finished. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return await result;
  }

  /** For whoever holds the session already. Several statements are possible without parameters. */
  async run<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    // Here and not where the session is taken: a transaction of many statements gives everybody their turn as well.
    if (performance.now() - this.#turnStartedAt > turnMs) {
      await yieldToEventLoop();
      this.#turnStartedAt = performance.now();
    }
    if (params === undefined || params.length === 0) {
      const results = await this.#db.exec(text);
      const last = results.at(-1);
      return { rows: (last?.rows ?? []) as Row[], rowCount: last?.affectedRows ?? 0 };
    }
    const result = await this.#db.query<Row>(text, [...params]);
    return { rows: result.rows, rowCount: result.affectedRows ?? 0 };
  }

  /** Waits for what was asked for; the database itself is closed by its owner. */
  async end(): Promise<void> {
    await this.#tail;
    this.#stopListening();
    this.#clients.clear();
  }
}

/** A checked-out client: from BEGIN to COMMIT or ROLLBACK it has the session for itself. */
export class PgliteClient extends EventEmitter implements SqlClient {
  /** The connection is this process: it cannot be dropped silently. Read by BullMQ's keep-alive check. */
  readonly connection = { stream: { setKeepAlive: () => undefined } };
  readonly #pool: PglitePool;
  readonly #forget: () => void;
  #endTransaction: (() => void) | undefined;
  #released = false;

  constructor(pool: PglitePool, forget: () => void) {
    super();
    this.#pool = pool;
    this.#forget = forget;
    this.setMaxListeners(0);
  }

  async query<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    const verb = /^\s*(BEGIN|COMMIT|ROLLBACK)\b/i.exec(text)?.[1]?.toUpperCase();
    if (verb === "BEGIN" && !this.#endTransaction) await this.#holdSession();
    if (this.#released) throw new Error("Client was closed and is not queryable");
    if (!this.#endTransaction) return await this.#pool.query<Row>(text, params);
    try {
      return await this.#pool.run<Row>(text, params);
    } finally {
      if (verb === "COMMIT" || verb === "ROLLBACK") this.#letSessionGo();
    }
  }

  /** What was begun and not ended is undone: the session behind belongs to everybody. */
  release(): void {
    this.#released = true;
    if (this.#endTransaction) {
      const letGo = this.#endTransaction;
      this.#endTransaction = undefined;
      void this.#pool
        .run("ROLLBACK")
        .catch((error: unknown) => this.#pool.emit("error", error))
        .finally(letGo);
    }
    this.#forget();
    this.removeAllListeners();
  }

  async #holdSession(): Promise<void> {
    await new Promise<void>((holding) => {
      void this.#pool.exclusively(
        () =>
          new Promise<void>((done) => {
            if (this.#released) done();
            else this.#endTransaction = done;
            holding();
          }),
      );
    });
  }

  #letSessionGo(): void {
    this.#endTransaction?.();
    this.#endTransaction = undefined;
  }
}

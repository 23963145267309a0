/** The part of `pg` that the SQL adapter and BullMQ use; PGlite is dressed up as the same. */
export interface SqlResult<Row> {
  rows: Row[];
  rowCount?: number | null;
}

export interface SqlClient {
  query<Row = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<SqlResult<Row>>;
}

export interface SqlPool extends SqlClient {
  /** Runs `work` in one transaction on one connection. */
  transaction<Result>(work: (client: SqlClient) => Promise<Result>): Promise<Result>;
}

/** Where to write; one and the same where there is only one session. */
export interface SqlPools {
  /** What is written here is durable before anybody is told of it: acceptance, and what an operator asks for. */
  readonly pool: SqlPool;
  /**
   * For everything else. A commit here need not have reached the disk: a server that falls over may forget the last of
   * them, from one point on and never one in between, and what they say is done again. No event is accepted over it, and
   * whatever is committed over the other makes these durable too.
   */
  readonly working: SqlPool;
}

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

import { parsePace, type ChangePace } from "../pace.ts";
import type { SqlClient } from "./client.ts";
import { relaySchema } from "./schema.ts";

/** One row, by the server's clock: the same pace for every replica. Written only if nobody else has in between. */
export function sharedPace(client: SqlClient, prefix: string): ChangePace {
  const table = `"${relaySchema(prefix)}".pacer`;
  const read = `SELECT (SELECT state FROM ${table}) AS state,
    (extract(epoch FROM clock_timestamp()) * 1000)::text AS now`;
  const write = `UPDATE ${table} SET state = $2 WHERE state = $1 RETURNING 1 AS written`;
  const begin = `INSERT INTO ${table} (state) VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1 AS written`;
  return async (change) => {
    for (;;) {
      const found = await client.query<{ state: string | null; now: string }>(read);
      const { state = null, now = String(Date.now()) } = found.rows[0] ?? {};
      const before = parsePace(state);
      const changed = change(before, Number(now));
      if (changed.pace === before) return changed.result;
      const text = JSON.stringify(changed.pace);
      const { rows } =
        state === null ? await client.query(begin, [text]) : await client.query(write, [state, text]);
      if (rows.length > 0) return changed.result;
    }
  };
}

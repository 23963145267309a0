import { relaySchema } from "./schema.ts";

/** Marks are by the server's clock, which all replicas share. */
const serverNow = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

export function parkedTables(prefix: string) {
  const schema = `"${relaySchema(prefix)}"`;
  const group = `${schema}.parked_group`;
  return {
    piece: `${schema}.parked_piece`,
    group,
    built: `${schema}.parked_built`,
    /** What is parked is counted anew when it is next asked for: before and after something is brought in beside the index. */
    uncount: `DELETE FROM ${schema}.parked_built`,
    /**
     * The end of a statement in which something joins (1) or leaves (-1) groups, as `moved` says: key, source, change. Rows
     * are locked in the order of their keys. What was acknowledged is open again as soon as something joins.
     */
    counted: `summed AS (
        SELECT key, sum(change)::bigint AS count, jsonb_object_agg(source, change) FILTER (WHERE source <> '') AS sources
        FROM (SELECT key, source, sum(change)::bigint AS change FROM moved GROUP BY key, source) each GROUP BY key
      ), counted AS (
        INSERT INTO ${group} AS held (key, count, sources)
        SELECT key, count, coalesce(sources, '{}') FROM summed ORDER BY key
        ON CONFLICT (key) DO UPDATE SET
          count = held.count + excluded.count,
          sources = (SELECT coalesce(jsonb_object_agg(source, change), '{}') FROM (
            SELECT source, sum(change) AS change FROM (
              SELECT h.key AS source, h.value::text::bigint AS change FROM jsonb_each(held.sources) h
              UNION ALL SELECT x.key, x.value::text::bigint FROM jsonb_each(excluded.sources) x) parts
            GROUP BY source HAVING sum(change) > 0) left_over),
          state = CASE WHEN excluded.count > 0 AND held.state = 'acknowledged' THEN 'open' ELSE held.state END,
          reopened_at = CASE WHEN excluded.count > 0 AND held.state = 'acknowledged' THEN ${serverNow}
            ELSE held.reopened_at END
      )`,
  };
}

import { readJsonObject } from "../body.ts";
import type { HandshakeAnswer, InboundRequest } from "../provider.ts";
import { bulkEntries } from "./bulk.ts";

/** What the sidecar reads of a success: one status, or one for each entry; an entry without one would come again. */
export function acknowledge({ body }: InboundRequest): HandshakeAnswer {
  const json = readJsonObject(body);
  const entries = json.ok ? bulkEntries(json.value) : undefined;
  const status = "SUCCESS";
  const answer = entries ? { statuses: entries.map(({ entryId }) => ({ entryId, status })) } : { status };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
}

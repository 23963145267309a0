import { isObject, parseJson } from "../body.ts";
import type { Completion, JsonObject, Lookup, LookupAnswer, MappableEvent } from "../provider.ts";
import { readGraphAnswer, retryMs, type GraphAnswer } from "./graph.ts";
import { isDashboardTest, isLead, leadId, leadOf } from "./notification.ts";

const graphUrl = "https://graph.facebook.com/v23.0";
/** Meta asks for further permissions for what belongs to the ad. */
const leadFields = "id,created_time,form_id,field_data";
const allFields = "id,created_time,form_id,ad_id,campaign_id,is_organic,platform,field_data";

/**
 * A notification only names its lead: the answers are fetched from the Graph API, `GET /{leadgen_id}`. The token goes
 * in a header, never in the address. What somebody can put right without losing the lead, such as a token that has
 * expired, is tried again until the event is too old, and then kept as failed.
 */
export async function complete(event: MappableEvent, lookup: Lookup): Promise<Completion> {
  const read = parseJson(event.payload);
  const notification = read.ok && isObject(read.value) ? read.value : undefined;
  const id = notification && leadId(notification);
  if (notification === undefined || id === undefined) return failed("the notification names no lead");
  if (leadOf(notification) || isDashboardTest(notification)) {
    return { kind: "complete", payload: event.payload };
  }
  const address = `${(lookup.apiUrl ?? graphUrl).replace(/\/$/, "")}/${id}`;
  if (!URL.canParse(address)) return failed("api_url (META_LEAD_ADS_API_URL) is not an address");
  const ask = async (fields: string) => readGraphAnswer(await get(address, fields, lookup));
  const answer = await ask(allFields);
  const lead = answer.kind === "not-permitted" ? await ask(leadFields) : answer;
  return completion(lead, notification);
}

async function get(address: string, fields: string, lookup: Lookup): Promise<LookupAnswer> {
  const url = new URL(address);
  url.search = `?fields=${fields}`;
  return await lookup.get(url, {
    accept: "application/json",
    authorization: `Bearer ${lookup.accessToken}`,
  });
}

function completion(answer: GraphAnswer, notification: JsonObject): Completion {
  switch (answer.kind) {
    case "object":
      return withLead(notification, answer.value);
    case "later":
      return answer;
    case "not-permitted":
      return later(
        `the access token may not read this lead (${answer.error}): it needs the permission leads_retrieval, ` +
          "and in the Leads Access Manager its owner needs access; the lead waits",
        retryMs.access,
      );
    case "refused":
      return failed(answer.message);
  }
}

function withLead(notification: JsonObject, lead: JsonObject): Completion {
  if (!isLead(lead)) {
    const message = "the Graph API answered without field_data: the access token needs leads_retrieval";
    return later(message, retryMs.access);
  }
  const payload = JSON.stringify({ ...notification, lead });
  return parseJson(payload).ok
    ? { kind: "complete", payload }
    : later("the Graph API's answer cannot be read", retryMs.unreadable);
}

function later(message: string, delayMs: number): Completion {
  return { kind: "later", message, delayMs };
}

function failed(message: string): Completion {
  return { kind: "failed", message };
}

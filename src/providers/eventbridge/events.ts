import { readJsonObject, saysJson } from "../body.ts";
import { checkEventBridge } from "../carried.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

export function parse({ headers, body }: InboundRequest): Parsed {
  if (!saysJson(headers)) return { kind: "unsupported", message: "EventBridge sends application/json." };
  const json = readJsonObject(body);
  if (!json.ok) return { kind: "malformed", message: json.message };
  const checked = checkEventBridge(json.value, json.text);
  if (!checked.ok) return { kind: "malformed", message: checked.message };
  return { kind: "events", events: [checked.event] };
}

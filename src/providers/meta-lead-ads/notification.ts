import { at, isList, isObject } from "../body.ts";
import type { JsonObject, JsonValue } from "../provider.ts";

/** The lead that the Test button of the App Dashboard notifies of: there is none behind it. */
const dashboardLeadId = "444444444444";

/** The id as text: Meta documents a number, and sends text. Digits alone, for it becomes part of an address. */
export function leadId(notification: JsonValue): string | undefined {
  const id = at(notification, "leadgen_id");
  const text = typeof id === "number" || typeof id === "string" ? String(id) : "";
  return /^\d{1,40}$/.test(text) ? text : undefined;
}

/** The lead as the Graph API answers it, once it has been fetched. */
export function leadOf(notification: JsonValue): JsonObject | undefined {
  const lead = at(notification, "lead");
  return isLead(lead) ? lead : undefined;
}

export function isLead(value: JsonValue | undefined): value is JsonObject {
  return isObject(value) && isList(at(value, "field_data"));
}

export function isDashboardTest(notification: JsonValue): boolean {
  return leadId(notification) === dashboardLeadId;
}

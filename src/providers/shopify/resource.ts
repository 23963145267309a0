import { at, isObject, textAt } from "../body.ts";
import type { JsonObject } from "../provider.ts";

/** What the newer Events put into the signed body: `Customer` and `update`. Classic webhooks have no such members. */
export function announcementOf(body: JsonObject): { topic: string; action: string } | undefined {
  const topic = textAt(body, "topic");
  const action = textAt(body, "action");
  const isEvent = Object.hasOwn(body, "fields_changed") || Object.hasOwn(body, "handle");
  return topic === undefined || action === undefined || !isEvent ? undefined : { topic, action };
}

/**
 * Where in a body the resource is that it speaks of, as the beginning of a dotted path: `""` for a webhook, whose body
 * is the resource; `customer.` for a REST answer; `data.customer.` for the query result of an Event.
 */
export function resourcePrefix(body: JsonObject): string {
  const announced = announcementOf(body);
  if (announced) {
    const topic = announced.topic.charAt(0).toLowerCase() + announced.topic.slice(1);
    const names = [topic, "customer", "order", "draftOrder", "abandonedCheckout"];
    const name = names.find((name) => isObject(at(body, `data.${name}`)));
    return name === undefined ? "data." : `data.${name}.`;
  }
  const [only, ...others] = Object.keys(body);
  const isWrapped =
    others.length === 0 && ["customer", "order", "checkout", "draft_order"].includes(only ?? "");
  return isWrapped ? `${only}.` : "";
}

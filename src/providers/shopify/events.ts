import { attributesOf, at, readJsonObject, saysJson, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";
import { privacyRequest } from "./privacy.ts";
import { announcementOf, resourcePrefix } from "./resource.ts";

/**
 * One event per request. Only the body is signed: the topic header names the event's type and nothing more, the body
 * itself is the event's identity, and its time is the body's, never the header's `X-Shopify-Triggered-At`: whoever
 * repeats an old body under a new time would overwrite what is newer.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) {
    return { kind: "unsupported", message: "Choose JSON as the webhook's format." };
  }
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  return {
    kind: "events",
    events: [
      {
        id: undefined,
        type: topicOf(request, read.value),
        occurredAt: changedAt(read.value),
        attributes: attributesOf(delivery(request)),
        payload: read.text,
        mandatory: privacyRequest(read.value) !== undefined,
      },
    ],
  };
}

/** `orders/create`; the `Order` and `create` of an Event, signed within its body, become the same. */
function topicOf({ headers }: InboundRequest, body: JsonObject): string {
  const announced = announcementOf(body);
  if (announced) return classicTopic(announced.topic, announced.action);
  const topic = (headers["x-shopify-topic"] ?? headers["shopify-topic"] ?? "").trim();
  const action = (headers["shopify-action"] ?? "").trim();
  if (topic === "") return "unknown";
  return action === "" || topic.includes("/") ? topic.toLowerCase() : classicTopic(topic, action);
}

function classicTopic(topic: string, action: string): string {
  const resource = topic.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  const plural = resource.endsWith("s") ? resource : `${resource.replace(/y$/, "ie")}s`;
  const classic = `${plural}/${action.toLowerCase()}`;
  return classic === "orders/update" ? "orders/updated" : classic;
}

const changed = [
  "updated_at",
  "updatedAt",
  "sms_marketing_consent.consent_updated_at",
  "email_marketing_consent.consent_updated_at",
];
const changedOrCreated = [...changed, "processed_at", "processedAt", "created_at", "createdAt"];

/**
 * When what the body describes last changed, by the body's own word. An Event holds what its query asks for: of an
 * update that does not ask for the time of change, the time of creation says nothing.
 */
function changedAt(body: JsonObject): number | undefined {
  const action = announcementOf(body)?.action.toLowerCase();
  const paths = action === undefined || action === "create" ? changedOrCreated : changed;
  const prefix = resourcePrefix(body);
  for (const path of paths) {
    const time = timeOf(at(body, prefix + path));
    if (time !== undefined) return time;
  }
  return undefined;
}

function delivery({ headers }: InboundRequest) {
  const said = (name: string) => headers[`x-shopify-${name}`] ?? headers[`shopify-${name}`];
  return {
    shop: said("shop-domain"),
    apiVersion: said("api-version"),
    webhookId: said("webhook-id"),
    eventId: said("event-id"),
  };
}

import { at, readJsonObject, saysJson, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/**
 * One event per request. Only the body is signed: the topic header names the event's type and nothing more, the body
 * itself is the event's identity, and its time is the body's, not the header's `X-Shopify-Triggered-At`.
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
        type: topicOf(request),
        occurredAt: changedAt(read.value),
        attributes: attributesOf(request),
        payload: read.text,
      },
    ],
  };
}

/** `orders/create`; of the newer family `Order` and `create` become the same. */
function topicOf({ headers }: InboundRequest): string {
  const topic = headers["x-shopify-topic"] ?? headers["shopify-topic"] ?? "";
  const action = headers["shopify-action"];
  if (topic === "") return "unknown";
  if (action === undefined || topic.includes("/")) return topic.toLowerCase();
  const resource = topic.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return `${resource.endsWith("s") ? resource : `${resource}s`}/${action.toLowerCase()}`;
}

/** When what the body describes last changed, by the body's own word. */
function changedAt(body: JsonObject): number | undefined {
  const paths = [
    "updated_at",
    "updatedAt",
    "sms_marketing_consent.consent_updated_at",
    "email_marketing_consent.consent_updated_at",
    "processed_at",
    "created_at",
    "createdAt",
    "customer.updated_at",
    "order.updated_at",
  ];
  return paths.map((path) => timeOf(at(body, path))).find((time) => time !== undefined);
}

function attributesOf({ headers }: InboundRequest): Record<string, string> {
  const names = {
    shop: "shop-domain",
    apiVersion: "api-version",
    webhookId: "webhook-id",
    eventId: "event-id",
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, header]) => {
      const value = headers[`x-shopify-${header}`] ?? headers[`shopify-${header}`];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

import { attributesOf, readJsonObject, saysJson, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, JsonValue, Parsed } from "../provider.ts";
import { resourceOf } from "./resource.ts";

/**
 * One resource per request, as the REST API shows it. Only the body is signed, so the topic header names the type and
 * nothing more. The body is the event's identity too. The delivery id is unsigned and the same for all deliveries of
 * a second; resource, id and `date_modified_gmt` are signed, but one second holds two different saves of an order, and
 * the second would be lost. Their bodies differ, and the later arrival wins where the times are equal.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) {
    return { kind: "unsupported", message: "WooCommerce sends application/json." };
  }
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  return {
    kind: "events",
    events: [
      {
        id: undefined,
        type: topicOf(request, read.value),
        occurredAt: utcTime(read.value["date_modified_gmt"]) ?? utcTime(read.value["date_created_gmt"]),
        attributes: attributesOf(delivery(request)),
        payload: read.text,
      },
    ],
  };
}

/** `order.updated`; without a header what the body shows, `order.unknown`, so that a pattern like `order.*` still fits. */
function topicOf({ headers }: InboundRequest, body: JsonObject): string {
  const topic = headers["x-wc-webhook-topic"]?.trim() ?? "";
  if (topic !== "") return topic;
  const resource = resourceOf(body);
  if (resource === "deleted") return "unknown.deleted";
  return resource === "unknown" || resource === "error" ? "unknown" : `${resource}.unknown`;
}

/** The `…_gmt` times are in UTC and written without a zone. */
function utcTime(value: JsonValue | undefined): number | undefined {
  return timeOf(value) ?? (typeof value === "string" ? timeOf(`${value}Z`) : undefined);
}

function delivery({ headers }: InboundRequest) {
  const said = (name: string) => headers[`x-wc-webhook-${name}`];
  return { shop: said("source"), webhookId: said("id"), deliveryId: said("delivery-id") };
}

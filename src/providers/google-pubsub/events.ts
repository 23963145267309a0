import { unreadableBecause } from "../../contact/unreadable.ts";
import { decodeUtf8, isObject, isJsonType, mediaType, parseJson, textAt, timeOf } from "../body.ts";
import { carriedEvent, type KnownOfMessage } from "../carried.ts";
import { checkEvent, isBase64, own } from "../cloud-event.ts";
import { isBinaryMode, toStructured } from "../cloud-event-binary.ts";
import type { InboundRequest, JsonObject, Parsed, ProviderEvent } from "../provider.ts";
import { unreadableEvent } from "../unreadable.ts";

/** One message, however it comes: its bytes, and what is known of it. */
interface Message {
  readonly data: Buffer;
  /** By lower-case names; of a message that is not wrapped, among all headers of the request. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly isWrapped: boolean;
  readonly id: string | undefined;
  readonly publishedAt: string | undefined;
  readonly subscription: string | undefined;
  readonly orderingKey: string | undefined;
}

const metadata = "x-goog-pubsub-";

/**
 * Reads a push, wrapped or not. What cannot be read is an event too, which is kept for a person: refused it would come again
 * until its retention ends, up to 31 days later.
 */
export function parse(request: InboundRequest): Parsed {
  const text = decodeUtf8(request.body);
  const json = text === undefined ? undefined : parseJson(text);
  const message = json?.ok && isObject(json.value) ? wrapped(json.value) : undefined;
  if (message === "unreadable") return unread("The message's data is not base64.", request);
  if (!message && json?.ok !== true && isJsonType(mediaType(request.headers))) {
    return unread(json?.message ?? "The body is not valid UTF-8.", request);
  }
  const event = eventOf(message ?? unwrapped(request));
  return typeof event === "string" ? unread(event, request) : { kind: "events", events: [event] };
}

function unread(message: string, { body }: InboundRequest): Parsed {
  return { kind: "events", events: [unreadableEvent(message, body)] };
}

/** `{"message": {…}, "subscription": "…"}`; undefined where it is not that. */
function wrapped(body: JsonObject): Message | "unreadable" | undefined {
  const message = own(body, "message");
  const subscription = textAt(body, "subscription");
  if (!isObject(message) || subscription === undefined) return undefined;
  const data = own(message, "data") ?? "";
  if (typeof data !== "string" || !isBase64(data)) return "unreadable";
  const attributes = own(message, "attributes");
  return {
    data: Buffer.from(data, "base64"),
    attributes: Object.fromEntries(
      Object.entries(isObject(attributes) ? attributes : {}).flatMap(([name, value]) =>
        typeof value === "string" && name.toLowerCase() !== unreadableBecause
          ? [[name.toLowerCase(), value]]
          : [],
      ),
    ),
    isWrapped: true,
    id: textAt(message, "messageId") ?? textAt(message, "message_id"),
    publishedAt: textAt(message, "publishTime") ?? textAt(message, "publish_time"),
    orderingKey: textAt(message, "orderingKey"),
    subscription,
  };
}

/** The data alone. What else is known stands in headers, where the subscription writes metadata: attributes under their names. */
function unwrapped({ headers, body }: InboundRequest): Message {
  const said = (name: string) => headers[`${metadata}${name}`];
  return {
    data: body,
    attributes: headers,
    isWrapped: false,
    id: said("message-id"),
    publishedAt: said("publish-time"),
    subscription: said("subscription-name"),
    orderingKey: said("ordering-key"),
  };
}

/** A message why not, where a CloudEvent in attributes is none. */
function eventOf(message: Message): ProviderEvent | string {
  const { attributes, isWrapped, subscription, orderingKey, id } = message;
  const about = { subscription, orderingKey, messageId: id };
  // Nobody can tell the attributes among headers from those that hold a key.
  const shown = Object.entries(isWrapped ? attributes : {});
  const known: KnownOfMessage = {
    id: id === undefined ? undefined : JSON.stringify(["message", id]),
    type: attributes["type"] ?? attributes["eventtype"] ?? "message",
    occurredAt: timeOf(message.publishedAt),
    attributes: Object.fromEntries(
      [...shown, ...Object.entries(about)].filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    ),
  };
  if (!isBinaryMode(attributes)) return carriedEvent(message.data, known);
  const binary = { headers: attributes, body: message.data };
  const structured = isWrapped ? toStructured(binary, (written) => written) : toStructured(binary);
  if (!structured.ok) return structured.message;
  const json = parseJson(structured.text);
  if (!json.ok || !isObject(json.value)) return "The event in the message's attributes cannot be read.";
  const checked = checkEvent(json.value, structured.text);
  if (!checked.ok) return checked.message;
  const { event } = checked;
  return {
    ...event,
    occurredAt: event.occurredAt ?? known.occurredAt,
    attributes: { ...known.attributes, ...event.attributes },
  };
}

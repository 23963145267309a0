import { unreadableBecause } from "../../contact/unreadable.ts";
import { timeOf } from "../body.ts";
import { carriedEvent } from "../carried.ts";
import type { InboundRequest, Parsed } from "../provider.ts";
import { confirmationAddress } from "./address.ts";
import { readEnvelope, type Envelope } from "./envelope.ts";

const usualType = "Notification";

/** What the body is decides, and never a header: headers are not signed. */
export function parse({ headers, body }: InboundRequest): Parsed {
  const envelope = readEnvelope(body);
  if (!envelope) return raw(headers, body);
  switch (envelope.type) {
    case usualType:
      return notification(envelope);
    case "SubscriptionConfirmation": {
      const visit = confirmationAddress(envelope.subscribeUrl ?? "", envelope.topic);
      return visit
        ? { kind: "ignored", reason: "subscription-confirmation", visit }
        : { kind: "malformed", message: "The SubscribeURL does not confirm a subscription to this topic." };
    }
    case "UnsubscribeConfirmation":
      return { kind: "ignored", reason: "unsubscribe-confirmation" };
    default:
      return { kind: "malformed", message: "This Type of message is not known." };
  }
}

function notification(envelope: Envelope): Parsed {
  const { attributes, message, messageId, subject, timestamp, topic } = envelope;
  const own = Object.entries(attributes).filter(([name]) => name !== unreadableBecause);
  const event = carriedEvent(Buffer.from(message), {
    id: identityOf(messageId),
    type: attributes["type"] ?? attributes["eventType"] ?? usualType,
    occurredAt: timeOf(timestamp),
    attributes: { ...Object.fromEntries(own), ...given({ topic, messageId, subject }) },
  });
  return { kind: "events", events: [event] };
}

/** Raw delivery: the message as it was published, without its attributes. */
function raw(headers: Readonly<Record<string, string>>, body: Buffer): Parsed {
  const messageId = headers["x-amz-sns-message-id"];
  const topic = headers["x-amz-sns-topic-arn"];
  const event = carriedEvent(body, {
    id: messageId === undefined ? undefined : identityOf(messageId),
    type: usualType,
    occurredAt: undefined,
    attributes: given({ topic, messageId }),
  });
  return { kind: "events", events: [event] };
}

function identityOf(messageId: string): string {
  return JSON.stringify(["message", messageId]);
}

function given(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

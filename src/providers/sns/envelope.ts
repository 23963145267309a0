import { isObject, readJsonObject, textAt } from "../body.ts";
import { own } from "../cloud-event.ts";
import type { JsonObject } from "../provider.ts";

/** What SNS puts around a message. All of it is text. */
export interface Envelope {
  readonly type: string;
  readonly messageId: string;
  readonly topic: string;
  readonly message: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly signatureVersion: string;
  readonly certificateUrl: string;
  readonly subject: string | undefined;
  readonly subscribeUrl: string | undefined;
  readonly token: string | undefined;
  /** Not signed. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Undefined where the body is no envelope: then it is a message as it was published. */
export function readEnvelope(body: Buffer): Envelope | undefined {
  const json = readJsonObject(body);
  if (!json.ok) return undefined;
  const { value } = json;
  const message = own(value, "Message");
  const [type, messageId, topic, timestamp, signature, signatureVersion, certificateUrl] = [
    "Type",
    "MessageId",
    "TopicArn",
    "Timestamp",
    "Signature",
    "SignatureVersion",
    "SigningCertURL",
  ].map((name) => textAt(value, name));
  if (type === undefined || messageId === undefined || topic === undefined || timestamp === undefined) {
    return undefined;
  }
  if (signature === undefined || signatureVersion === undefined || certificateUrl === undefined) {
    return undefined;
  }
  if (typeof message !== "string") return undefined;
  const subject = own(value, "Subject");
  return {
    type,
    messageId,
    topic,
    message,
    timestamp,
    signature,
    signatureVersion,
    certificateUrl,
    subject: typeof subject === "string" ? subject : undefined,
    subscribeUrl: textAt(value, "SubscribeURL"),
    token: textAt(value, "Token"),
    attributes: attributesIn(value),
  };
}

/** `{"type": {"Type": "String", "Value": "contact.changed"}}`, but for what is binary. */
function attributesIn(value: JsonObject): Readonly<Record<string, string>> {
  const attributes = own(value, "MessageAttributes");
  if (!isObject(attributes)) return {};
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      const text = textAt(attribute, "Value");
      return text === undefined || textAt(attribute, "Type") === "Binary" ? [] : [[name, text]];
    }),
  );
}

export const confirmations = ["SubscriptionConfirmation", "UnsubscribeConfirmation"];

/**
 * What SNS signs: names and values in this order, each on a line; undefined where something is missing, or where a line break
 * in anything but the message would let it be read in another way.
 */
export function signedText(envelope: Envelope): string | undefined {
  const { type, messageId, topic, message, timestamp, subject, subscribeUrl, token } = envelope;
  const isConfirmation = confirmations.includes(type);
  if (isConfirmation && (subscribeUrl === undefined || token === undefined)) return undefined;
  const parts: readonly (readonly [string, string | undefined])[] = isConfirmation
    ? [
        ["Message", message],
        ["MessageId", messageId],
        ["SubscribeURL", subscribeUrl],
        ["Timestamp", timestamp],
        ["Token", token],
        ["TopicArn", topic],
        ["Type", type],
      ]
    : [
        ["Message", message],
        ["MessageId", messageId],
        ["Subject", subject],
        ["Timestamp", timestamp],
        ["TopicArn", topic],
        ["Type", type],
      ];
  if (parts.some(([name, value]) => name !== "Message" && value?.includes("\n"))) return undefined;
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}\n${value}\n`])).join("");
}

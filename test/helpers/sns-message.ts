import { sign, type KeyObject } from "node:crypto";

export type SnsMessage = Readonly<Record<string, string>>;

/** The names that SNS signs, by the type of the message, as its documentation lists them. */
const signed: Readonly<Record<string, readonly string[]>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

/** The message with the signature that SNS would put on it. */
export function signedBySns(message: SnsMessage, key: KeyObject): SnsMessage {
  const names = signed[message["Type"] ?? ""] ?? [];
  const text = names
    .filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${message[name]}\n`)
    .join("");
  const algorithm = message["SignatureVersion"] === "1" ? "RSA-SHA1" : "RSA-SHA256";
  return { ...message, Signature: sign(algorithm, Buffer.from(text), key).toString("base64") };
}

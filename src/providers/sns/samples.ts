import type { Sample } from "../provider.ts";

const topic = "arn:aws:sns:us-east-1:123456789012:contacts";
const contact = {
  firstName: "Mei",
  lastName: "Tan",
  email: "mei.tan@example.com",
  phone: "+6581234567",
  language: "en",
  countryCode: "SG",
  profilePic: "https://images.example.com/mei.jpg",
};
const notification = {
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: topic,
  Message: JSON.stringify(contact),
  Timestamp: "2026-03-14T09:26:53.589Z",
  SignatureVersion: "2",
  // Nobody but SNS can sign it: a sample is proven by key.
  Signature: "c2lnbmVkIGJ5IG5vYm9keQ==",
  SigningCertURL: "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem",
  UnsubscribeURL: `https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${topic}:1`,
  MessageAttributes: { type: { Type: "String", Value: "contact.changed" } },
};

function headers(messageId: string) {
  return {
    "content-type": "text/plain; charset=UTF-8",
    "x-amz-sns-message-type": "Notification",
    "x-amz-sns-message-id": messageId,
    "x-amz-sns-topic-arn": topic,
    "x-amz-sns-subscription-arn": `${topic}:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55`,
    "user-agent": "Amazon Simple Notification Service Agent",
  };
}
const rawId = "165545c9-2a5c-472c-8df2-7ff2be2b3b1b";

export const samples: readonly Sample[] = [
  {
    name: "notification",
    type: "contact.changed",
    headers: headers(notification.MessageId),
    body: JSON.stringify(notification, null, 2),
    ids: [notification.MessageId],
    times: [notification.Timestamp],
  },
  {
    name: "raw",
    type: "Notification",
    headers: { ...headers(rawId), "x-amz-sns-rawdelivery": "true" },
    body: JSON.stringify({ email: "mei.tan@example.com", firstName: "Mei" }),
    ids: [rawId],
  },
];

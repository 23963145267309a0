import type { Sample } from "../provider.ts";

const subscription = "projects/example/subscriptions/contacts-to-relay";
const contact = {
  firstName: "Mei",
  lastName: "Tan",
  email: "mei.tan@example.com",
  phone: "+6581234567",
  language: "en",
  countryCode: "SG",
  profilePic: "https://images.example.com/mei.jpg",
};
const publishedAt = "2026-03-14T09:26:53.589Z";

function wrapped(messageId: string, attributes: Readonly<Record<string, string>>, data: object): string {
  return JSON.stringify({
    message: {
      attributes,
      data: Buffer.from(JSON.stringify(data)).toString("base64"),
      messageId,
      message_id: messageId,
      publishTime: publishedAt,
      publish_time: publishedAt,
    },
    subscription,
  });
}

export const samples: readonly Sample[] = [
  {
    name: "wrapped",
    type: "contact.changed",
    headers: { "content-type": "application/json", from: "noreply@google.com" },
    body: wrapped("2070443601311540", { type: "contact.changed" }, contact),
    ids: ["2070443601311540"],
    times: [publishedAt],
  },
  {
    name: "cloudevent",
    type: "com.example.contact.changed",
    headers: { "content-type": "application/json", from: "noreply@google.com" },
    body: wrapped(
      "2070443601311541",
      {
        "ce-specversion": "1.0",
        "ce-id": "3b1f6c2e-0001",
        "ce-source": "/crm/contacts",
        "ce-type": "com.example.contact.changed",
        "ce-time": publishedAt,
        "Content-Type": "application/json",
      },
      { email: "mei.tan@example.com" },
    ),
    ids: ["3b1f6c2e-0001"],
    times: [publishedAt],
  },
  {
    name: "unwrapped",
    type: "message",
    headers: {
      "content-type": "application/json",
      "x-goog-pubsub-subscription-name": subscription,
      "x-goog-pubsub-message-id": "2070443601311542",
      "x-goog-pubsub-publish-time": publishedAt,
    },
    body: JSON.stringify(contact),
    ids: ["2070443601311542"],
    times: [publishedAt],
  },
];

import { z } from "zod";
import { acknowledgement, receiptsAnswer, subscriptions } from "../schemas/webhooks.ts";
import { failed, json, type Operation } from "./operation.ts";

const path = "/webhooks/{source}";
const parameters = {
  source: z.string().meta({ description: "The name of a configured source.", examples: ["shopify"] }),
};
const unknownSource = failed("There is no such source, or this process takes no webhooks (`ROLE=worker`).");
const notAllowed = failed("Events are sent with POST. So is any other method answered.", {
  Allow: "The methods that are taken.",
});
const whatever = z.unknown().describe("What the provider of the source sends.");

export const webhookOperations: readonly Operation[] = [
  {
    method: "post",
    path,
    id: "receiveEvents",
    tag: "webhooks",
    summary: "Take one event, or several.",
    description:
      "The raw bytes are verified as the source's provider signs them, or by a shared key: " +
      "`Authorization: Bearer`, `X-Webhook-Key`, a basic-auth password or `?key=`. " +
      "An answer of 200 is given after all events are stored durably.",
    parameters,
    query: {
      key: z.string().optional().describe("A shared key, for senders that cannot set a header."),
    },
    body: {
      description: "Not compressed, at most `BODY_LIMIT_BYTES` long.",
      content: {
        "application/json": whatever,
        "application/x-www-form-urlencoded": whatever,
        "multipart/form-data": whatever,
        "*/*": whatever,
      },
    },
    answers: {
      200: {
        ...json(
          "What became of the events. Empty where the protocol asks for it (CloudEvents), in their own words to Dapr and Event Grid.",
          z.union([receiptsAnswer, acknowledgement]),
        ),
        mayBeEmpty: true,
      },
      303: {
        description: "A form was taken: to a browser that wants HTML, where the source has a `redirect`.",
        headers: { Location: "The source's `redirect`." },
      },
      400: failed("The body can never be read."),
      401: failed("The signature or key is missing or wrong."),
      404: unknownSource,
      413: failed("The body is larger than `BODY_LIMIT_BYTES`."),
      415: failed("The body is compressed, or of a type that the provider does not send."),
      503: failed(
        "The events could not be stored, or their sender not be looked up, just now. Send them again.",
        {
          "Retry-After": "Seconds to wait.",
        },
      ),
    },
  },
  {
    method: "get",
    path,
    id: "confirmEndpoint",
    tag: "webhooks",
    summary: "Confirm the address to a provider that asks for it (Meta).",
    parameters,
    query: {
      "hub.mode": z.string().optional().describe("`subscribe`."),
      "hub.challenge": z.string().optional().describe("What is to be echoed."),
      "hub.verify_token": z.string().optional().describe("The token that was entered beside the address."),
    },
    answers: {
      200: {
        description: "The challenge alone, for the right token.",
        content: { "text/plain": z.string() },
      },
      403: { description: "The token is another one.", content: { "text/plain": z.string() } },
      404: unknownSource,
      405: notAllowed,
    },
  },
  {
    method: "options",
    path,
    id: "consentToEvents",
    tag: "webhooks",
    summary: "Consent to deliveries (CloudEvents), or to a browser's script (CORS).",
    parameters,
    answers: {
      200: {
        description: "Deliveries are consented to.",
        headers: {
          Allow: "The methods that are taken.",
          "WebHook-Allowed-Origin": "The origin that asked.",
          "WebHook-Allowed-Rate": "`*`",
        },
      },
      204: {
        description: "A preflight of a form. The CORS headers are there for origins that the source lists.",
        headers: { Allow: "The methods that are taken." },
      },
      404: unknownSource,
      405: notAllowed,
    },
  },
  {
    method: "get",
    path: "/dapr/subscribe",
    id: "announceSubscriptions",
    tag: "webhooks",
    summary: "Tell a Dapr sidecar what to subscribe to.",
    description: "Of sources that name a `pubsub` and `topics`. Their key is sent as `dapr-api-token`.",
    answers: {
      200: json("The subscriptions.", subscriptions),
      401: failed("The token is missing or wrong."),
      404: failed("No source is subscribed to anything, or this process takes no webhooks (`ROLE=worker`)."),
    },
  },
];

import type { AnnouncedSource, HandshakeAnswer, InboundRequest } from "../provider.ts";
import { verify } from "./verify.ts";

/** Enough to store many at once, and never so long that a lead waits noticeably. */
const bulkSubscribe = { enabled: true, maxMessagesCount: 100, maxAwaitDurationMs: 40 };

/** `GET /dapr/subscribe`: what a sidecar subscribes to when it starts. It is told only of sources whose key it shows. */
export function subscribe(request: InboundRequest, sources: readonly AnnouncedSource[]): HandshakeAnswer {
  const known = sources.filter(({ credentials }) => verify(request, credentials).ok);
  const headers = { "content-type": "application/json" };
  if (known.length === 0) {
    const message = "The token in dapr-api-token is missing or wrong.";
    return { status: 401, headers, body: JSON.stringify({ error: { code: "unverified", message } }) };
  }
  return { status: 200, headers, body: JSON.stringify(known.flatMap(subscriptionsOf)) };
}

function subscriptionsOf({ name, credentials }: AnnouncedSource) {
  const { pubsub, topics = [], bulk, rawPayload } = credentials;
  return topics.map((topic) => ({
    pubsubname: pubsub,
    topic,
    route: `/webhooks/${name}`,
    ...(rawPayload === true ? { metadata: { rawPayload: "true" } } : {}),
    ...(bulk === true ? { bulkSubscribe } : {}),
  }));
}

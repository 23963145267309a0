import type { Credentials, InboundRequest, Verification } from "../provider.ts";
import { verifyKey } from "../signature.ts";
import { confirmations, readEnvelope } from "./envelope.ts";

/** By key: any message of the topics, raw ones too. A subscription is confirmed by its signature alone. */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const keyed = verifyKey(request, credentials);
  if (!keyed.ok) return keyed;
  const envelope = readEnvelope(request.body);
  if (envelope && confirmations.includes(envelope.type)) {
    return { ok: false, reason: "a subscription is confirmed for what `topics` names, and by its signature" };
  }
  const topic = envelope?.topic ?? request.headers["x-amz-sns-topic-arn"];
  const { topics } = credentials;
  return topics === undefined || (topic !== undefined && topics.includes(topic))
    ? keyed
    : { ok: false, reason: "a message of another topic" };
}

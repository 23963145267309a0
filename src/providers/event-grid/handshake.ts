import { decodeUtf8, isList, isObject, parseJson, textAt } from "../body.ts";
import { own } from "../cloud-event.ts";
import type { Credentials, HandshakeAnswer, InboundRequest } from "../provider.ts";
import { verifyKey } from "../signature.ts";
import { validationType } from "./events.ts";

/** Gives the code back by which Event Grid asks, before the first event, whether its events are wanted. Only to whoever has the key. */
export function handshake(request: InboundRequest, credentials: Credentials): HandshakeAnswer | undefined {
  if (request.method !== "POST" || request.headers["aeg-event-type"] !== "SubscriptionValidation") {
    return undefined;
  }
  if (!verifyKey(request, credentials).ok) return undefined;
  const json = parseJson(decodeUtf8(request.body) ?? "");
  const [event] = json.ok && isList(json.value) ? json.value : [];
  if (!isObject(event) || textAt(event, "eventType") !== validationType) return undefined;
  const validationResponse = textAt(own(event, "data"), "validationCode");
  if (validationResponse === undefined) return undefined;
  const headers = { "content-type": "application/json" };
  return { status: 200, headers, body: JSON.stringify({ validationResponse }) };
}

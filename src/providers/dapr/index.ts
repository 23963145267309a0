import type { Provider } from "../provider.ts";
import { mapCarried } from "../carried.ts";
import { acknowledge } from "./acknowledge.ts";
import { parse } from "./events.ts";
import { samples } from "./samples.ts";
import { subscribe } from "./subscribe.ts";
import { sign, verify } from "./verify.ts";

/** Pub/sub of Dapr: the sidecar asks what to subscribe to, and posts CloudEvents, one or many at once. */
export const dapr: Provider = {
  name: "dapr",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify,
  parse,
  map: mapCarried,
  acknowledge,
  announcement: { needs: ["pubsub", "topics"], path: "/dapr/subscribe", answer: subscribe },
  settings: ["pubsub", "topics", "bulk", "rawPayload"],
  sign,
  samples,
};

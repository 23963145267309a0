import { mapCarried } from "../carried.ts";
import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { samples } from "./samples.ts";
import { prove } from "./token.ts";

/** Push subscriptions of Google Cloud Pub/Sub, wrapped and unwrapped, proven by a Google token or a key. */
export const googlePubsub: Provider = {
  name: "google-pubsub",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "empty",
  repeats: true,
  verify: (request, credentials) => verifyKey(request, credentials),
  attestation: { needs: ["audiences", "serviceAccounts"], prove },
  settings: ["audiences", "serviceAccounts", "jwksUrl"],
  parse,
  map: mapCarried,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

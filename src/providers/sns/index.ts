import { mapCarried } from "../carried.ts";
import type { Provider } from "../provider.ts";
import { signWithKey } from "../signature.ts";
import { parse } from "./events.ts";
import { prove } from "./proof.ts";
import { samples } from "./samples.ts";
import { verify } from "./verify.ts";

/** Subscriptions of Amazon SNS over HTTPS: signed by SNS for the topics that are configured, raw with a key. */
export const sns: Provider = {
  name: "sns",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify,
  attestation: { needs: ["topics"], prove },
  settings: ["topics"],
  parse,
  map: mapCarried,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

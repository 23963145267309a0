import { mapCarried } from "../carried.ts";
import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { samples } from "./samples.ts";

/** API destinations of Amazon EventBridge, which send the whole event unless a rule transforms it. */
export const eventbridge: Provider = {
  name: "eventbridge",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify: (request, credentials) => verifyKey(request, credentials),
  parse,
  map: mapCarried,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** Contact Form 7 with the plug-in "CF7 to Webhook". It signs nothing and repeats nothing. */
export const contactForm7: Provider = {
  name: "contact-form-7",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "json",
  repeats: false,
  verify: (request, credentials) => verifyKey(request, credentials),
  parse,
  map,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

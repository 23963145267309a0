import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** Jotform signs nothing and sets no headers: the key is in the webhook's address. */
export const jotform: Provider = {
  name: "jotform",
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

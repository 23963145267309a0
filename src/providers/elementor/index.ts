import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** The webhook action of Elementor Pro's forms. It signs nothing and repeats nothing. */
export const elementor: Provider = {
  name: "elementor",
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

import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** Any form that can send a shared key: browsers, form plug-ins, automation tools. */
export const form: Provider = {
  name: "form",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "form",
  repeats: false,
  verify: (request, credentials) => verifyKey(request, credentials),
  parse,
  map,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

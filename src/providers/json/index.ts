import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** Plain JSON of one's own: messages of a bus that are no CloudEvents, and HTTP sinks of pipelines. */
export const json: Provider = {
  name: "json",
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

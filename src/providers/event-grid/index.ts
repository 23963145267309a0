import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { handshake } from "./handshake.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** Azure Event Grid in its own schema; in the CloudEvents schema it is a sender of CloudEvents. */
export const eventGrid: Provider = {
  name: "event-grid",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify: (request, credentials) => verifyKey(request, credentials),
  parse,
  map,
  handshake,
  sign: (request, credential) => signWithKey(request, credential),
  samples,
};

import type { Provider } from "../provider.ts";
import { signWithKey, verifyKey } from "../signature.ts";
import { parse } from "./events.ts";
import { handshake } from "./handshake.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";

/** CloudEvents 1.0 over HTTP; `access_token` is where its webhook specification puts a key into the query. */
export const cloudevents: Provider = {
  name: "cloudevents",
  proof: "key",
  signs: "nothing",
  mapping: "contact",
  answers: "empty",
  repeats: true,
  verify: (request, credentials) => verifyKey(request, credentials, ["key", "access_token"]),
  parse,
  map,
  handshake,
  sign: (request, credential) => signWithKey(request, credential),
  typeHeaders: (type) => ({
    "ce-specversion": "1.0",
    "ce-id": "unnamed",
    "ce-source": "/unnamed",
    "ce-type": encodeURIComponent(type.toWellFormed()),
  }),
  samples,
};

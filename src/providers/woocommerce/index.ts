import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { handshake } from "./handshake.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

export const woocommerce: Provider = {
  name: "woocommerce",
  proof: "secrets",
  signs: "body",
  mapping: "contact",
  answers: "json",
  repeats: false,
  verify,
  parse,
  map,
  handshake,
  sign,
  typeHeaders: (type) => ({ "x-wc-webhook-topic": type }),
  samples,
};

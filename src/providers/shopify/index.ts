import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

export const shopify: Provider = {
  name: "shopify",
  proof: "secrets",
  signs: "body",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify,
  parse,
  map,
  sign,
  typeHeaders: (type) => ({ "x-shopify-topic": type }),
  samples,
};

import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

/** Paddle Billing; the older Paddle Classic signs otherwise. */
export const paddle: Provider = {
  name: "paddle",
  proof: "secrets",
  signs: "body and time",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify,
  parse,
  map,
  sign,
  samples,
};

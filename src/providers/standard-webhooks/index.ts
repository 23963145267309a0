import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

/** Whoever signs as Standard Webhooks or Svix do. */
export const standardWebhooks: Provider = {
  name: "standard-webhooks",
  proof: "secrets",
  signs: "body and time",
  mapping: "none",
  answers: "json",
  repeats: true,
  verify,
  parse,
  map,
  sign,
  samples,
};

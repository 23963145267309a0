import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

export const calendly: Provider = {
  name: "calendly",
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

import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

/** The workspace's own webhooks: a contact that is there now wakes what waits for it. */
export const aelyst: Provider = {
  name: "aelyst",
  proof: "secrets",
  signs: "body",
  mapping: "never",
  answers: "json",
  repeats: false,
  verify,
  parse,
  map,
  sign,
  samples,
};

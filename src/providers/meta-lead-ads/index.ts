import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { handshake } from "./handshake.ts";
import { complete } from "./lead.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

export const metaLeadAds: Provider = {
  name: "meta-lead-ads",
  proof: "secrets",
  signs: "body",
  mapping: "contact",
  answers: "json",
  repeats: true,
  settings: ["verifyToken", "accessToken", "apiUrl"],
  verify,
  parse,
  map,
  handshake,
  complete,
  sign,
  samples,
};

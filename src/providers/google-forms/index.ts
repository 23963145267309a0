import type { Provider } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";
import { samples } from "./samples.ts";
import { sign, verify } from "./verify.ts";

/** Google Forms has no webhooks: a script that its owner pastes posts and signs, as docs/providers/google-forms.md has it. */
export const googleForms: Provider = {
  name: "google-forms",
  proof: "key",
  signs: "body and time",
  mapping: "contact",
  answers: "json",
  repeats: false,
  verify,
  parse,
  map,
  sign,
  samples,
};

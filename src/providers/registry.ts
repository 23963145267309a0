import { aelyst } from "./aelyst/index.ts";
import { calendly } from "./calendly/index.ts";
import { cloudevents } from "./cloudevents/index.ts";
import { contactForm7 } from "./contact-form-7/index.ts";
import { dapr } from "./dapr/index.ts";
import { elementor } from "./elementor/index.ts";
import { eventGrid } from "./event-grid/index.ts";
import { eventbridge } from "./eventbridge/index.ts";
import { fillout } from "./fillout/index.ts";
import { form } from "./form/index.ts";
import { googleForms } from "./google-forms/index.ts";
import { googlePubsub } from "./google-pubsub/index.ts";
import { gravityForms } from "./gravity-forms/index.ts";
import { hubspot } from "./hubspot/index.ts";
import { jotform } from "./jotform/index.ts";
import { json } from "./json/index.ts";
import { metaLeadAds } from "./meta-lead-ads/index.ts";
import { paddle } from "./paddle/index.ts";
import type { Announcement, Provider } from "./provider.ts";
import { shopify } from "./shopify/index.ts";
import { sns } from "./sns/index.ts";
import { standardWebhooks } from "./standard-webhooks/index.ts";
import { stripe } from "./stripe/index.ts";
import { tally } from "./tally/index.ts";
import { typeform } from "./typeform/index.ts";
import { webflow } from "./webflow/index.ts";
import { woocommerce } from "./woocommerce/index.ts";

/** Every sending system the relay knows. */
export const providers: readonly Provider[] = [
  shopify,
  woocommerce,
  stripe,
  paddle,
  typeform,
  tally,
  jotform,
  webflow,
  elementor,
  contactForm7,
  gravityForms,
  fillout,
  googleForms,
  metaLeadAds,
  calendly,
  hubspot,
  form,
  standardWebhooks,
  cloudevents,
  dapr,
  eventbridge,
  eventGrid,
  googlePubsub,
  sns,
  json,
  aelyst,
];

/** The pages that they have beside `/webhooks`. */
export const announcements: readonly Announcement[] = providers.flatMap(
  ({ announcement }) => announcement ?? [],
);

export function findProvider(name: string): Provider | undefined {
  return providers.find((provider) => provider.name === name);
}

import { calendly } from "./calendly/index.ts";
import { cloudevents } from "./cloudevents/index.ts";
import { contactForm7 } from "./contact-form-7/index.ts";
import { elementor } from "./elementor/index.ts";
import { fillout } from "./fillout/index.ts";
import { form } from "./form/index.ts";
import { hubspot } from "./hubspot/index.ts";
import { metaLeadAds } from "./meta-lead-ads/index.ts";
import { paddle } from "./paddle/index.ts";
import { gravityForms } from "./gravity-forms/index.ts";
import { jotform } from "./jotform/index.ts";
import { googleForms } from "./google-forms/index.ts";
import type { Provider } from "./provider.ts";
import { shopify } from "./shopify/index.ts";
import { standardWebhooks } from "./standard-webhooks/index.ts";
import { stripe } from "./stripe/index.ts";
import { woocommerce } from "./woocommerce/index.ts";

/** Every sending system the relay knows. */
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, hubspot];
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, metaLeadAds];
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, woocommerce, paddle];
export const providers: readonly Provider[] = [
  shopify,
  stripe,
  form,
  cloudevents,
  elementor,
  contactForm7,
  gravityForms,
];
import { webflow } from "./webflow/index.ts";

/** Every sending system the relay knows. */
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, webflow, calendly];
import { typeform } from "./typeform/index.ts";

/** Every sending system the relay knows. */
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, typeform, fillout];
import { tally } from "./tally/index.ts";

/** Every sending system the relay knows. */
export const providers: readonly Provider[] = [shopify, stripe, form, cloudevents, tally, jotform];
  standardWebhooks,
  googleForms,
];

export function findProvider(name: string): Provider | undefined {
  return providers.find((provider) => provider.name === name);
}

import { describe, expect, test } from "vitest";
import { map, stripe } from "./fixtures/real-source.ts";

async function phoneOf(provider: string, payload: unknown, settings = "") {
  const mapped = await map(provider, payload, settings);
  return mapped.kind === "update" ? (mapped.patch["phone"] ?? "left out") : mapped.kind;
}

const tally = (fields: object[]) => ({ eventType: "FORM_RESPONSE", data: { fields } });

/**
 * The first five are of people who reported them. The others follow the vendors' own documents: Shopify's REST and GraphQL
 * resources, WooCommerce's order and customer, Stripe's API reference, HubSpot's default properties, Meta's lead fields.
 */
describe("a national number is read in the country that stands beside it", () => {
  test.each<[string, string, unknown, string]>([
    [
      "a Shopify order's billing address",
      "shopify",
      { id: 1, billing_address: { phone: "012-345 6789", country_code: "MY" } },
      "+60123456789",
    ],
    [
      "a WooCommerce order's",
      "woocommerce",
      { id: 1, line_items: [], status: "processing", billing: { phone: "07700 900123", country: "GB" } },
      "+447700900123",
    ],
    ["a form's country by name", "form", { phone: "012-345 6789", country: "Malaysia" }, "+60123456789"],
    [
      "by its formal name",
      "form",
      { "your-phone": "010-1234-5678", country: "Korea, Republic of" },
      "+821012345678",
    ],
    ["in Arabic digits", "form", { phone: "٠١٠١٢٣٤٥٦٧٨", country: "Egypt" }, "+201012345678"],
    [
      "a customer's default address",
      "shopify",
      { id: 1, default_address: { phone: "0912 345 678", country_code: "TW" } },
      "+886912345678",
    ],
    [
      "in GraphQL's names",
      "shopify",
      { id: 1, billingAddress: { phone: "06 12 34 56 78", countryCodeV2: "FR" } },
      "+33612345678",
    ],
    [
      "a number of the customer, an address of theirs",
      "shopify",
      { id: 1, customer: { phone: "0171 2345678", default_address: { country_code: "DE" } } },
      "+491712345678",
    ],
    [
      "each address its own",
      "shopify",
      {
        id: 1,
        billing_address: { country_code: "US" },
        default_address: { phone: "0412 345 678", country_code: "AU" },
      },
      "+61412345678",
    ],
    [
      "a Stripe customer's address",
      "stripe",
      stripe({ object: "customer", phone: "090-1234-5678", address: { country: "JP" } }),
      "+819012345678",
    ],
    [
      "a Stripe customer's shipping",
      "stripe",
      stripe({
        object: "customer",
        address: { country: "US" },
        shipping: { phone: "081 234 5678", address: { country: "TH" } },
      }),
      "+66812345678",
    ],
    [
      "a checkout's customer",
      "stripe",
      stripe({
        object: "checkout.session",
        customer_details: { phone: "11 91234-5678", address: { country: "BR" } },
      }),
      "+5511912345678",
    ],
    [
      "who is billed for a charge",
      "stripe",
      stripe({ object: "charge", billing_details: { phone: "512 345 678", address: { country: "PL" } } }),
      "+48512345678",
    ],
    [
      "a HubSpot contact's",
      "hubspot",
      {
        objectTypeId: "0-1",
        properties: { phone: { value: "0812-3456-7890" }, country: { value: "Indonesia" } },
      },
      "+6281234567890",
    ],
    [
      "nested in a container",
      "form",
      { contact: { phone: "0917 123 4567", country: "PH" } },
      "+639171234567",
    ],
    [
      "answers of a form builder",
      "tally",
      tally([
        { key: "a", label: "Phone", type: "INPUT_PHONE_NUMBER", value: "9123 4567" },
        { key: "b", label: "Country", type: "INPUT_TEXT", value: "Singapore" },
      ]),
      "+6591234567",
    ],
    [
      "a Gravity Forms entry's",
      "gravity-forms",
      { first_name: "Nurul", phone: "012-345 6789", country: "Malaysia", id: "1", form_id: "5" },
      "+60123456789",
    ],
    [
      "a Meta lead's, completed",
      "meta-lead-ads",
      {
        leadgen_id: "1",
        lead: {
          id: "1",
          field_data: [
            { name: "phone_number", values: ["0812 3456 7890"] },
            { name: "country", values: ["ID"] },
          ],
        },
      },
      "+6281234567890",
    ],
    [
      "a Typeform answer's",
      "typeform",
      {
        event_type: "form_response",
        form_response: {
          definition: {
            fields: [
              { id: "a", type: "short_text", title: "Phone number" },
              { id: "b", type: "short_text", title: "Country" },
            ],
          },
          answers: [
            { type: "text", text: "030 1234567", field: { id: "a", type: "short_text" } },
            { type: "text", text: "Germany", field: { id: "b", type: "short_text" } },
          ],
        },
      },
      "+49301234567",
    ],
    ["without its trunk prefix", "form", { phone: "12-345 6789", country: "MY" }, "+60123456789"],
  ])("%s", async (_, provider, payload, phone) => {
    if (provider === "hubspot") {
      const settings = "public_url: https://hooks.example.com";
      const mapped = await map(provider, payload, settings, "workflow");
      expect(mapped.kind === "update" && mapped.patch["phone"]).toBe(phone);
    } else expect(await phoneOf(provider, payload)).toBe(phone);
  });

  test.each<[string, object, string, string]>([
    [
      "the payload's country goes before the source's region",
      { phone: "9123 4567", country: "SG" },
      "region: MY",
      "+6591234567",
    ],
    [
      "a number that is valid in the region alone is the region's",
      { phone: "012-345 6789", country: "SG" },
      "region: MY",
      "+60123456789",
    ],
    [
      "one that is only possible in the region is not taken on its word",
      { phone: "9123 4567", country: "US" },
      "region: MY",
      "unreadable",
    ],
    [
      "without a country the region's possible number is taken",
      { phone: "9123 4567" },
      "region: MY",
      "+6091234567",
    ],
    [
      "a country that is none counts as none",
      { phone: "012-345 6789", country: "Nowhere" },
      "region: MY",
      "+60123456789",
    ],
    [
      "a number with a country code is never read again",
      { phone: "+60 12-345 6789", country: "SG" },
      "region: US",
      "+60123456789",
    ],
    ["with 00 neither", { phone: "0060123456789", country: "SG" }, "", "+60123456789"],
    [
      "a country that the source maps",
      { phone: "012-345 6789", land: "MY" },
      "map: { countryCode: land }",
      "+60123456789",
    ],
    [
      "a number that the source maps",
      { nr: "012-345 6789", country: "MY" },
      "map: { phone: nr }",
      "+60123456789",
    ],
    [
      "a mapped number's own region comes after the country",
      { nr: "9123 4567", country: "SG" },
      "map: { phone: { value: nr, region: MY } }",
      "+6591234567",
    ],
  ])("%s", async (_, payload, settings, phone) => {
    expect(await phoneOf("form", payload, settings)).toBe(phone);
  });

  test("the explanation names the country and where it came from", async () => {
    const note = async (provider: string, payload: unknown, settings = "") => {
      const mapped = await map(provider, payload, settings);
      const fields = "report" in mapped ? mapped.report.fields : [];
      const { note, why } = fields.find(({ field }) => field === "phone") ?? {};
      return note ?? why;
    };
    const order = { id: 1, billing_address: { phone: "012-345 6789", country_code: "MY" } };
    expect(await note("shopify", order)).toBe(
      "read as a number in MY, the country at billing_address.country_code",
    );
    expect(await note("form", { phone: "0123456789", land: "MY" }, "map: { countryCode: land }")).toBe(
      "read as a number in MY, the country given by the source's map",
    );
    expect(await note("form", { phone: "0123456789" }, "region: MY")).toBe(
      "read as a number in MY, the region of the source",
    );
    expect(await note("form", { phone: "+60123456789", country: "MY" })).toBeUndefined();
    expect(await note("form", { phone: "9123 4567", country: "US" }, "region: MY")).toBe(
      "'9123 4567' is not a phone number in US, the country beside it, nor one in MY (phone)",
    );
  });
});

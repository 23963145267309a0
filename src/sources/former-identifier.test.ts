import { describe, expect, test } from "vitest";
import { map, stripe } from "./fixtures/real-source.ts";

describe("an identifier that has changed", () => {
  const customer = { object: "customer", name: "Ada Lovelace", email: "new@example.com" };

  test("Stripe's previous e-mail names the contact, and the new one is a field", async () => {
    const mapped = await map("stripe", stripe(customer, { email: "Old@Example.com" }));
    expect(mapped).toMatchObject({
      kind: "update",
      contact: "email:old@example.com",
      patch: { email: "new@example.com", firstName: "Ada" },
    });
    expect("report" in mapped && mapped.report.fields).toContainEqual({
      field: "was.email",
      from: "data.previous_attributes.email",
      was: "Old@Example.com",
      became: "old@example.com",
    });
  });

  test.each<[string, object, object, string]>([
    ["there was none before", customer, { email: null }, "email:new@example.com"],
    ["other things have changed", customer, { name: "Ada Byron" }, "email:new@example.com"],
    ["the former one cannot be read", customer, { email: "nobody" }, "email:new@example.com"],
    [
      "the phone is kept and comes first",
      { ...customer, phone: "+60123456789" },
      { email: "old@example.com" },
      "phone:+60123456789",
    ],
    [
      "the phone has changed",
      { ...customer, phone: "+60123456789" },
      { phone: "+60111111111" },
      "phone:+60111111111",
    ],
    [
      "it was taken away",
      { ...customer, email: null },
      { email: "old@example.com" },
      "email:old@example.com",
    ],
  ])("%s", async (_, object, previous, contact) => {
    expect(await map("stripe", stripe(object, previous))).toMatchObject({ kind: "update", contact });
  });

  test("a source's own map can name the former value", async () => {
    const settings = "map: { was: { email: before.email } }";
    const payload = { email: "new@example.com", before: { email: "old@example.com" } };
    expect(await map("form", payload, settings)).toMatchObject({
      contact: "email:old@example.com",
      patch: { email: "new@example.com" },
    });
    expect(await map("form", { email: "new@example.com" }, settings)).toMatchObject({
      contact: "email:new@example.com",
    });
  });

  test.each<[string, string, object, object, string, string]>([
    [
      "the country it stood beside, not the one the customer has moved to",
      "",
      { ...customer, email: null, phone: "+491712345678", address: { country: "DE" } },
      { phone: "07700 900123", address: { country: "GB" } },
      "phone:+447700900123",
      "read as a number in GB, the country at data.previous_attributes.address.country",
    ],
    [
      "the customer's country, where that has not changed",
      "",
      { ...customer, email: null, phone: "012-345 6789", address: { country: "MY" } },
      { phone: "011-1234 5678", address: { city: "Ipoh" } },
      "phone:+601112345678",
      "read as a number in MY, the country at data.object.address.country",
    ],
    [
      "the region of the field, as the new one is",
      "region: MY\n    map: { phone: { value: data.object.phone, region: SG } }",
      { ...customer, email: null, phone: "8123 4567" },
      { phone: "9123 4567" },
      "phone:+6591234567",
      "read as a number in SG, the region of the source",
    ],
    [
      "the region of the field, where the source's map names the former one",
      "region: MY\n    map: { phone: { value: data.object.phone, region: SG }, was: { phone: data.object.old } }",
      { ...customer, email: null, phone: "8123 4567", old: "9123 4567" },
      {},
      "phone:+6591234567",
      "read as a number in SG, the region of the source",
    ],
  ])("a former number is read in %s", async (_, settings, object, previous, contact, note) => {
    const mapped = await map("stripe", stripe(object, previous), settings);
    expect(mapped).toMatchObject({ kind: "update", contact });
    expect("report" in mapped && mapped.report.fields).toContainEqual(
      expect.objectContaining({ field: "was.phone", note }),
    );
  });

  const changed = stripe(
    { ...customer, phone: "+60123456789", metadata: { mail: "crm@example.com" } },
    { email: "old@example.com" },
  );
  test.each<[string, string, string]>([
    ["leaves the field out", "map: { email: null }", "phone:+60123456789"],
    ["takes another value for it", "map: { email: data.object.metadata.mail }", "email:crm@example.com"],
    ["takes the provider's own", "map: { email: data.object.email }", "email:old@example.com"],
    [
      "names the former one itself",
      "map: { email: data.object.metadata.mail, was: { email: data.previous_attributes.email } }",
      "email:old@example.com",
    ],
  ])(
    "Stripe's former e-mail names nobody but its own field's contact: the map %s",
    async (_, settings, contact) => {
      const mapped = await map("stripe", changed, `identify: [email, phone]\n    ${settings}`);
      expect(mapped).toMatchObject({ kind: "update", contact });
    },
  );

  test("what it may name is said where it is wrong", async () => {
    await expect(map("form", {}, "map: { was: { emial: x } }")).rejects.toThrow(/emial.*email/s);
    await expect(map("form", {}, "map: { was: x }")).rejects.toThrow("`phone` or `email`");
  });
});

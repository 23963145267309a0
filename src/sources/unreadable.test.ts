import { describe, expect, test } from "vitest";
import { map } from "./fixtures/real-source.ts";

describe("a person who cannot be named by what they wrote", () => {
  test.each<[string, object, string, string]>([
    [
      "a number without a country",
      { phone: "012-345 6789" },
      "",
      "the phone number at phone has no country code and the source has no region",
    ],
    ["an e-mail that is none", { email: "ada@" }, "", "the e-mail address at email is not an e-mail address"],
    [
      "both",
      { phone: "1", email: "ada" },
      "",
      "the phone number at phone is not a phone number; the e-mail address at email is not an e-mail address",
    ],
    [
      "a mapped value",
      { nr: "12" },
      "map: { phone: nr }",
      "the phone number of the source's map is not a phone number",
    ],
    [
      "a map that meets an error",
      { mail: 5 },
      'map: { email: "$lowercase(mail)" }',
      "the e-mail address of the source's map cannot be worked out: its expression meets an error",
    ],
  ])(
    "is kept for a person, with the path and without the value: %s",
    async (_, payload, settings, message) => {
      expect(await map("form", { name: "Ada", ...payload }, settings)).toMatchObject({
        kind: "unreadable",
        message,
      });
    },
  );

  test.each<[string, object, string]>([
    ["no phone and no e-mail", { name: "Ada" }, ""],
    ["empty ones", { phone: " ", email: "" }, ""],
    ["what the source does not name people by", { phone: "12" }, "identify: [email]"],
    ["what the map leaves out", { phone: "12" }, "map: { phone: null }"],
  ])("is ignored when there is nothing to name them by: %s", async (_, payload, settings) => {
    expect(await map("form", payload, settings)).toMatchObject({ kind: "ignored", reason: "no-identifier" });
  });

  test("is an update as soon as anything else names them", async () => {
    expect(await map("form", { phone: "12", email: "ada@example.com" })).toMatchObject({
      contact: "email:ada@example.com",
      warnings: [{ field: "phone" }],
    });
  });
});

import { describe, expect, it } from "vitest";
import { normalizePhone, readPhone } from "./normalize.ts";
import type { Normalized } from "./normalized.ts";

const value = <T>(result: Normalized<T>): T | string => (result.ok ? result.value : result.message);

describe("a phone number as people and programs write it", () => {
  /** WhatsApp's documents on Mexican mobiles and on click-to-chat links, Meta's export of leads, RFC 3966, spreadsheets. */
  it.each([
    ["+52 1 55 1234 5678", "+525512345678"],
    ["5215512345678", "+525512345678"],
    ["+5215512345678", "+525512345678"],
    ["+52-1-81-1234-5678", "+528112345678"],
    ["005215512345678", "+525512345678"],
    ["+52 1 (55) 1234-5678", "+525512345678"],
    ["wa.me/60123456789", "+60123456789"],
    ["https://wa.me/60123456789", "+60123456789"],
    ["https://wa.me/+60123456789", "+60123456789"],
    ["http://www.wa.me/60123456789?text=Hi%20there", "+60123456789"],
    ["https://api.whatsapp.com/send?phone=60123456789", "+60123456789"],
    ["https://api.whatsapp.com/send/?phone=%2B60123456789&text=a", "+60123456789"],
    ["https://web.whatsapp.com/send?phone=60123456789", "+60123456789"],
    ["whatsapp://send?phone=60123456789", "+60123456789"],
    ["whatsapp:+60123456789", "+60123456789"],
    ["p:+60123456789", "+60123456789"],
    ["tel:+60-12-345-6789", "+60123456789"],
    ["callto:+60123456789", "+60123456789"],
    ["sms:+60123456789", "+60123456789"],
    ["'+60123456789", "+60123456789"],
    ["’+60 12 345 6789", "+60123456789"],
  ])("%j is %s", (written, phone) => {
    expect(value(normalizePhone(written, undefined))).toBe(phone);
  });

  it.each([
    "wa.me/ada",
    "https://wa.me/message/ABCDEF",
    "521551234567",
    "p:",
    "wa.me/",
    "https://example.com/60123456789",
  ])("%j is none", (written) => {
    expect(normalizePhone(written, undefined).ok).toBe(false);
  });

  it.each([
    ["5210000000000", undefined],
    ["5211234567890", undefined],
    ["+5210000000000", undefined],
    ["005211234567890", undefined],
    ["+52 1 000 000 0000", undefined],
    ["5210000000000", "MY"],
    ["5211234567890", "MY"],
    ["5211234567890", "US"],
  ] as const)("digits that no Mexican number has are not made one: %j in %s", (written, region) => {
    expect(normalizePhone(written, region).ok).toBe(false);
  });

  it("a number of fourteen digits, or of another country, is not taken for a Mexican one", () => {
    expect(value(normalizePhone("+5255 1234 5678", undefined))).toBe("+525512345678");
    expect(normalizePhone("+52155123456789", undefined).ok).toBe(false);
  });

  it.each([
    ["+6012-3456789 / 03-12345678", "+60123456789", "03-12345678"],
    ["03-12345678 / +6012-3456789", "+60123456789", "03-12345678"],
    ["+60123456789, +60198765432", "+60123456789", "+60198765432"],
    ["+60123456789;+60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 or +60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 atau +60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 & 9", "+60123456789", "9"],
    ["+49 30 1234567 oder +49 171 2345678", "+49301234567", "+49 171 2345678"],
    ["+33 6 12 34 56 78 ou 01 23 45 67 89", "+33612345678", "01 23 45 67 89"],
    ["+60123456789\n+60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 | home", "+60123456789", "home"],
    ["home, +60123456789", "+60123456789", "home"],
    ["+60123456789/+60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 and +60198765432", "+60123456789", "+60198765432"],
    ["+60123456789 dan +60198765432", "+60123456789", "+60198765432"],
    ["https://wa.me/60123456789, +60198765432", "+60123456789", "+60198765432"],
  ])(
    "of two numbers in %j the first that is whole is taken, and the other is told",
    (written, phone, others) => {
      expect(readPhone(written, undefined, undefined)).toEqual({ ok: true, value: phone, others });
      expect(normalizePhone(written, undefined).ok).toBe(false);
    },
  );

  /** DIN 5008 as it was until 2001 writes the slash behind the area code, with spaces or without. */
  it.each([
    ["030/1234567", undefined],
    ["030/1234567, 0171/2345678", "0171/2345678"],
    ["030/1234567 / 0171/2345678", "0171/2345678"],
    ["030/1234567/0171/2345678", "0171/2345678"],
    ["030 / 1234567 oder 0171 / 2345678", "0171 / 2345678"],
  ])("a slash within a number makes no two of it: %j", (written, others) => {
    const read = { ok: true, value: "+49301234567", readIn: "DE" };
    expect(readPhone(written, "DE", undefined)).toEqual(others === undefined ? read : { ...read, others });
  });

  it.each([
    ["https://example.com/60123456789", "MY"],
    ["https://example.com/order/0123456789", "MY"],
    ["example.com/0123456789, see there", "MY"],
    ["12,34567890 EUR", "DE"],
    ["3, 500000 or more", "MY"],
    ["5 or 6", "MY"],
  ] as const)("digits of something else are not taken for one of several numbers: %j", (written, region) => {
    expect(readPhone(written, region, undefined).ok).toBe(false);
  });
});

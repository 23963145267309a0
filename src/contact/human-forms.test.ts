import { describe, expect, it } from "vitest";
import { expectQuick } from "../../test/helpers/quick.ts";
import { coerceCustomValue, type CustomFieldType, type CustomValueRules } from "./custom-field.ts";
import { splitFullName } from "./full-name.ts";
import { normalizeCountry, normalizeEmail, normalizeLanguage, readPhone } from "./normalize.ts";
import type { Normalized } from "./normalized.ts";

const value = <T>(result: Normalized<T>): T | string => (result.ok ? result.value : result.message);

describe("an e-mail as people and programs write it", () => {
  /** RFC 6068 and RFC 5322, and what is pasted from pages, chats and address books. */
  it.each([
    ["a\u200b@b.com", "a@b.com"],
    ["\ufeffa@b.com", "a@b.com"],
    ["a@b\u00a0.com", "a@b.com"],
    ["\u00a0a@b.com\u00a0", "a@b.com"],
    ["a@\u2060b.com", "a@b.com"],
    ["a@b.com\u202c", "a@b.com"],
    ["a\u00ad@b.com", "a@b.com"],
    ["mailto:a@b.com", "a@b.com"],
    ["MAILTO:A@B.com?subject=Hi", "a@b.com"],
    ["Ada <ada@example.com>", "ada@example.com"],
    ['"Lovelace, Ada" <ada@example.com>', "ada@example.com"],
    ["Ada Lovelace<ada@example.com>", "ada@example.com"],
    ["<a@b.com>", "a@b.com"],
    ["< a@b.com >", "a@b.com"],
    ["<mailto:a@b.com>", "a@b.com"],
    ["Ada <mailto:ada@example.com>", "ada@example.com"],
    ["mailto:<a@b.com>", "a@b.com"],
    ["<a@b.com>.", "a@b.com"],
    ["mailto:a@b.com.", "a@b.com"],
    ["a@b.com.", "a@b.com"],
    ["a@b.com,", "a@b.com"],
    ["a@b.com;", "a@b.com"],
    ["Ada <ada@example.com>;", "ada@example.com"],
  ])("%j is %s", (written, email) => {
    expect(value(normalizeEmail(written))).toBe(email);
  });

  it.each([
    "a@b.com, c@d.com",
    "a@b.com;c@d.com",
    "a@b.com c@d.com",
    "Ada <a@b.com>, Bob <c@d.com>",
    "a@b.com <c@d.com>",
    "<a@b.com><c@d.com>",
    "mailto:a@b.com,c@d.com",
    "mailto:",
    "<>",
    "a@b.com..",
    "a b@c.com",
    "Ada <ada>",
  ])("%j is none: two addresses are two", (written) => {
    expect(normalizeEmail(written).ok).toBe(false);
  });
});

describe("a language and a country as forms have them", () => {
  it.each([
    ["Bahasa Malaysia", "ms"],
    ["bahasa melayu", "ms"],
    ["Bahasa Indonesia", "id"],
    ["Bahasa Inggeris", "en"],
    ["Bahasa Inggris", "en"],
    ["Melayu", "ms"],
    ["Deutsch", "de"],
    ["Français", "fr"],
    ["Español (Latinoamérica)", "es"],
    ["中文", "zh"],
    ["Portuguese (Brazil)", "pt"],
  ])("the language %j is %s", (written, code) => {
    expect(value(normalizeLanguage(written))).toBe(code);
  });

  /** Unicode's flags, and the lists of countries of WordPress plug-ins and phone inputs. */
  it.each([
    ["Malaysia (MY)", "MY"],
    ["Malaysia (my)", "MY"],
    ["Malaysia [MYS]", "MY"],
    ["Deutschland (DE)", "DE"],
    ["United Kingdom (UK)", "GB"],
    ["United States (US)", "US"],
    ["Korea (Republic of)", "KR"],
    ["Korea (KR)", "KR"],
    ["Congo (CD)", "CD"],
    ["🇲🇾", "MY"],
    ["Malaysia 🇲🇾", "MY"],
    ["🇲🇾 Malaysia", "MY"],
    ["🇸🇬 SG", "SG"],
    ["🇬🇧 Great Britain", "GB"],
    ["🇩🇪Deutschland", "DE"],
  ])("the country %j is %s", (written, code) => {
    expect(value(normalizeCountry(written))).toBe(code);
  });

  it.each([
    "Malaysia (SG)",
    "Malaysia 🇸🇬",
    "🇸🇬🇲🇾",
    "🇽🇽",
    "Malaysia (XX)",
    "🇲",
    "None (NA)",
    "Contact (ME)",
    "Guinea (GW)",
    "Congo (KR)",
  ])("%j is none", (written) => {
    expect(normalizeCountry(written).ok).toBe(false);
  });
});

describe("custom values as forms send them", () => {
  const coerced = (written: unknown, type: CustomFieldType, rules: CustomValueRules = {}) =>
    value(coerceCustomValue(written, type, rules));

  it.each<[unknown]>(
    [
      "Ya",
      "ya",
      "Sí",
      "si",
      "Sim",
      "Oui",
      "JA",
      "Yes",
      "y",
      "on",
      "true",
      "1",
      "checked",
      "☑",
      "✓",
      "✔",
      "✅",
      ["on"],
      ["Ya"],
      [true],
      1,
    ].map((one) => [one]),
  )("%j is checked", (written) => {
    expect(coerced(written, "checkbox")).toBe(true);
  });

  it.each<[unknown]>(
    [
      "Tidak",
      "Não",
      "nao",
      "Nein",
      "Non",
      "No",
      "n",
      "off",
      "false",
      "0",
      "unchecked",
      "☐",
      "✗",
      ["off"],
      [false],
      0,
    ].map((one) => [one]),
  )("%j is not checked", (written) => {
    expect(coerced(written, "checkbox")).toBe(false);
  });

  it("the label of a consent box is what the source says, and the refusal proposes it", () => {
    const rules = { checked: ["I agree to the terms"], unchecked: ["I do not agree"] };
    expect(coerced("I agree to the terms", "checkbox", rules)).toBe(true);
    expect(coerced(["i agree to the terms "], "checkbox", rules)).toBe(true);
    expect(coerced("I do not agree", "checkbox", rules)).toBe(false);
    expect(coerced("yes", "checkbox", rules)).toBe(true);
    expect(coerced("Subscribe", "checkbox", rules)).toContain('say `checked: ["Subscribe"]`');
    expect(coerced(["I agree"], "checkbox")).toContain('say `checked: ["I agree"]`');
    expect(coerceCustomValue(["on", "off"], "checkbox").ok).toBe(false);
  });

  it.each<[unknown, CustomValueRules["dates"], string]>([
    ["03/02/2026", "dmy", "2026-02-03"],
    ["03/02/2026", "mdy", "2026-03-02"],
    ["13/02/2026", "dmy", "2026-02-13"],
    ["02/13/2026", "mdy", "2026-02-13"],
    ["3-2-2026", "dmy", "2026-02-03"],
    ["03/02/2026 14:30", "dmy", "2026-02-03"],
    ["13/02/2026", undefined, "2026-02-13"],
    ["05/05/2026", undefined, "2026-05-05"],
    ["2026/02/03", "mdy", "2026-02-03"],
    ["3 Feb 2026", "mdy", "2026-02-03"],
    ["03.02.2026", undefined, "2026-02-03"],
    ["03.02.2026", "dmy", "2026-02-03"],
    ["03.02.2026", "mdy", "2026-03-02"],
    ["2026-02-03", "ymd", "2026-02-03"],
    ["2026/2/3", "ymd", "2026-02-03"],
    ["20260203", "ymd", "2026-02-03"],
    [1_790_000_000, undefined, "2026-09-21"],
    [1_790_000_000_000, undefined, "2026-09-21"],
    [1_735_603_200, undefined, "2024-12-31"],
    [-157_766_400, undefined, "1965-01-01"],
  ])("the date %j of a form that writes %s is %s", (written, dates, date) => {
    expect(coerced(written, "date", { dates })).toBe(date);
  });

  it("a date that could be two proposes the setting; one that cannot be under it is refused", () => {
    expect(coerced("03/02/2026", "date")).toContain("say `dates: dmy` or `dates: mdy`");
    expect(coerced("02/13/2026", "date", { dates: "dmy" })).toContain("is not a date written dmy");
    expect(coerced("13/02/2026", "date", { dates: "mdy" })).toContain("is not a date written mdy");
    expect(coerced("13.02.2026", "date", { dates: "mdy" })).toContain("is not a date written mdy");
    for (const written of ["03/02/2026", "13/02/2026", "05/05/2026", "3-2-2026", "03.02.2026"]) {
      expect(coerced(written, "date", { dates: "ymd" })).toContain("is not a date written ymd");
    }
    for (const written of ["31.04.2026", "03.02.2026 25:00"]) {
      expect(coerced(written, "date")).toMatch(/is not a clear date$/);
    }
    for (const number of [0, 2026, 20_260_203, 44_000, Number.NaN, 1e300]) {
      expect(coerceCustomValue(number, "date").ok).toBe(false);
    }
  });

  it.each<[unknown, CustomValueRules["decimal"], number]>([
    ["12.500", ",", 12_500],
    ["12.500", ".", 12.5],
    ["1,234", ",", 1.234],
    ["1,234", ".", 1_234],
    ["1.234,50", ",", 1_234.5],
    ["1234,567", ",", 1_234.567],
    ["0,125", ",", 0.125],
    ["0.125", ".", 0.125],
    ["1,234.50", ".", 1_234.5],
    ["1 234,5", ",", 1_234.5],
    ["12,34,567.8", ".", 1_234_567.8],
    ["-12.500", ",", -12_500],
    ["0.125", undefined, 0.125],
    ["0,125", undefined, 0.125],
    ["1,234.50", undefined, 1_234.5],
    ["1,234,567", undefined, 1_234_567],
    ["1234.567", undefined, 1_234.567],
    [12.5, ",", 12.5],
    [1.234, undefined, 1.234],
  ])("the number %j of a form with decimal %j is %d", (written, decimal, number) => {
    expect(coerced(written, "number", { decimal })).toBe(number);
  });

  it("a number that could be two proposes the setting; one that cannot be under it is refused", () => {
    for (const written of ["12.500", "1,234", "-1.234", "999,999", "1234,567"]) {
      expect(coerced(written, "number")).toContain('say `decimal: ","` or `decimal: "."`');
    }
    for (const written of ["0,125", "1.234,50", "1234,567"]) {
      expect(coerced(written, "number", { decimal: "." })).toMatch(/is not a number$/);
    }
    for (const written of ["0.125", "1,234.50", "1.23,4", "1,2,3", ",", "", "1.234.5"]) {
      expect(coerceCustomValue(written, "number", { decimal: "," }).ok).toBe(false);
    }
  });
});

/** Honorifics as the vendors' name fields list them, and the titles of Malaysia. */
describe("a title before a name is no part of it", () => {
  it.each([
    ["Dr. Siti Nurhaliza", "Siti", "Nurhaliza", "Dr."],
    ["Mr John Smith", "John", "Smith", "Mr"],
    ["Datuk Lee Chong Wei", "Lee", "Chong Wei", "Datuk"],
    ["Haji Ahmad", "Ahmad", undefined, "Haji"],
    ["Dato' Sri Najib", "Najib", undefined, "Dato' Sri"],
    ["Tan Sri Michelle Yeoh", "Michelle", "Yeoh", "Tan Sri"],
    ["Prof. Dr. med. Anna Schmidt", "Anna", "Schmidt", "Prof. Dr. med."],
    ["Frau Anna Schmidt", "Anna", "Schmidt", "Frau"],
    ["Mme Marie Curie", "Marie", "Curie", "Mme"],
    ["Monsieur Victor Hugo", "Victor", "Hugo", "Monsieur"],
    ["Dr E Smith", "E", "Smith", "Dr"],
    ["Mr Y Lee", "Y", "Lee", "Mr"],
    ["Tuan Haji Ahmad Ali", "Ahmad", "Ali", "Tuan Haji"],
    ["Datuk Seri Dr. Wan Azizah", "Wan", "Azizah", "Datuk Seri Dr."],
    ["Herr Dr. Max Muster", "Max", "Muster", "Herr Dr."],
    ["Sr. Juan Pérez", "Juan", "Pérez", "Sr."],
    ["Sra María García", "María", "García", "Sra"],
    ["MRS. Jane Doe", "Jane", "Doe", "MRS."],
    ["Encik  Ali  bin Abu", "Ali", "bin Abu", "Encik"],
  ])("%j", (written, firstName, lastName, title) => {
    expect(splitFullName(written)).toEqual({ firstName, ...(lastName ? { lastName } : {}), title });
  });

  it.each([
    ["Don Draper", "Don"],
    ["Sri Mulyani", "Sri"],
    ["Tun Aung", "Tun"],
    ["M Night", "M"],
    ["M. Night Shyamalan", "M."],
    ["M. Rizki Pratama", "M."],
    ["H. G. Wells", "H."],
    ["Tuan Nguyen", "Tuan"],
    ["Mr & Mrs Smith", "Mr"],
    ["Mr. and Mrs. Smith", "Mr."],
    ["Herr und Frau Schmidt", "Herr"],
    ["Miss", "Miss"],
    ["Dr. Prof.", "Dr."],
    ["Ada Lovelace", "Ada"],
    ["Drew Barrymore", "Drew"],
  ])("%j has none, or nothing else: its first name is %s", (written, firstName) => {
    expect(splitFullName(written)).toMatchObject({ firstName });
    expect(splitFullName(written)).not.toHaveProperty("title");
  });
});

it("hostile texts cost no more than others", () => {
  for (const text of [
    "dr ".repeat(20_000),
    "<".repeat(400),
    "1/".repeat(49),
    `mailto:${"?".repeat(400)}`,
    "52 1".repeat(24),
  ]) {
    expectQuick(() => {
      splitFullName(text);
      normalizeEmail(text);
      readPhone(text, "MY", "SG");
      normalizeCountry(text);
      coerceCustomValue(text, "number", { decimal: "," });
      coerceCustomValue(text, "date", { dates: "dmy" });
    });
  }
});

import languages from "iso-639-1";
import { describe, expect, it } from "vitest";
import { normalizeLanguage } from "./language.ts";

describe("language", () => {
  it.each(["", "auto", "xx", "qqq", "no-reply", "en US", "en-US,en;q=0.9", "constructor", 12, null, ["en"]])(
    "refuses %j",
    (value) => {
      expect(normalizeLanguage(value)).toEqual({
        ok: false,
        message: expect.stringMatching(/ is not a language$/),
      });
    },
  );

  it.each([
    ["ms", "ms"],
    ["PT", "pt"],
    ["pt-BR", "pt"],
    ["pt_BR", "pt"],
    ["zh-Hant-TW", "zh"],
    ["es-419", "es"],
    ["en_US.UTF-8", "en"],
    ["iw", "he"],
    ["in", "id"],
    ["ji", "yi"],
    ["eng", "en"],
    ["msa", "ms"],
    ["tl", "tl"],
    ["fil", "tl"],
    ["no", "no"],
    ["English", "en"],
    ["malay", "ms"],
    ["Bahasa Melayu", "ms"],
    ["Français", "fr"],
    ["francais", "fr"],
    ["Portuguese (Brazil)", "pt"],
    ["中文", "zh"],
    ["Mandarin", "zh"],
  ])("reads %j", (value, expected) => {
    expect(normalizeLanguage(value)).toEqual({ ok: true, value: expected });
  });

  it("leaves every code as it is, also one that is a name of another language", () => {
    const codes = languages.getAllCodes();
    expect(codes.map((code) => normalizeLanguage(code))).toEqual(codes.map((value) => ({ ok: true, value })));
  });
});

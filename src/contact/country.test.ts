import { describe, expect, it } from "vitest";
import { normalizeCountry } from "./country.ts";

describe("country", () => {
  it.each([
    "",
    "XX",
    "XYZ",
    "458",
    458,
    "Korea",
    "Congo",
    "Atlantis",
    "__proto__",
    "constructor",
    null,
    ["MY"],
  ])("refuses %j", (value) => {
    expect(normalizeCountry(value)).toEqual({
      ok: false,
      message: expect.stringMatching(/ is not a country$/),
    });
  });

  it.each([
    ["my", "MY"],
    [" MY ", "MY"],
    ["MYS", "MY"],
    ["UK", "GB"],
    ["u.k.", "GB"],
    ["USA", "US"],
    ["U.S.A.", "US"],
    ["United States of America", "US"],
    ["The Netherlands", "NL"],
    ["South Korea", "KR"],
    ["Malaysia", "MY"],
    ["Laos", "LA"],
    ["Trinidad & Tobago", "TT"],
    ["Côte d’Ivoire", "CI"],
    ["Cote d'Ivoire", "CI"],
    ["Niger", "NE"],
    ["Nigeria", "NG"],
    ["Georgia", "GE"],
    ["Scotland", "GB"],
    ["Deutschland", "DE"],
    ["Jerman", "DE"],
    ["España", "ES"],
    ["马来西亚", "MY"],
  ])("reads %j", (value, expected) => {
    expect(normalizeCountry(value)).toEqual({ ok: true, value: expected });
  });
});

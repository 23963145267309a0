import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeals, masked } from "./masking.ts";

const seals = createSeals("operator-token");

describe("a masked reference", () => {
  it("shows next to nothing, and only the same token opens it", () => {
    const text = seals.mask("email:ada@example.com");
    expect(text).toMatch(/^email:a•••@e•••~[\w-]+$/);
    expect(seals.open(text)).toBe("email:ada@example.com");
    expect(createSeals("another-token").open(text)).toBeUndefined();
  });

  it("is the same for the same contact, so that two events of one are seen to be", () => {
    expect(seals.mask("phone:+60123456789")).toBe(seals.mask("phone:+60123456789"));
  });

  it("opens to what was sealed, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (value) => {
        const ref = `email:${value}`;
        if (value.isWellFormed()) expect(seals.open(seals.mask(ref))).toBe(ref);
      }),
    );
  });

  it("that was changed opens to nothing, and what is none stays as it is", () => {
    const text = seals.mask("email:ada@example.com");
    expect(seals.open(`${text.slice(0, -1)}${text.endsWith("A") ? "B" : "A"}`)).toBeUndefined();
    expect(seals.open("email:ada@example.com")).toBe("email:ada@example.com");
    expect(seals.open("id:12")).toBe("id:12");
  });
});

describe("a masked answer", () => {
  const answer = {
    id: "evt_01KG8Z3V0QX5M7N2B4C6D8E9FA",
    type: "orders/create",
    contacts: ["email:ada@example.com", "id:12"],
    payload: { name: "Ada Lovelace", phones: [60123456789], "ada@example.com": true, total: 12.5 },
    mapping: { fields: [{ field: "firstName", from: "name", was: "Ada Lovelace", became: "Ada" }] },
    updates: [
      {
        contact: "phone:+60123456789",
        patch: { firstName: "Ada", custom_fields: [{ name: "Plan", value: "secretly pro" }] },
      },
    ],
    message: "ada@example.com is taken, call +60 12-345 6789",
    at: "2026-01-31T08:00:00.000Z",
    attempts: 3,
  };

  it("has every value of a person hidden, and keeps its shape, names, times and counts", () => {
    const shown = masked(answer, seals) as typeof answer;
    expect(JSON.stringify(shown)).not.toMatch(/Ada|Lovelace|ada@|60123456789|345 6789|secretly/);
    expect(shown).toMatchObject({
      id: answer.id,
      type: "orders/create",
      at: answer.at,
      attempts: 3,
      mapping: { fields: [{ field: "firstName", from: "name" }] },
      updates: [{ patch: { firstName: "A••• (3)", custom_fields: [{ name: "Plan" }] } }],
    });
    expect(shown.contacts[1]).toBe("id:12");
  });
});

import { describe, expect, it } from "vitest";
import { readEventFilter } from "./event-filter.ts";

describe("the filter of a list of events", () => {
  it("is read from its query; what is empty counts as absent", () => {
    expect(readEventFilter({})).toEqual({ ok: true, filter: {} });
    expect(readEventFilter({ source: "", type: "", state: "", contact: "", from: "", to: "" })).toEqual({
      ok: true,
      filter: {},
    });
    const query = {
      source: "shop",
      type: "orders/create",
      state: "failed",
      contact: "email:Ann@Example.com",
      from: "2026-01-31T08:00:00Z",
      to: "1769846400000",
    };
    expect(readEventFilter(query)).toEqual({
      ok: true,
      filter: {
        source: "shop",
        type: "orders/create",
        state: "failed",
        contact: "email:ann@example.com",
        from: Date.UTC(2026, 0, 31, 8),
        to: 1_769_846_400_000,
      },
    });
  });

  it.each([
    [{ state: "done" }, /waiting, active, delayed, failed, completed/],
    [{ contact: "ann@example.com" }, /phone:\+60123456789/],
    [{ contact: "phone:12" }, /phone:\+60123456789/],
    [{ from: "yesterday" }, /2026-01-31T08:00:00Z/],
    [{ to: "1e999" }, /2026-01-31T08:00:00Z/],
  ])("%j is refused, with what would be right", (query, message) => {
    expect(readEventFilter(query)).toEqual({ ok: false, message: expect.stringMatching(message) });
  });
});

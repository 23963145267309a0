import { expect, it } from "vitest";
import { createEventIds } from "./event-ids.ts";

it("ids rise within a process, also within a millisecond and when the clock is set back", () => {
  const nextId = createEventIds();
  const times = [5_000, 5_000, 5_001, 4_000, 5_001, 9_000];
  const ids = times.flatMap((time) => Array.from({ length: 50 }, () => nextId(time)));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
});

it("two processes at the same moment do not make the same ids", () => {
  const ids = Array.from({ length: 2_000 }, () => createEventIds()(1_000));
  expect(new Set(ids).size).toBe(ids.length);
});

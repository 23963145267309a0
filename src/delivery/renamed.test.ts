import { expect, it } from "vitest";
import { makeStamp } from "../contact/stamp.ts";
import type { EventRecord } from "../store/event-log.ts";
import { createRenamedTo } from "./renamed.ts";

const former = "email:old@example.com";
const stamp = makeStamp({ occurredAt: 1, receivedAt: 1, id: "evt_1", replay: 0 });
const applied = { email: { stamp, eventId: "evt_1" } };

function record(patch: Record<string, string | null>): EventRecord {
  const update = { id: "evt_1", eventId: "evt_1", contact: former, patch, stamp, receivedAt: 1 } as const;
  const result = { outcome: "mapped", updates: [update], warnings: [] } as const;
  return { state: "completed", attempts: 1, result } as unknown as EventRecord;
}

const renamedTo = (found: EventRecord | undefined) => createRenamedTo({ find: async () => found });

it("a contact is named by what the event that changed its identifier made of it", async () => {
  expect(await renamedTo(record({ email: "new@example.com" }))(former, applied)).toBe(
    "email:new@example.com",
  );
});

it("by another name of the same person it may have come as well, and by nobody else's", async () => {
  const found = record({ email: "new@example.com" });
  expect(await renamedTo(found)("email:older@example.com", applied, [former])).toBe("email:new@example.com");
  expect(await renamedTo(found)("email:older@example.com", applied, [])).toBeUndefined();
});

it("without a change, or once the event is gone, nothing is known", async () => {
  expect(await renamedTo(record({ email: "old@example.com" }))(former, applied)).toBeUndefined();
  expect(await renamedTo(record({ email: null }))(former, applied)).toBeUndefined();
  expect(await renamedTo(record({ firstName: "Ada" }))(former, applied)).toBeUndefined();
  expect(await renamedTo(undefined)(former, applied)).toBeUndefined();
  expect(await renamedTo(record({ email: "new@example.com" }))(former, {})).toBeUndefined();
  expect(await renamedTo(record({ email: "new@example.com" }))("id:7", applied)).toBeUndefined();
});

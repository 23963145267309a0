import { describe, expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { Mapped, Source } from "../sources/source.ts";
import type { Complete } from "./completion.ts";
import { eraseFor, planEvent } from "./map-event.ts";

const event: RelayEvent = {
  id: "evt_1",
  source: "shop",
  provider: "shopify",
  identity: "1",
  type: "customers/redact",
  attributes: {},
  occurredAt: 1,
  receivedAt: 1,
  replay: 0,
  payload: '{"customer":{"phone":"0123456789"}}',
};

const whole: Complete = async ({ payload }) => ({ kind: "complete", payload });

/** Maps the event by a source that makes this of it; answers what came of it and what was erased. */
async function mapping(mapped: Mapped, more: Partial<RelayEvent> = {}) {
  const contacts: ContactRef[] = [];
  const events: string[] = [];
  const store = {
    events: { erase: async (ids: readonly string[]) => void events.push(...ids) },
    erase: async (contact: ContactRef) => contacts.push(contact),
  };
  const source = { map: async () => mapped } as Partial<Source> as Source;
  const asking = { ...event, ...more };
  const plan = await planEvent(asking, new Map([["shop", source]]), whole);
  const outcome = plan.kind === "erase" ? await eraseFor(asking, plan, store) : plan.outcome;
  return { outcome, contacts, events };
}

describe("an update", () => {
  it("has the priority of its event, which is not kept where it is the usual one", async () => {
    const report = { fields: [], unusedAnswers: [] };
    const contact = "email:ann@example.com";
    const mapped: Mapped = { kind: "update", contact, patch: { firstName: "Ann" }, warnings: [], report };
    const updates = (outcome: object) => ("updates" in outcome ? outcome.updates : undefined);
    expect(updates((await mapping(mapped, { priority: "high" })).outcome)).toMatchObject([
      { priority: "high" },
    ]);
    expect(updates((await mapping(mapped)).outcome)).toEqual([
      expect.not.objectContaining({ priority: expect.anything() }),
    ]);
  });
});

describe("a request to erase somebody", () => {
  it("that could be read is carried out, and its own payload goes", async () => {
    const asked = {
      kind: "erase",
      contacts: ["phone:+60123456789", "email:a@b.co"],
      unreadable: [],
    } as const;
    expect(await mapping(asked)).toEqual({
      outcome: { outcome: "erased" },
      contacts: ["phone:+60123456789", "email:a@b.co"],
      events: ["evt_1"],
    });
  });

  it("that could be read in part erases that part, and is kept with its payload and what was wrong", async () => {
    const asked = { kind: "erase", contacts: ["email:a@b.co"], unreadable: ["phone"] } as const;
    const { outcome, contacts, events } = await mapping(asked);
    expect(contacts).toEqual(["email:a@b.co"]);
    expect(events).toEqual([]);
    expect(outcome).toMatchObject({ outcome: "failed", message: expect.stringContaining("phone number") });
    expect(JSON.stringify(outcome)).not.toMatch(/e-mail|0123456789/);
  });

  it("that is retried erases nobody twice: somebody may have come back since", async () => {
    const asked = { kind: "erase", contacts: ["email:a@b.co"], unreadable: ["phone"] } as const;
    const { outcome: first } = await mapping(asked);
    if (first.outcome !== "failed" || !first.erased) throw new Error("not kept");
    const found = { ...asked, contacts: ["phone:+60123456789", ...asked.contacts], unreadable: [] } as const;
    expect(await mapping(found, { erased: first.erased })).toEqual({
      outcome: { outcome: "erased" },
      contacts: ["phone:+60123456789"],
      events: ["evt_1"],
    });
  });

  it("of which nothing could be read says that nobody was erased", async () => {
    const { outcome, events } = await mapping({
      kind: "erase",
      contacts: [],
      unreadable: ["phone", "email"],
    });
    expect(events).toEqual([]);
    expect(outcome).toMatchObject({
      outcome: "failed",
      message: expect.stringMatching(/phone number and e-mail address.*nobody was erased/),
    });
  });
});

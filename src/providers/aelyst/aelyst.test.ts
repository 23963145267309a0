import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { aelyst } from "./index.ts";

const key = "workspace-key";

function request(body: unknown, headers: Record<string, string> = {}): InboundRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    query: {},
    target: "/webhooks/aelyst",
    body: Buffer.from(text),
    receivedAt: 0,
  };
}

const contact = {
  id: 7,
  firstName: "Ada",
  phone: "+60123456789",
  email: "Ada@Example.com",
  created_at: 1_767_607_200,
};
const created = { event_type: "contact.created", event_id: "e1", contact };

describe("the signature", () => {
  const body = JSON.stringify(created);
  const signature = createHmac("sha256", key).update(body).digest("base64");
  const verify = (given: string | undefined, ...secrets: string[]) =>
    aelyst.verify(
      request(body, given === undefined ? {} : { "x-webhook-signature": given }),
      { secrets, keys: [] },
      0,
    );

  it("is the base64 of the raw body's HMAC, by any of the keys: each webhook has its own", () => {
    expect(verify(signature, "another", key)).toEqual({ ok: true });
    expect(verify(signature, "another")).toEqual({ ok: false, reason: "the signature does not match" });
    expect(verify(undefined, key)).toEqual({ ok: false, reason: "no X-Webhook-Signature header" });
  });

  it("is refused in hex, and of a body that was written anew", () => {
    expect(verify(createHmac("sha256", key).update(body).digest("hex"), key).ok).toBe(false);
    const rewritten = request(`${body} `, { "x-webhook-signature": signature });
    expect(aelyst.verify(rewritten, { secrets: [key], keys: [] }, 0).ok).toBe(false);
  });
});

describe("what the workspace tells", () => {
  it("a created contact is an event with its own id and time, tells what names it now, and is mapped to nothing", () => {
    const parsed = aelyst.parse(request(created));
    expect(parsed).toEqual({
      kind: "events",
      events: [
        {
          id: "e1",
          type: "contact.created",
          occurredAt: 1_767_607_200_000,
          attributes: { contactId: "7" },
          payload: JSON.stringify(created),
          exist: ["phone:+60123456789", "email:ada@example.com", "id:7"],
        },
      ],
    });
    const [event] = parsed.kind === "events" ? parsed.events : [];
    expect(event && aelyst.map(event)).toEqual({ kind: "nothing", reason: "contact-exists", root: created });
  });

  it("an updated contact is told of in the same way: it may have got a phone number or an e-mail", () => {
    const parsed = aelyst.parse(request({ ...created, event_type: "contact.updated" }));
    expect(parsed).toMatchObject({
      kind: "events",
      events: [{ type: "contact.updated", exist: ["phone:+60123456789", "email:ada@example.com", "id:7"] }],
    });
  });

  it.each([
    "message.received",
    "message.sent",
    "conversation.closed",
    "contact.assignee.updated",
    "contact.tag.updated",
    "contact.lifecycle.updated",
    "contact.deleted",
    "CONTACT.CREATED",
  ])("%s wakes nobody and is not kept", (event_type) => {
    const ignored = { kind: "ignored", reason: "says-nothing-of-existence" };
    expect(aelyst.parse(request({ ...created, event_type }))).toEqual(ignored);
  });

  it("the type may stand under `event`, and the contact under `data`, as clients differ", () => {
    const body = { event: "contact.updated", data: { contact: { id: "8", email: null, phone: "" } } };
    expect(aelyst.parse(request(body))).toMatchObject({ events: [{ id: undefined, exist: ["id:8"] }] });
  });

  it("what cannot be read names nobody, and an event that names nobody is ignored", () => {
    const unread = { id: -1, phone: "0123", email: "ada" };
    for (const contact of [unread, {}, null, [], "ada@example.com", undefined]) {
      const body = { event_type: "contact.created", event_id: "e2", contact };
      expect(aelyst.parse(request(body))).toEqual({ kind: "ignored", reason: "no-identifier" });
      expect(
        aelyst.map({ type: "contact.created", attributes: {}, payload: JSON.stringify(body) }),
      ).toMatchObject({
        kind: "nothing",
        reason: "no-identifier",
      });
    }
  });

  it("an id of the event that is a number is one, and none leaves it to the body's hash", () => {
    const idOf = (event_id: unknown) => {
      const parsed = aelyst.parse(request({ ...created, event_id }));
      return parsed.kind === "events" ? parsed.events[0]?.id : parsed.kind;
    };
    expect([idOf(12), idOf("x"), idOf(""), idOf(null), idOf({})]).toEqual([
      "12",
      "x",
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("what is no event of it is told to the sender", () => {
    expect(aelyst.parse(request("{")).kind).toBe("malformed");
    expect(aelyst.parse(request([])).kind).toBe("malformed");
    expect(aelyst.parse(request({ contact }))).toEqual({
      kind: "malformed",
      message: "The body is not an event of the workspace: it has no event_type.",
    });
    expect(aelyst.parse(request(created, { "content-type": "text/plain" })).kind).toBe("unsupported");
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { contact, createDeliveryStage, ok } from "../../test/helpers/delivery-stage.ts";
import { deliverContact } from "./deliver-contact.ts";
import type { SenderAnswer } from "./send.ts";

let stage = createDeliveryStage();
beforeEach(() => {
  stage = createDeliveryStage();
});

describe("a contact that the API does not find", () => {
  const missing: SenderAnswer = { kind: "not-found", status: 404, message: "Contact not found!" };
  const phone = "phone:+60123456789";

  it("is tried by the next identifier that the update carries, in that one's own mailbox", async () => {
    stage.answers = () => missing;
    await stage.mailbox.post([
      stage.update("a", 100, { email: "ada@example.com", phone: "+60123456789", firstName: "Ada" }),
    ]);
    expect(await stage.run()).toEqual({ kind: "readdressed" });
    expect(stage.woken).toEqual([phone]);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
    expect((await stage.mailbox.read(contact)).history).toMatchObject([
      {
        outcome: "not-found",
        status: 404,
        fields: expect.arrayContaining([{ field: "firstName", eventId: "a" }]) as unknown,
      },
    ]);
    expect((await stage.mailbox.read(phone)).waiting).toMatchObject([
      { eventId: "a", contact: phone, patch: { firstName: "Ada" } },
    ]);
    expect(stage.kept).toEqual([]);
  });

  it("is parked as it was first named once every identifier was tried", async () => {
    stage.answers = () => missing;
    await stage.mailbox.post([stage.update("a", 100, { email: "ada@example.com", phone: "+60123456789" })]);
    await stage.run();
    const second = await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery());
    expect(second).toMatchObject({ kind: "parked" });
    expect(stage.kept).toMatchObject([{ reason: "contact-not-found", updates: [{ id: "a", contact }] }]);
    expect((await stage.mailbox.read(phone)).waiting).toEqual([]);
  });

  it("without another identifier is parked at once; what stands beside it is not held back", async () => {
    stage.answers = () => missing;
    await stage.mailbox.post([
      stage.update("a", 100, { email: "ada@example.com" }),
      stage.update("b", 200, { phone: "+60123456789", lastName: "Lovelace" }),
    ]);
    expect(await stage.run()).toMatchObject({ kind: "parked" });
    expect(stage.kept).toMatchObject([{ reason: "contact-not-found", updates: [{ id: "a" }] }]);
    expect((await stage.mailbox.read(phone)).waiting).toMatchObject([{ eventId: "b" }]);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
  });

  it("run again after a crash in between makes no second update of it", async () => {
    stage.answers = () => missing;
    await stage.mailbox.post([stage.update("a", 100, { phone: "+60123456789" })]);
    const cutOff = { ...stage.delivery(), wake: () => Promise.reject(new Error("crashed")) };
    await expect(deliverContact(contact, { busy: 0, failures: 0 }, cutOff)).rejects.toThrow("crashed");
    await stage.run();
    expect((await stage.mailbox.read(phone)).waiting).toHaveLength(1);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
  });

  it("a changed identifier whose first answer was lost is found by the new one", async () => {
    const former = "email:old@example.com";
    const change = {
      ...stage.update("a", 100, { email: "ada@example.com", firstName: "Ada" }),
      contact: former,
    } as const;
    await stage.mailbox.post([change]);
    stage.answers = () => missing;
    await deliverContact(former, { busy: 1, failures: 0 }, stage.delivery());
    stage.answers = () => ok;
    expect(await stage.run()).toEqual({ kind: "settled", requests: 1 });
    expect(stage.sent.at(-1)).toEqual({ email: "ada@example.com", firstName: "Ada" });
  });

  it("a newer value that came under the other identifier is not overwritten by it", async () => {
    await stage.mailbox.post([{ ...stage.update("new", 300, { firstName: "Newer" }), contact: phone }]);
    await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery());
    stage.answers = (patch) => (patch["email"] === undefined ? ok : missing);
    await stage.mailbox.post([
      stage.update("old", 100, { email: "ada@example.com", phone: "+60123456789", firstName: "Older" }),
    ]);
    await stage.run();
    stage.answers = () => ok;
    await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery());
    expect(stage.sent.at(-1)).toEqual({ email: "ada@example.com", phone: "+60123456789" });
  });

  it("that has another name since is reached by it, with what is newer than was applied under the former one", async () => {
    await stage.mailbox.post([stage.update("change", 200, { email: "new@example.com", firstName: "Newer" })]);
    await stage.run();
    stage.answers = () => missing;
    stage.renamed = "email:new@example.com";
    await stage.mailbox.post([stage.update("late", 100, { firstName: "Older", lastName: "Lovelace" })]);
    expect(await stage.run()).toEqual({ kind: "readdressed" });
    expect((await stage.mailbox.read(stage.renamed)).waiting).toMatchObject([
      { patch: { lastName: "Lovelace" } },
    ]);
    await stage.mailbox.post([stage.update("stale", 150, { firstName: "Older still" })]);
    await stage.run();
    expect((await stage.mailbox.read(stage.renamed)).waiting).toHaveLength(1);
    expect(stage.kept).toEqual([]);
  });
});

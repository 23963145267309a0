import { afterAll, describe, expect, it } from "vitest";
import { longTest } from "../helpers/length.ts";
import { finishCommand, until } from "../helpers/relay-process.ts";
import { busEndurance } from "./endurance.ts";
import { busStage, waitMs, type BrokerUnderTest } from "./stage.ts";

/** What is promised of a source that pulls, on real processes. Undefined where the broker is not installed. */
export function busGuarantees(name: string, broker: BrokerUnderTest | undefined): void {
  afterAll(async () => broker?.stop());

  describe.skipIf(!broker)(`events from ${name}`, { timeout: 4 * waitMs }, () => {
    const stage = busStage(broker);
    const { start, fresh, arrived, settled, counted, busOf, nameAt } = stage;

    it("arrive as those that are posted do, a megabyte among them, and are acknowledged once they are stored", async () => {
      const events = fresh(51);
      Object.assign(events[50] ?? {}, { filler: "x".repeat(900_000) });
      await broker?.publish(events);
      const relay = await start();
      await arrived(events);
      await settled();
      expect(await counted(relay, "stored")).toBe(51);
      await until(async () => (await busOf(relay))?.lag === 0, waitMs, "no lag");
      expect(await busOf(relay)).toMatchObject({ state: "up", pending: 0 });
      expect(await busOf(relay, "/admin/status")).toMatchObject({ state: "up" });
      const told = await finishCommand(["status", "--url", relay.url], stage.env);
      expect(told.out).toMatch(/^bus +crm: up, 0 to come, 0 not acknowledged; /m);
      expect(told.code).toBe(0);
    });

    it("that come twice count once, and the newest of a contact wins whatever comes last", async () => {
      const relay = await start();
      const [one, other] = fresh(2);
      if (!one || !other) throw new Error("no events");
      const { email } = one.data.user;
      const newer = { ...other, time: "2026-03-02T08:00:00Z", data: { user: { email, name: "Newest" } } };
      await broker?.publish([newer, one, newer]);
      await until(async () => (await counted(relay, "duplicate")) === 1, waitMs, "the duplicate");
      await until(() => nameAt(email) === "Newest", waitMs, "the newest name");
      await until(async () => (await counted(relay, "stored")) === 2, waitMs, "both events");
      expect(nameAt(email)).toBe("Newest");
    });

    it("that can never be read are parked with their bytes, and hold up nothing", async () => {
      const relay = await start();
      await broker?.publishRaw(Buffer.from("this is no event"));
      await broker?.publishRaw(Buffer.from([0xff, 0xfe, 0x00]));
      const events = fresh(5);
      await broker?.publish(events);
      await arrived(events);
      await settled();
      const failures = async () => {
        const { body } = await stage.get(relay, "/admin/failures");
        return (body as { items: { id: string; message: string; source: string }[] }).items;
      };
      await until(async () => (await failures()).length === 2, waitMs, "both to be parked");
      const [second, first] = await failures();
      expect(first).toMatchObject({
        source: "crm",
        message: expect.stringContaining("cannot be read") as string,
      });
      const show = async (id: string | undefined) => (await stage.get(relay, `/admin/events/${id}`)).body;
      expect(await show(first?.id)).toMatchObject({ payload: { text: "this is no event" } });
      expect(await show(second?.id)).toMatchObject({ payload: { base64: "//4A" } });
    });

    longTest(
      "wait for a broker that is away at the start and later, while everything else goes on",
      {},
      async () => {
        await broker?.kill();
        const relay = await start();
        const isAway = async () => (await busOf(relay))?.state === "away";
        await until(isAway, waitMs, "the bus to be away");
        expect((await stage.get(relay, "/readyz")).code).toBe(200);
        const posted = await fetch(`${relay.url}/webhooks/form?key=k`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ email: "form@example.com", first_name: "Form" }),
        });
        expect(posted.status).toBe(200);
        await until(() => nameAt("form@example.com") === "Form", waitMs, "the form's contact");
        for (let round = 0; round < 2; round += 1) {
          await broker?.start();
          const events = fresh(10);
          await broker?.publish(events);
          await arrived(events);
          await settled();
          await broker?.kill();
          await until(isAway, waitMs, "the bus to be away");
        }
        const told = (text: string) => relay.output().split(text).length - 1;
        expect(told("the bus is away")).toBe(3);
        expect(told("the bus is back")).toBe(2);
      },
    );

    it("that were fetched when the relay stops are stored or given back at once", async () => {
      const events = fresh(100);
      const relay = await start();
      await broker?.publish(events);
      await until(() => stage.sandbox.contacts().length > 0, waitMs, "a first contact");
      expect(await relay.end("SIGTERM")).toBe(0);
      const again = await start();
      await arrived(events);
      await settled();
      expect(again.output()).not.toContain("the bus is away");
    });

    it("are looked for by check, which names what is wrong", async () => {
      const fine = await finishCommand(["check"], stage.env);
      expect(fine.out).toMatch(/^ok +bus of crm: /m);
      expect(fine.code).toBe(0);
      await broker?.kill();
      const away = await finishCommand(["check"], stage.env);
      expect(away.out).toMatch(/^PROBLEM +bus of crm: /m);
      expect(away.code).toBe(1);
    });

    busEndurance(stage, broker);
  });
}

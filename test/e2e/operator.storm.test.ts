import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CustomFieldsSettings } from "../../src/sandbox/custom-fields.ts";
import { startEngine, type EngineName, type EngineUnderTest } from "../helpers/engines.ts";
import { adminToken, openStage, waitMs, type Stage } from "../helpers/operator-stage.ts";
import { finishCommand, until } from "../helpers/relay-process.ts";

const engineNames: readonly EngineName[] = ["embedded", "redis", "postgres"];
const engines = new Map<EngineName, EngineUnderTest | undefined>();
for (const name of engineNames) engines.set(name, await startEngine(name));
afterAll(async () => {
  for (const engine of engines.values()) await engine?.stop();
});

const ada = "email:ada@example.com";

describe.each(engineNames)("the parked, on %s", { timeout: 4 * waitMs }, (name) => {
  const engine = engines.get(name);
  let stage: Stage;
  /** What the workspace takes for the custom field from now on. */
  const accept = (fields: NonNullable<CustomFieldsSettings["fields"]>) =>
    stage.sandbox.setCustomFields({ fields });

  beforeEach(async (context) => {
    if (!engine) return context.skip(`${name}: no server found`);
    stage = await openStage(engine, { customFields: { Score: { type: "list", options: ["gold"] } } });
  });
  afterEach(async () => {
    await stage?.close();
  });

  it("one refused field is parked complete, and a retry delivers exactly that once the API takes it", async () => {
    await stage.start();
    const { id } = await stage.post({ email: "ada@example.com", first_name: "Ada", score: "lead" });
    const [item] = await stage.parked(1);
    expect(item).toEqual({
      id: expect.stringMatching(/^dlv_\d+\.0$/),
      kind: "delivery",
      contact: ada,
      reason: "invalid",
      status: 400,
      message: "Score: Invalid value",
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      attempts: expect.any(Number),
      fields: ["custom_fields.Score"],
      updates: [
        {
          id: expect.stringContaining(id),
          eventId: id,
          patch: { custom_fields: [{ name: "Score", value: "lead" }] },
          stamp: expect.stringContaining(id),
        },
      ],
    });
    expect((await stage.admin(`/failures/${item?.id ?? ""}`)).body).toEqual(item);
    expect(stage.sandbox.contact(ada)).toMatchObject({ fields: { firstName: "Ada" }, customFields: {} });
    expect((await stage.admin(`/events/${id}`)).body["updates"]).toMatchObject([
      { fields: { firstName: { state: "applied" }, "custom_fields.Score": { state: "parked" } } },
    ]);

    expect(await stage.admin(`/failures/${item?.id ?? ""}/retry`, "POST")).toMatchObject({ status: 200 });
    await until(async () => (await stage.failures())[0]?.id !== item?.id, waitMs, "the retry");
    const [again] = await stage.parked(1);
    expect(again).toMatchObject({ message: "Score: Invalid value", fields: ["custom_fields.Score"] });

    accept({ Score: { type: "text" } });
    const retried = await stage.command("failures", "retry", again?.id ?? "", "--json");
    expect([retried.code, JSON.parse(retried.out)]).toEqual([0, { retried: 1, missing: [] }]);
    await until(() => stage.sandbox.contact(ada)?.customFields["Score"] === "lead", waitMs, "the delivery");
    expect(stage.sandbox.requests().at(-1)?.body).toEqual({
      custom_fields: [{ name: "Score", value: "lead" }],
    });
    await stage.idle();
    expect(await stage.failures()).toEqual([]);
    expect((await stage.admin(`/events/${id}`)).body["updates"]).toMatchObject([
      { fields: { "custom_fields.Score": { state: "applied" } } },
    ]);
  });

  it("a retry changes nothing after a newer event has delivered that field, and says so by its contact", async () => {
    await stage.start();
    await stage.post({ email: "ada@example.com", score: "lead" });
    const [item] = await stage.parked(1);
    const newer = await stage.post({ email: "ada@example.com", score: "gold" });
    await until(
      () => stage.sandbox.contact(ada)?.customFields["Score"] === "gold",
      waitMs,
      "the newer value",
    );
    accept({ Score: { type: "text" } });
    await stage.idle();
    const requests = stage.sandbox.requests().length;

    expect(await stage.command("failures", "retry", item?.id ?? "")).toMatchObject({ code: 0 });
    await stage.idle();
    expect(await stage.failures()).toEqual([]);
    expect(stage.sandbox.requests()).toHaveLength(requests);
    const { body } = await stage.admin(`/contacts/${ada}`);
    expect(body).toMatchObject({
      waiting: [],
      applied: { "custom_fields.Score": { eventId: newer.id } },
      history: [
        // The retry had nothing that is newer.
        { outcome: "superseded", fields: [] },
        {
          outcome: "applied",
          status: 200,
          fields: [
            { field: "email", eventId: newer.id },
            { field: "custom_fields.Score", eventId: newer.id },
          ],
        },
        {
          outcome: "invalid",
          status: 400,
          fields: [{ field: "custom_fields.Score" }],
          parked: "invalid",
          parkedId: item?.id,
        },
        { outcome: "applied", fields: [{ field: "email" }] },
        { outcome: "invalid", status: 400 },
      ],
    });
  });

  it("a lead whose number cannot be read is parked, and a retry delivers it once the region is told", async () => {
    await stage.start();
    const { id } = await stage.post({ phone: "012-345 6789", first_name: "Ada" });
    const [item] = await stage.parked(1);
    expect(item).toMatchObject({
      id,
      kind: "event",
      source: "form",
      reason: "unreadable-identifier",
      message: "the phone number at phone has no country code and the source has no region",
    });
    expect(stage.relay().output()).not.toContain("012-345");
    expect(await stage.metrics()).toContain('relay_parked_total{reason="unreadable-identifier"} 1');
    await stage.stop();
    const sources = { sources: { form: { provider: "form", key: "form-key", region: "MY" } } };
    writeFileSync(stage.env["SOURCES_FILE"] ?? "", JSON.stringify(sources));
    await stage.start();
    expect(await stage.admin(`/failures/${id}/retry`, "POST")).toMatchObject({ status: 200 });
    await until(() => stage.sandbox.contact("phone:+60123456789") !== undefined, waitMs, "the lead");
    expect(await stage.failures()).toEqual([]);
  });

  it("a contact that is not found by its phone is found by its e-mail; parked, it is retried as it was first named", async () => {
    await stage.start();
    stage.sandbox.fault({ status: 404, contact: "phone:+60123456789" });
    await stage.post({ phone: "+60123456789", email: "ada@example.com", first_name: "Ada" });
    await until(() => stage.sandbox.contact(ada) !== undefined, waitMs, "the delivery by e-mail");
    expect(stage.sandbox.contact(ada)?.fields).toMatchObject({ firstName: "Ada", phone: "+60123456789" });
    await stage.idle();
    expect(await stage.failures()).toEqual([]);

    stage.sandbox.reset();
    stage.sandbox.fault({ status: 404 });
    await stage.post({ phone: "+60111111111", email: "bob@example.com", first_name: "Bob" });
    const [item] = await stage.parked(1);
    expect(item).toMatchObject({ reason: "contact-not-found", status: 404 });
    stage.sandbox.clearFaults();
    expect(await stage.admin(`/failures/${item?.id ?? ""}/retry`, "POST")).toMatchObject({ status: 200 });
    await until(() => stage.sandbox.contact("phone:+60111111111") !== undefined, waitMs, "the retry");
    await stage.idle();
    const refs = stage.sandbox.requests().map(({ contact }) => contact);
    expect(refs).toEqual(["phone:+60111111111", "email:bob@example.com", "phone:+60111111111"]);
  });

  it("events under the former and the new name of a contact reach the same one", async () => {
    const map = { was: { email: "before" } };
    const sources = { sources: { form: { provider: "form", key: "form-key", map } } };
    writeFileSync(stage.env["SOURCES_FILE"] ?? "", JSON.stringify(sources));
    await stage.start();
    await stage.post({ email: "old@example.com", first_name: "Ada" });
    await until(() => stage.sandbox.contact("email:old@example.com") !== undefined, waitMs, "the contact");
    await stage.post({ email: "new@example.com", before: "old@example.com" });
    await until(() => stage.sandbox.contact("email:new@example.com") !== undefined, waitMs, "its new name");
    stage.sandbox.fault({ status: 404, contact: "email:old@example.com" });
    await stage.post({ email: "new@example.com", language: "ms" });
    await stage.post({ before: "old@example.com", country: "MY" });
    const fields = () => stage.sandbox.contact("email:new@example.com")?.fields;
    await until(() => fields()?.["language"] === "ms" && fields()?.["countryCode"] === "MY", waitMs, "both");
    await stage.idle();
    expect(stage.sandbox.contacts()).toHaveLength(1);
    expect(fields()).toMatchObject({ firstName: "Ada", email: "new@example.com" });
    expect(await stage.failures()).toEqual([]);
  });

  it(
    "commands tell and do the same with the relay stopped and running, and with exit codes 0, 1 and 2",
    {},
    async () => {
      await stage.start();
      for (const [index, person] of ["ada", "bob", "cleo"].entries()) {
        await stage.post({ email: `${person}@example.com`, score: "lead" });
        await stage.parked(index + 1);
      }
      const ids = (await stage.parked(3)).map((item) => item.id);
      const dora = await stage.post({ email: "dora@example.com", first_name: "Dora" });
      await until(() => stage.sandbox.contact("email:dora@example.com") !== undefined, waitMs, "Dora");
      await stage.idle();

      async function readAll() {
        const told = {
          list: await stage.command("failures", "list", "--json"),
          plain: await stage.command("failures"),
          show: await stage.command("failures", "show", ids[0] ?? ""),
          contact: await stage.command("contact", "show", "email:DORA@example.com"),
          fitting: await stage.command(
            "failures",
            "--reason",
            "invalid",
            "--contact",
            "email:bob@example.com",
          ),
          other: await stage.command("failures", "--reason", "refused"),
          events: await stage.command("events", "--from", "1h", "--contact", "email:dora@example.com"),
          event: await stage.command("events", "show", dora.id),
        };
        return Object.values(told).map(({ code, out }) => ({ code, out }));
      }
      const whileRunning = await readAll();
      expect(whileRunning.every(({ code }) => code === 0)).toBe(true);
      const [list, plain, show, contact, fitting, other, events, event] = whileRunning.map(({ out }) => out);
      expect(fitting?.trim().split("\n")).toEqual([expect.stringContaining(ids[1] ?? "none")]);
      expect(other).toBe("Nothing that fits is parked.\n");
      expect(events).toMatch(
        new RegExp(`^\\S+  ${dora.id}  form  form_submission  mapped  email:dora@example.com\n$`),
      );
      expect(JSON.parse(event ?? "")).toMatchObject({ id: dora.id, outcome: "mapped" });
      expect(JSON.parse(list ?? "")).toMatchObject({ items: ids.map((id) => ({ id })) });
      expect(plain?.trim().split("\n")).toHaveLength(3);
      expect(plain).toContain("invalid [custom_fields.Score]: 400 Score: Invalid value");
      expect(JSON.parse(show ?? "")).toMatchObject({ id: ids[0], kind: "delivery" });
      expect(JSON.parse(contact ?? "")).toMatchObject({ waiting: [], history: [{ outcome: "applied" }] });

      const refused: [number, ...string[]][] = [
        [1, "failures", "show", "dlv_999999.0"],
        [1, "failures", "retry", "evt_unknown"],
        [1, "failures", "drop", "wait"],
        [1, "contact", "show", "email:nobody@example.com"],
        [2, "contact", "show", "ada@example.com"],
        [2, "contact", "erase", "phone:12"],
        [2, "failures", "retry"],
        [2, "failures", "retry", "--all", "x"],
        [2, "failures", "drop"],
        [2, "failures", "lst"],
        [2, "failures", "retry", "x", "--reason", "invalid"],
        [1, "events", "show", "evt_unknown"],
        [2, "events", "--from", "sometime"],
        [2, "events", "--state", "done"],
      ];
      async function refuseAll(requests: typeof refused) {
        for (const [code, ...args] of requests) {
          const result = await stage.command(...args);
          expect([args, result.code]).toEqual([args, code]);
          expect(result.err, args.join(" ")).not.toBe("");
          expect(result.err).not.toMatch(/\bat .*\.js:\d+/);
        }
      }
      if (name !== "postgres") await refuseAll(refused);
      const dropped = await stage.command("failures", "drop", ids[2] ?? "", "--json");
      expect([dropped.code, JSON.parse(dropped.out)]).toEqual([0, { dropped: ids[2] }]);
      expect(stage.relay().output()).not.toMatch(/ada@|bob@|cleo@|dora@/);

      await stage.stop();
      const [listStopped, ...othersStopped] = await readAll();
      expect(othersStopped.slice(1)).toEqual(whileRunning.slice(2));
      expect(JSON.parse(listStopped?.out ?? "")).toMatchObject({
        items: ids.slice(0, 2).map((id) => ({ id })),
      });
      if (name === "embedded") await refuseAll(refused.filter(([code]) => code === 1));
      const partly = await stage.command("failures", "retry", ids[0] ?? "", "dlv_999999.0", "--json");
      expect([partly.code, JSON.parse(partly.out)]).toEqual([1, { retried: 1, missing: ["dlv_999999.0"] }]);
      const all = await stage.command("failures", "retry", "--all", "--json");
      expect([all.code, JSON.parse(all.out)]).toEqual([0, { retried: 1, missing: [] }]);
      expect((await stage.command("failures", "list")).out).toBe("Nothing is parked.\n");

      accept({ Score: { type: "text" } });
      await stage.start();
      const scores = () =>
        stage.sandbox.contacts().map(({ customFields }) => customFields["Score"] ?? "none");
      await until(
        () => scores().filter((score) => score === "lead").length === 2,
        waitMs,
        "the two that were retried",
      );
      await stage.idle();
      expect(scores()).toEqual(["none", "lead", "lead", "none"]);
    },
  );

  it("a piece that was cut off in the middle of its division by kill -9 is found again, and nothing is lost", async () => {
    stage.mapping({ Score: "score", A: "a", B: "b", C: "c", D: "d" });
    const text = { type: "text" } as const;
    accept({ A: text, B: text, C: { type: "number" }, D: text });
    stage.sandbox.fault({ latencyMs: 150 });
    await stage.start();
    await stage.post({
      email: "ada@example.com",
      first_name: "Ada",
      score: "lead",
      a: "1",
      b: "2",
      c: "3",
      d: "4",
    });
    await until(() => stage.sandbox.requests().length >= 4, waitMs, "the middle of the division");
    await stage.stop("SIGKILL");
    await stage.start();
    const items = await stage.parked(2);
    expect(new Set(items.flatMap((item) => item.fields ?? []))).toEqual(
      new Set(["custom_fields.C", "custom_fields.Score"]),
    );
    expect(stage.sandbox.contact(ada)).toMatchObject({
      fields: { firstName: "Ada", email: "ada@example.com" },
      customFields: { A: "1", B: "2", D: "4" },
    });
  });
});

describe("the commands find their relay", { timeout: 4 * waitMs }, () => {
  let stage: Stage;
  beforeAll(async () => {
    const engine = engines.get("embedded");
    if (!engine) throw new Error("the embedded engine is always there");
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage.close();
  });

  it("a directory without a store is a mistake, not an empty store", async () => {
    const result = await stage.command("failures", "list");
    expect(result.code).toBe(1);
    expect(result.err).toContain("DATA_DIR");
    expect(readdirSync(stage.directory)).toEqual(["sources.yaml"]);

    // As a relay on another store leaves it.
    const dataDir = stage.env["DATA_DIR"] ?? "";
    mkdirSync(join(dataDir, "spool"), { recursive: true });
    const erase = await stage.command("contact", "erase", "id:1");
    expect([erase.code, erase.out]).toEqual([1, ""]);
    expect(readdirSync(dataDir)).toEqual(["spool"]);
  });

  it("a relay that cannot be asked is an error, never 'nothing is parked'", async () => {
    await stage.start();
    const ask = (overrides: Record<string, string>) =>
      finishCommand(["failures", "list"], { ...stage.env, ...overrides });
    const wrong = await ask({ ADMIN_TOKEN: "another-token" });
    expect([wrong.code, wrong.out]).toEqual([1, ""]);
    expect(wrong.err).toContain("another ADMIN_TOKEN");
    const elsewhere = await ask({ PORT: "9" });
    expect([elsewhere.code, elsewhere.out]).toEqual([1, ""]);
    expect(elsewhere.err).toContain("does not answer");
    const without = await ask({ ADMIN_TOKEN: "" });
    expect([without.code, without.out]).toEqual([1, ""]);
    expect(without.err).toContain("set ADMIN_TOKEN");
    expect(await ask({})).toMatchObject({ code: 0, out: "Nothing is parked.\n" });

    await stage.stop();
    await stage.start({ ADMIN_TOKEN: "" });
    const off = await stage.command("failures", "list");
    expect([off.code, off.out]).toEqual([1, ""]);
    expect(off.err).toContain("without ADMIN_TOKEN");
    expect(off.err).not.toContain(adminToken);
    for (const path of ["/status", "/failures", "/contacts/id:1"]) {
      expect((await stage.admin(path)).status).toBe(404);
    }
  });
});

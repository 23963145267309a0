import { describe, expect, it } from "vitest";
import { app, ask, source, world } from "../../test/helpers/webhooks-stage.ts";
import type { Announcement, Attestation, Attested, Published } from "../providers/provider.ts";

const visited: string[] = [];
const published: Published = {
  read: async () => ({ ok: false, message: "not asked here" }),
  async visit(address) {
    visited.push(address.href);
    return address.pathname === "/good" ? { ok: true } : { ok: false, message: "keys.example answered 500" };
  },
};

function attested(outcome: Attested): Attestation {
  return { needs: ["topics"], prove: async () => outcome };
}

function post(body: string, proof: Attested, visit?: URL, headers: Record<string, string> = {}) {
  const ping = visit && { parse: () => ({ kind: "ignored" as const, reason: "confirmed", visit }) };
  const configured = source({ attestation: attested(proof) }, ping);
  const init = { method: "POST", body, headers };
  return ask(app(configured, published), "/webhooks/fake", init);
}

describe("a sender that is proven by what it publishes", () => {
  it("is asked to come again while that cannot be had, and nothing is stored", async () => {
    const response = await post('[{"type":"a"}]', { kind: "undecided", reason: "keys.example is away" });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(JSON.stringify(await response.json())).not.toContain("keys.example");
    expect(world.logged).toContain("keys.example is away");
    expect(world.stored).toEqual([]);
  });

  it("is refused with 401 by its own reason, which only the log tells", async () => {
    const response = await post('[{"type":"a"}]', { kind: "refused", reason: "another audience" });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("audience");
    expect(world.logged).toContain("another audience");
    expect(world.stored).toEqual([]);
  });

  it("is taken when it is proven, with a key as well as without", async () => {
    expect((await post('[{"type":"a"}]', { kind: "proven" })).status).toBe(200);
    const keyed = await post('[{"type":"b"}]', { kind: "refused", reason: "none" }, undefined, {
      "x-proof": "yes",
    });
    expect(keyed.status).toBe(200);
    expect(world.stored).toHaveLength(2);
  });

  it("is refused where nothing could be fetched at all", async () => {
    const configured = source({ attestation: attested({ kind: "proven" }) });
    const response = await ask(app(configured), "/webhooks/fake", { method: "POST", body: "[]" });
    expect(response.status).toBe(401);
  });
});

describe("a confirmation that asks for a visit", () => {
  it("is made once its sender is proven, and only then", async () => {
    visited.length = 0;
    const good = new URL("https://keys.example/good");
    expect((await post("", { kind: "refused", reason: "no" }, good)).status).toBe(401);
    expect(visited).toEqual([]);
    const response = await post("", { kind: "proven" }, good);
    expect(await response.json()).toEqual({ status: "ignored", reason: "confirmed" });
    expect(visited).toEqual([good.href]);
  });

  it("is asked for again when the visit was of no use", async () => {
    const response = await post("", { kind: "proven" }, new URL("https://keys.example/bad"));
    expect(response.status).toBe(503);
    expect(world.logged).toContain("keys.example answered 500");
  });
});

describe("what a protocol reads", () => {
  it("a success is answered in its own words", async () => {
    const acknowledge = () => ({ status: 200, headers: {}, body: "" });
    const response = await ask(app(source({}, { acknowledge })), "/webhooks/fake", {
      method: "POST",
      body: '[{"type":"a"}]',
      headers: { "x-proof": "yes" },
    });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(world.stored).toHaveLength(1);
  });

  it("a page of its own tells of the sources that announce something, and is not there without any", async () => {
    const announcement: Announcement = {
      needs: ["topics"],
      path: "/announced",
      answer: (_request, sources) => ({
        status: 404,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          error: { code: "not-found", message: sources.map(({ name }) => name).join() },
        }),
      }),
    };
    const configured = source({ announced: true }, { announcement });
    const told = await ask(app(configured), "/announced", { method: "GET" });
    expect(await told.json()).toMatchObject({ error: { message: "fake" } });
    const silent = await ask(app(source({}, { announcement })), "/announced", { method: "GET" });
    expect(await silent.json()).toMatchObject({ error: { message: "Not found." } });
  });
});

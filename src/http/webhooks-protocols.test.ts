import { describe, expect, it } from "vitest";
import { app, ask, post, source, world } from "../../test/helpers/webhooks-stage.ts";

describe("protocols and browsers", () => {
  it("providers that need an empty 200 get one", async () => {
    const response = await post('[{"type":"a"}]', {}, source({}, { answers: "empty" }));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  it("a browser that wants HTML is redirected with 303, a script is answered in JSON", async () => {
    const form = source({ redirect: "https://example.com/thanks" }, { answers: "form" });
    const page = await post('[{"type":"a"}]', { accept: "text/html,*/*" }, form);
    expect(page.status).toBe(303);
    expect(page.headers.get("location")).toBe("https://example.com/thanks");
    expect((await post('[{"type":"b"}]', { accept: "application/json" }, form)).status).toBe(200);
  });

  it("a filled honeypot is answered like a success and nothing is stored", async () => {
    const form = source({ honeypot: "trap" }, { answers: "form" });
    const response = await post('[{"type":"a","trap":"buy now"}]', {}, form);
    expect(await response.json()).toMatchObject({ status: "accepted", id: expect.stringMatching(/^evt_/) });
    expect(world.stored).toEqual([]);
    await post('[{"type":"a","trap":""}]', {}, form);
    expect(world.stored).toHaveLength(1);
  });

  it("CORS is for the listed origins only", async () => {
    const form = source({ cors: ["https://example.com"] }, { answers: "form" });
    const preflight = (origin: string) =>
      ask(app(form), "/webhooks/fake", { method: "OPTIONS", headers: { origin } });
    const listed = await preflight("https://example.com");
    expect(listed.status).toBe(204);
    expect(listed.headers.get("access-control-allow-origin")).toBe("https://example.com");
    expect(listed.headers.get("access-control-allow-methods")).toBe("POST");
    const other = await preflight("https://evil.example");
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
    expect(other.headers.get("access-control-allow-methods")).toBeNull();
  });

  it("handshakes are answered as their protocol asks", async () => {
    const handshaking = source(
      {},
      {
        handshake: (request) =>
          request.method === "OPTIONS"
            ? { status: 200, headers: { "WebHook-Allowed-Origin": "*" }, body: "" }
            : undefined,
      },
    );
    const response = await ask(app(handshaking), "/webhooks/fake", { method: "OPTIONS" });
    expect(response.status).toBe(200);
    expect(response.headers.get("webhook-allowed-origin")).toBe("*");
  });
});

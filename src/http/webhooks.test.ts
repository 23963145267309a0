import { describe, expect, it } from "vitest";
import { app, ask, now, post, source, world } from "../../test/helpers/webhooks-stage.ts";

describe("what is refused", () => {
  it("an unsigned request gets 401 that says nothing of what was expected", async () => {
    const response = await post("[]", { "x-proof": "no" });
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: "unverified" } });
    expect(text).not.toContain("no proof given");
    expect(text).not.toContain("top-secret-value");
    expect(world.logged).toContain("no proof given");
    expect(world.stored).toEqual([]);
  });

  it.each([
    ["{", 400, "malformed"],
    ["xml", 415, "unsupported-media-type"],
    ["x".repeat(1_001), 413, "too-large"],
  ])("%#: a body that cannot be taken gets its own answer", async (body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it.each(["gzip", "GZIP", "identity, br", "gzip, deflate", "zstd", "rot13", "gzip,"])(
    "a body with Content-Encoding %s is 415 before it is read, and says what is taken",
    async (encoding) => {
      const response = await post("x".repeat(1_001), { "content-encoding": encoding });
      expect(response.status).toBe(415);
      expect(response.headers.get("accept-encoding")).toBe("identity");
      expect(await response.json()).toEqual({
        error: {
          code: "unsupported-media-type",
          message: "The body is compressed. Send it as it is, without Content-Encoding.",
        },
      });
      expect(world.logged.trim().split("\n")).toHaveLength(1);
      expect(world.logged).toContain("the body is encoded: ");
      expect(world.logged).not.toContain("rot13");
      expect((await world.metrics.render()).body).toContain(
        'relay_events_total{source="fake",outcome="unsupported"} 1',
      );
      expect(world.stored).toEqual([]);
    },
  );

  it.each(["", " ", "identity", "Identity , identity", "utf-8"])(
    "a body with Content-Encoding %j is what it is, and taken",
    async (encoding) => {
      expect((await post('[{"type":"a"}]', { "content-encoding": encoding })).status).toBe(200);
      expect(world.stored).toHaveLength(1);
    },
  );

  it("a source that is not configured is 404, another method 405 with Allow", async () => {
    expect((await ask(app(), "/webhooks/other", { method: "POST" })).status).toBe(404);
    const response = await ask(app(), "/webhooks/fake", {});
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });

  it("a store that fails is 503 with Retry-After, and the cause stays in the log", async () => {
    world.accept = () => Promise.reject(new Error("disk on fire"));
    const response = await post('[{"type":"a"}]');
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.text()).not.toContain("fire");
    expect(world.logged).toContain("disk on fire");
  });
});

describe("what is taken", () => {
  it("one event: stored, then 200 with its id; the same again is a duplicate with the first one's id", async () => {
    const first = await post('[{"id":"x","type":"a"}]');
    expect(first.status).toBe(200);
    const answer = (await first.json()) as { status: string; id: string };
    expect(answer.status).toBe("accepted");
    expect(answer.id).toMatch(/^evt_[0-9A-Z]{26}$/);
    const again = await post('[{"id":"x","type":"changed","more":1}]');
    expect(await again.json()).toEqual({ status: "duplicate", id: answer.id });
    expect(world.stored).toHaveLength(1);
  });

  it("without an authenticated id the body itself is the identity", async () => {
    await post('[{"type":"a"}]');
    expect(await (await post('[{"type":"a"}]')).json()).toMatchObject({ status: "duplicate" });
    expect(await (await post('[{"type":"a" }]')).json()).toMatchObject({ status: "accepted" });
  });

  it("events of one body without ids are told apart by their place, and known again", async () => {
    const body = '[{"type":"a"},{"type":"a"}]';
    const statuses = async () => {
      const answer = (await (await post(body)).json()) as { events: { status: string }[] };
      return answer.events.map(({ status }) => status);
    };
    expect(await statuses()).toEqual(["accepted", "accepted"]);
    expect(await statuses()).toEqual(["duplicate", "duplicate"]);
  });

  it("several events are all stored in one call, each with its own status", async () => {
    const calls: number[] = [];
    const inner = world.accept;
    world.accept = (events) => {
      calls.push(events.length);
      return inner(events);
    };
    const body = '[{"id":"1","type":"a"},{"id":"2","type":"unwanted"},{"id":"1","type":"a"}]';
    const answer = (await (await post(body)).json()) as { events: { status: string }[] };
    expect(answer).toMatchObject({ status: "accepted" });
    expect(answer.events.map((event) => event.status)).toEqual(["accepted", "ignored", "duplicate"]);
    expect(calls).toEqual([2]);
  });

  it("a ping and an event that is not selected are ignored with a reason, and not stored", async () => {
    expect(await (await post("ping")).json()).toEqual({ status: "ignored", reason: "ping" });
    expect(await (await post('[{"type":"unwanted"}]')).json()).toEqual({
      status: "ignored",
      reason: "event-not-selected",
    });
    expect(world.stored).toEqual([]);
  });

  it("what must not be left out is stored although nobody selected it", async () => {
    expect(await (await post('[{"type":"unwanted","mandatory":true}]')).json()).toMatchObject({
      status: "accepted",
    });
  });

  it("text that no database stores is cleaned before it gets there", async () => {
    await post('[{"type":"a\\u0000b"}]');
    expect(world.stored[0]?.type).toBe("ab");
    expect(world.stored[0]?.attributes["from"]).toBe("nul and \ufffd");
  });

  it("a type of nothing that can be stored is unknown, never empty", async () => {
    await post('[{"type":"\\u0000"}]');
    expect(world.stored[0]?.type).toBe("unknown");
  });

  it("an event without a time of its own counts as happening on arrival", async () => {
    await post('[{"type":"a"}]');
    expect(world.stored[0]).toMatchObject({ occurredAt: now, receivedAt: now, replay: 0 });
  });
});

describe("a trace", () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const own = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
  const body = '[{"type":"a"}]';
  const fromProducer = source(
    {},
    {
      parse: () => ({
        kind: "events",
        events: [
          {
            id: undefined,
            type: "a",
            occurredAt: undefined,
            attributes: { traceparent: own },
            payload: "{}",
          },
        ],
      }),
    },
  );

  it("of the request is kept with the event, and stands in the log", async () => {
    expect((await post(body, { traceparent, tracestate: "vendor=1" })).status).toBe(200);
    expect(world.stored[0]?.attributes).toMatchObject({ traceparent, tracestate: "vendor=1" });
    expect(world.logged).toContain(`"traceId":"${"a".repeat(32)}"`);
  });

  it("that cannot be read is nothing, and the event is taken", async () => {
    expect((await post(body, { traceparent: "00-zero", tracestate: "vendor=1" })).status).toBe(200);
    expect(Object.keys(world.stored[0]?.attributes ?? {})).toEqual(["from"]);
  });

  it("of the producer is kept where the request belongs to none, and gives way where it does", async () => {
    await post(body, {}, fromProducer);
    expect(world.stored[0]?.attributes).toEqual({ traceparent: own });
    await post("[]", { traceparent }, fromProducer);
    expect(world.stored[1]?.attributes).toEqual({ traceparent });
  });

  it("of a refused request is in the line that says why", async () => {
    expect((await post(body, { "x-proof": "no", traceparent })).status).toBe(401);
    expect(world.logged).toContain(`"traceId":"${"a".repeat(32)}"`);
  });
});

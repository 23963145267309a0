import { expect, it } from "vitest";
import { unreadableBecause } from "../contact/unreadable.ts";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "../sources/load.ts";
import { createMessageReader, type PulledMessage } from "./messages.ts";

const now = Date.UTC(2026, 2, 1);
const read = createMessageReader(() => now);
const loaded = sourcesFromYaml(
  'sources: { bus: { provider: cloudevents, consume: { redis: "redis://bus", stream: s }, events: user.* } }',
  "sources.yaml",
  {},
  providers,
);
const [source] = loaded.ok ? loaded.sources : [];
if (!source) throw new Error("no source");

const event = {
  specversion: "1.0",
  id: "1",
  source: "/crm",
  type: "user.changed",
  data: { email: "a@example.com" },
};
const message = (body: unknown, more: Partial<PulledMessage> = {}): PulledMessage => ({
  headers: { "content-type": "application/json" },
  body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  position: "s 1-1",
  at: now - 5_000,
  ...more,
});
const only = (one: PulledMessage) => {
  const { events, isUnreadable } = read(source, one);
  expect(events).toHaveLength(1);
  return { event: events[0], isUnreadable };
};

it("an event is itself by what it says, wherever it stands in the stream", () => {
  const first = only(message(event));
  const second = only(message(event, { position: "s 2-1" }));
  const binary = only(
    message(event.data, {
      headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/crm", "ce-type": "user.changed" },
    }),
  );
  expect(new Set([first, second, binary].map((one) => one.event?.identity)).size).toBe(1);
  expect(first.event).toMatchObject({
    source: "bus",
    provider: "cloudevents",
    type: "user.changed",
    receivedAt: now,
  });
});

it("its own time counts, else the time at which the broker took it", () => {
  expect(only(message({ ...event, time: "2026-01-01T00:00:00Z" })).event?.occurredAt).toBe(
    Date.UTC(2026, 0, 1),
  );
  expect(only(message(event)).event?.occurredAt).toBe(now - 5_000);
  expect(only(message(event, { at: undefined })).event?.occurredAt).toBe(now);
});

it("what the source does not select is no event, and is not unreadable", () => {
  expect(read(source, message({ ...event, type: "order.paid" }))).toEqual({
    events: [],
    isUnreadable: false,
  });
});

it("what can never be read is kept with its bytes and the reason, each message by its place", () => {
  const text = only(message(Buffer.from("{")));
  const bytes = only(message(Buffer.from([0xff, 0x00]), { position: "s 9-1" }));
  for (const one of [text, bytes]) {
    expect(one.isUnreadable).toBe(true);
    expect(one.event?.type).toBe("unreadable");
    expect(one.event?.attributes[unreadableBecause]).toMatch(/\w/);
  }
  expect(JSON.parse(text.event?.payload ?? "")).toMatchObject({ text: "{" });
  expect(JSON.parse(bytes.event?.payload ?? "")).toMatchObject({ base64: "/wA=" });
  expect(text.event?.identity).not.toBe(bytes.event?.identity);
});

it("a trace is the message's, else the event's own, else that of the batch", () => {
  const traceOf = (letter: string) => ({ traceparent: `00-${letter.repeat(32)}-${letter.repeat(16)}-01` });
  const [batch, ofMessage, own] = [traceOf("a"), traceOf("b"), traceOf("c")];
  const kept = (body: unknown, headers: Record<string, string> = {}) =>
    read(source, message(body, { headers: { "content-type": "application/json", ...headers } }), batch)
      .events[0]?.attributes["traceparent"];
  expect(kept({ ...event, ...own }, ofMessage)).toBe(ofMessage.traceparent);
  expect(kept({ ...event, ...own })).toBe(own.traceparent);
  expect(kept({ ...event, traceparent: "00-nothing" })).toBe(batch.traceparent);
  expect(kept(event)).toBe(batch.traceparent);
});

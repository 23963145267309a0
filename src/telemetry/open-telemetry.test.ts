import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDeliveryTrace } from "../delivery/delivery-trace.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { makeStamp } from "../contact/stamp.ts";
import { findTracing } from "./open-telemetry.ts";
import { noTracing } from "./tracing.ts";

const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const sender = { traceparent, tracestate: "vendor=1" };
const exporter = new InMemorySpanExporter();

async function withSdk() {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  return (await findTracing("1.2.3", {})).tracing;
}

beforeEach(() => exporter.reset());
afterEach(() => {
  api.trace.disable();
  api.context.disable();
});

const one = (name: string) => {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0];
};

describe("without an SDK", () => {
  it("nothing is traced, and the sender's trace is handed on as it is", async () => {
    const { tracing, warning } = await findTracing("1.2.3", { OTEL_SERVICE_NAME: "relay" });
    expect(tracing).toBe(noTracing);
    expect(warning).toBeUndefined();
    const request = tracing.start("webhook", { parent: sender });
    expect(tracing.start("accept", { within: request }).context).toEqual(sender);
    expect(tracing.start("map", {}).context).toBeUndefined();
  });

  it("settings that ask for traces are answered by a line for the operator", async () => {
    const asked = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
    expect((await findTracing("1.2.3", asked)).warning).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
    expect((await findTracing("1.2.3", { ...asked, OTEL_SDK_DISABLED: "true" })).warning).toBeUndefined();
    expect((await findTracing("1.2.3", { OTEL_TRACES_EXPORTER: "none" })).warning).toBeUndefined();
  });

  it("an SDK whose API is older than ours is told of, and nothing is traced", async () => {
    const registry = Symbol.for("opentelemetry.js.api.1");
    const before: unknown = Reflect.get(globalThis, registry);
    Reflect.set(globalThis, registry, { version: "1.0.0", trace: {} });
    try {
      const { tracing, warning } = await findTracing("1.2.3", {});
      expect(tracing).toBe(noTracing);
      expect(warning).toContain("older");
    } finally {
      Reflect.set(globalThis, registry, before);
    }
  });
});

describe("with an SDK", () => {
  it("a span goes on from the sender's, and what comes of it from the span", async () => {
    const tracing = await withSdk();
    const request = tracing.start("webhook", { kind: "server", parent: sender });
    const accept = tracing.start("accept", { within: request });
    accept.end();
    request.end("503");
    const [outer, inner] = [one("webhook"), one("accept")];
    expect(outer?.parentSpanContext).toMatchObject({ spanId: "b".repeat(16), isRemote: true });
    expect(outer?.status).toEqual({ code: api.SpanStatusCode.ERROR, message: "503" });
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.parentSpanContext?.isRemote).not.toBe(true);
    const spanId = inner?.spanContext().spanId;
    expect(accept.context).toEqual({
      traceparent: `00-${"a".repeat(32)}-${spanId}-01`,
      tracestate: "vendor=1",
    });
  });

  it("a request is a part of what the SDK has begun for it", async () => {
    const tracing = await withSdk();
    const http = api.trace.getTracer("http").startSpan("POST");
    api.context.with(api.trace.setSpan(api.context.active(), http), () =>
      tracing.start("webhook", { kind: "server", parent: sender }).end(),
    );
    expect(one("webhook")?.parentSpanContext?.spanId).toBe(http.spanContext().spanId);
  });

  it("what is done within a span belongs to it; a request to the API is traced by nobody else", async () => {
    const tracing = await withSdk();
    const probe = () => api.trace.getTracer("other").startSpan("probe").end();
    const accept = tracing.start("accept", {});
    accept.run(probe);
    accept.end();
    expect(one("probe")?.parentSpanContext?.spanId).toBe(one("accept")?.spanContext().spanId);
    tracing.start("PUT", { kind: "client" }).run(probe);
    one("probe");
  });

  it("a sender that does not sample is not recorded, and its trace goes on", async () => {
    const tracing = await withSdk();
    const span = tracing.start("webhook", { parent: { traceparent: traceparent.replace(/01$/, "00") } });
    span.end();
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(span.context?.traceparent).toMatch(new RegExp(`^00-${"a".repeat(32)}-[0-9a-f]{16}-00$`));
  });
});

describe("a delivery", () => {
  const contact = "email:ada@example.com";
  function update(number: number, given = true): ContactUpdate {
    const id = `evt_${number}`;
    const digits = String(number).repeat(32);
    return {
      id,
      eventId: id,
      contact,
      patch: { firstName: "Ada" },
      stamp: makeStamp({ occurredAt: number, receivedAt: number, id, replay: 0 }),
      receivedAt: number,
      ...(given ? { trace: { traceparent: `00-${digits}-${digits.slice(0, 16)}-01` } } : {}),
    };
  }
  const traceOfSpan = (number: number) => String(number).repeat(32);

  it("goes on from its newest update and links to the others, those that joined it later too", async () => {
    const tracing = await withSdk();
    const trace = createDeliveryTrace(tracing, contact, 2, () => 1_900_000_000_000);
    trace.composed([update(3), update(1), update(2, false)]);
    trace.request().end();
    trace.composed([update(3), update(1), update(2, false), update(4)]);
    const request = trace.request();
    request.end("busy");
    trace.end({ kind: "settled", requests: 1 });
    const span = one("deliver");
    expect(span?.spanContext().traceId).toBe(traceOfSpan(3));
    expect(span?.links.map(({ context }) => context.traceId)).toEqual([traceOfSpan(1), traceOfSpan(4)]);
    expect(span?.startTime[0]).toBe(1_900_000_000);
    expect(request.context?.traceparent).toContain(traceOfSpan(3));
    const requests = exporter.getFinishedSpans().filter(({ kind }) => kind === api.SpanKind.CLIENT);
    expect(requests.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      Array.from({ length: 2 }, () => span?.spanContext().spanId),
    );
  });

  it("names its events and the contact by its tag, and never what is known of the person", async () => {
    const tracing = await withSdk();
    const trace = createDeliveryTrace(tracing, contact, 0, () => 1_000);
    trace.composed([update(1), update(2)]);
    expect(trace.about()).toEqual({ events: ["evt_1", "evt_2"], traceId: traceOfSpan(2) });
    trace.request().end();
    trace.end(undefined);
    expect(one("deliver")?.attributes).toMatchObject({ "relay.event.ids": "evt_1 evt_2" });
    const told = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, status }) => ({ name, attributes, status })),
    );
    expect(told).not.toMatch(/ada/i);
  });

  it("without an SDK hands on the trace of whatever is newest at each request", () => {
    const trace = createDeliveryTrace(noTracing, contact, 0, () => 1_000);
    trace.composed([update(1)]);
    expect(trace.request().context).toEqual(update(1).trace);
    trace.composed([update(1), update(2)]);
    expect(trace.request().context).toEqual(update(2).trace);
    trace.end({ kind: "settled", requests: 1 });
  });

  it("of updates that belong to no trace sends none", () => {
    const trace = createDeliveryTrace(noTracing, contact, 0, () => 1_000);
    trace.composed([update(1, false)]);
    expect(trace.request().context).toBeUndefined();
    expect(trace.about()).toEqual({ events: ["evt_1"] });
  });
});

import { describe, expect, it } from "vitest";
import { traceOf, withTrace } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${spanId}-01`;

describe("what is no trace context is ignored", () => {
  it.each([
    "",
    "yes",
    `00-${traceId}-${spanId}`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `${traceparent}, ${traceparent}`,
    `01-${traceId}-${spanId}-01-${"x".repeat(300)}`,
    `${traceparent}\u0000`,
  ])("a traceparent %j", (given) => {
    expect(traceOf({ traceparent: given })).toBeUndefined();
  });

  it.each([
    "",
    "no-value",
    "UPPER=1",
    "a=one=two",
    "a=with\u0007bell",
    `a=${"x".repeat(257)}`,
    Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(","),
    `a=${"x".repeat(250)},b=${"x".repeat(250)},c=${"x".repeat(50)}`,
  ])("a tracestate %j, and the traceparent beside it is taken", (tracestate) => {
    expect(traceOf({ traceparent, tracestate })).toEqual({ traceparent });
  });

  it("a tracestate alone is none", () => {
    expect(traceOf({ tracestate: "vendor=1" })).toBeUndefined();
  });
});

describe("a trace context is read", () => {
  it("as it is", () => {
    expect(traceOf({ traceparent, tracestate: "rojo=00f067, congo@vendor=t61r " })).toEqual({
      traceparent,
      tracestate: "rojo=00f067,congo@vendor=t61r",
    });
  });

  it("of a newer version as one of ours, with the flags that are known", () => {
    expect(traceOf({ traceparent: `cc-${traceId}-${spanId}-fd-what.comes` })).toEqual({ traceparent });
  });
});

it("an event's own trace gives way as a whole to the one that goes on", () => {
  const own = { traceparent, tracestate: "own=1", shop: "a.example" };
  const next = { traceparent: `00-${traceId}-${"1".repeat(16)}-01` };
  expect(withTrace(own, next)).toEqual({ ...next, shop: "a.example" });
  expect(withTrace(own, undefined)).toBe(own);
});

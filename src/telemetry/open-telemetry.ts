import type * as OpenTelemetry from "@opentelemetry/api";
import type { TraceContext } from "../contact/trace-context.ts";
import { noTracing, type Span, type SpanAttributes, type SpanStart, type Tracing } from "./tracing.ts";

type Api = typeof OpenTelemetry;

export interface FoundTracing {
  readonly tracing: Tracing;
  /** What an operator should know of it: tracing is asked for, and is not on. */
  readonly warning?: string;
}

/** Where the API of OpenTelemetry, whichever copy of it, keeps what an SDK has registered. */
const registry = Symbol.for("opentelemetry.js.api.1");
/** The SDK's own key: nothing below is traced. Its package need not be loaded for it. */
const suppressed = "OpenTelemetry SDK Context Key SUPPRESS_TRACING";
const asking = ["OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/** Tracing where an SDK was registered before the start; without one nothing of OpenTelemetry is loaded. */
export async function findTracing(
  version: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundTracing> {
  const registered: unknown = Reflect.get(globalThis, registry);
  const provider: unknown =
    typeof registered === "object" && registered !== null ? Reflect.get(registered, "trace") : undefined;
  if (provider === undefined) return { tracing: noTracing, ...unheard(env) };
  let api: Api;
  try {
    api = await import("@opentelemetry/api");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return off(`@opentelemetry/api cannot be loaded beside the relay (npm install it there): ${reason}`);
  }
  // A copy of the API that is newer than the SDK's does not take what the SDK registered.
  if (api.trace.getTracerProvider() !== provider) {
    return off("its @opentelemetry/api is older than the relay's, which therefore does not see it");
  }
  return { tracing: openTelemetry(api, version) };
}

function off(why: string): FoundTracing {
  return { tracing: noTracing, warning: `an OpenTelemetry SDK is registered, and nothing is traced: ${why}` };
}

function unheard(env: Readonly<Record<string, string | undefined>>): { readonly warning?: string } {
  const named = asking.find((name) => (env[name] ?? "") !== "" && env[name] !== "none");
  if (named === undefined || env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return {};
  const warning = `${named} is set, and nothing is traced: no OpenTelemetry SDK was loaded (NODE_OPTIONS="--import …")`;
  return { warning };
}

/** The tracer of whichever SDK is registered. */
export function openTelemetry(api: Api, version: string): Tracing {
  const tracer = api.trace.getTracer("contact-relay", version);

  function remote({ traceparent, tracestate }: TraceContext): OpenTelemetry.SpanContext {
    return {
      traceId: traceparent.slice(3, 35),
      spanId: traceparent.slice(36, 52),
      traceFlags: Number.parseInt(traceparent.slice(53, 55), 16),
      isRemote: true,
      ...(tracestate === undefined ? {} : { traceState: api.createTraceState(tracestate) }),
    };
  }

  /** A request goes on from what an SDK has made of it already, where it traces HTTP itself. */
  function around({ kind, within, parent }: SpanStart): OpenTelemetry.Context {
    if (within instanceof TracedSpan) return within.inside;
    const active = api.context.active();
    if (kind === "server" && api.trace.getSpan(active)) return active;
    return parent ? api.trace.setSpanContext(api.ROOT_CONTEXT, remote(parent)) : api.ROOT_CONTEXT;
  }

  class TracedSpan implements Span {
    readonly context: TraceContext | undefined;
    readonly inside: OpenTelemetry.Context;
    readonly #span: OpenTelemetry.Span;
    readonly #running: OpenTelemetry.Context;

    constructor(span: OpenTelemetry.Span, parent: OpenTelemetry.Context, start: SpanStart) {
      this.#span = span;
      this.inside = api.trace.setSpan(parent, span);
      this.context = contextOf(span.spanContext()) ?? start.parent;
      // The request is this span: an SDK that traces connections would send a second `traceparent` with it.
      this.#running =
        start.kind === "client" ? this.inside.setValue(api.createContextKey(suppressed), true) : this.inside;
    }
    set(attributes: SpanAttributes): void {
      this.#span.setAttributes(attributes);
    }
    link(traces: readonly TraceContext[]): void {
      for (const trace of traces) this.#span.addLink({ context: remote(trace) });
    }
    run<Result>(work: () => Result): Result {
      return api.context.with(this.#running, work);
    }
    end(failure?: string): void {
      if (failure !== undefined) {
        this.#span.setStatus({ code: api.SpanStatusCode.ERROR, message: failure });
      }
      this.#span.end();
    }
  }

  function contextOf(context: OpenTelemetry.SpanContext): TraceContext | undefined {
    if (!api.isSpanContextValid(context)) return undefined;
    const { traceId, spanId, traceFlags, traceState } = context;
    const tracestate = traceState?.serialize() ?? "";
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
      ...(tracestate === "" ? {} : { tracestate }),
    };
  }

  const kinds = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    consumer: api.SpanKind.CONSUMER,
    internal: api.SpanKind.INTERNAL,
  };
  return {
    start(name, start) {
      const { kind = "internal", links = [], startedAt, attributes = {} } = start;
      const parent = around(start);
      const options = {
        kind: kinds[kind],
        attributes,
        links: links.map((trace) => ({ context: remote(trace) })),
        ...(startedAt === undefined ? {} : { startTime: startedAt }),
      };
      return new TracedSpan(tracer.startSpan(name, options, parent), parent, start);
    },
  };
}

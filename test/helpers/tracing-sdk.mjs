// Loaded by --import before a relay: an SDK whose spans are lines of the file SPANS_FILE.
import { appendFileSync } from "node:fs";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, attributes, links, parentSpanContext } = span;
      const { traceId, spanId } = span.spanContext();
      const linked = links.map((link) => link.context.traceId);
      const line = { name, traceId, spanId, parentId: parentSpanContext?.spanId, links: linked, attributes };
      appendFileSync(process.env.SPANS_FILE, `${JSON.stringify(line)}\n`);
    }
    done({ code: 0 });
  },
  shutdown: async () => undefined,
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);

import { contactTag, type ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { compareStamps } from "../contact/stamp.ts";
import { tracedAs, type TraceContext } from "../contact/trace-context.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import type { Delivery } from "./delivery.ts";

/** One run of a contact's delivery: it goes on from its newest update, and links to the others. */
export interface DeliveryTrace {
  /** What the next request is to say. */
  composed(updates: readonly ContactUpdate[]): void;
  /** Begins a request of what was composed. */
  request(): Span;
  /** For a line of the log. */
  about(): { readonly events?: readonly string[]; readonly traceId?: string };
  end(delivery: Delivery | undefined): void;
}

/** So many events are named by a line of the log and by a span. */
const eventsNamedMax = 20;
/** SDKs keep no more. */
const linksMax = 128;

export function createDeliveryTrace(
  tracing: Tracing,
  contact: ContactRef,
  attempts: number,
  clock: () => number,
): DeliveryTrace {
  const startedAt = clock();
  const linked = new Set<string>();
  let span: Span | undefined;
  let composed: readonly ContactUpdate[] = [];
  let newest: TraceContext | undefined;

  function others(): TraceContext[] {
    const fresh: TraceContext[] = [];
    for (const { trace } of composed) {
      if (!trace || linked.has(trace.traceparent) || linked.size >= linksMax) continue;
      linked.add(trace.traceparent);
      fresh.push(trace);
    }
    return fresh;
  }

  return {
    composed(updates) {
      composed = updates;
      newest = newestTrace(updates) ?? newest;
      if (span) {
        span.link(others());
        return;
      }
      if (newest) linked.add(newest.traceparent);
      span = tracing.start("deliver", {
        parent: newest,
        links: others(),
        startedAt,
        attributes: { "relay.contact": contactTag(contact), "relay.attempts": attempts },
      });
    },
    request: () =>
      tracing.start("PUT /contact/{identifier}", { kind: "client", within: span, parent: newest }),
    about() {
      if (composed.length === 0) return {};
      return { events: named(composed), ...tracedAs(span?.context ?? newest) };
    },
    end(delivery) {
      span?.set({
        "relay.outcome": delivery?.kind,
        "relay.updates": composed.length,
        "relay.event.ids": named(composed).join(" "),
      });
      span?.end(failureOf(delivery));
    },
  };
}

function newestTrace(updates: readonly ContactUpdate[]): TraceContext | undefined {
  let newest: ContactUpdate | undefined;
  for (const update of updates) {
    if (update.trace && (!newest || compareStamps(update.stamp, newest.stamp) > 0)) newest = update;
  }
  return newest?.trace;
}

function named(updates: readonly ContactUpdate[]): string[] {
  return [...new Set(updates.slice(-eventsNamedMax).map(({ eventId }) => eventId))];
}

function failureOf(delivery: Delivery | undefined): string | undefined {
  if (!delivery) return "error";
  if (delivery.kind === "parked") return delivery.parked[0]?.reason ?? "parked";
  return delivery.kind === "wait" && delivery.because === "failing" ? delivery.because : undefined;
}

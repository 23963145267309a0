import type { TraceContext } from "../../contact/trace-context.ts";

/** Kept with an update as JSON text. */
export function traceText(trace: TraceContext | undefined): string | null {
  return trace ? JSON.stringify(trace) : null;
}

export function traceFrom(text: string | null): TraceContext | undefined {
  return text === null ? undefined : (JSON.parse(text) as TraceContext);
}

import type { TraceContext } from "../contact/trace-context.ts";

/** Never anything personal, and nothing that a payload holds. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly kind?: "server" | "client" | "consumer";
  /** The span of this process that it is a part of. */
  readonly within?: Span | undefined;
  /** The trace that it goes on from, where it is part of no span of this process. */
  readonly parent?: TraceContext | undefined;
  readonly links?: readonly TraceContext[];
  /** Milliseconds since the epoch; now, where absent. */
  readonly startedAt?: number;
  readonly attributes?: SpanAttributes;
}

export interface Span {
  /** What goes on from here. Where nothing is traced, what it goes on from itself. */
  readonly context: TraceContext | undefined;
  set(attributes: SpanAttributes): void;
  link(traces: readonly TraceContext[]): void;
  /** Does the work as a part of it. What an SDK traces by itself then belongs to it too. */
  run<Result>(work: () => Result): Result;
  /** `failure` is one word for what went wrong. */
  end(failure?: string): void;
}

export interface Tracing {
  start(name: string, start: SpanStart): Span;
}

class NoSpan implements Span {
  readonly context: TraceContext | undefined;
  constructor(context: TraceContext | undefined) {
    this.context = context;
  }
  set(): void {}
  link(): void {}
  run<Result>(work: () => Result): Result {
    return work();
  }
  end(): void {}
}

const noSpan = new NoSpan(undefined);

/** Records nothing; a trace that somebody else began is handed on as it is. */
export const noTracing: Tracing = {
  start(_name, { parent, within }) {
    const context = parent ?? within?.context;
    return context ? new NoSpan(context) : noSpan;
  },
};

/** Where a trace goes on, as W3C Trace Context writes it: kept with an event, and sent with what comes of it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

type Texts = Readonly<Record<string, string | undefined>>;

const grammar = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const nothing = /^0+$/;
const member =
  /^(?:[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;
const parentLengthMax = 256;
const stateLengthMax = 512;
const membersMax = 32;

/**
 * The one that headers or attributes name, if it is one. A version that is newer than ours is read as ours, as the
 * standard asks; a `tracestate` that cannot be read is left out, and takes nothing from the rest.
 */
export function traceOf(texts: Texts): TraceContext | undefined {
  const { traceparent, tracestate } = texts;
  if (traceparent === undefined || traceparent.length > parentLengthMax) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = grammar.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (nothing.test(traceId) || nothing.test(spanId)) return undefined;
  const known = (Number.parseInt(flags, 16) & knownFlags).toString(16).padStart(2, "0");
  const state = tracestate === undefined ? undefined : stateOf(tracestate);
  return {
    traceparent: `00-${traceId}-${spanId}-${known}`,
    ...(state === undefined ? {} : { tracestate: state }),
  };
}

/** Sampled, and: the trace's id is random. */
const knownFlags = 3;

function stateOf(text: string): string | undefined {
  if (text.length > stateLengthMax) return undefined;
  const members = text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  if (members.length === 0 || members.length > membersMax) return undefined;
  return members.every((one) => member.test(one)) ? members.join(",") : undefined;
}

/** What an update or a run carries of it; nothing where there is none. */
export function keptTrace(trace: TraceContext | undefined): { readonly trace?: TraceContext } {
  return trace ? { trace } : {};
}

/** The attributes of an event of which the trace goes on at `trace`. */
export function withTrace(
  attributes: Readonly<Record<string, string>>,
  trace: TraceContext | undefined,
): Readonly<Record<string, string>> {
  if (!trace) return attributes;
  const { traceparent: _own, tracestate: _state, ...others } = attributes;
  return { ...others, ...trace };
}

/** For a line of the log. */
export function tracedAs(trace: TraceContext | undefined): { readonly traceId?: string } {
  return trace ? { traceId: trace.traceparent.slice(3, 35) } : {};
}

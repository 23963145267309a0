import { Hono, type Context } from "hono";
import { tracedAs, traceOf, type TraceContext } from "../contact/trace-context.ts";
import type { Intake, Outcome, Receipt } from "../intake/receive.ts";
import type { Announcement, HandshakeAnswer, InboundRequest } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import type { ErrorAnswer, ErrorCode } from "./schemas/error.ts";
import type { ReceiptsAnswer } from "./schemas/webhooks.ts";
import { encodingOf, headerOf, headersOf, incomingOf, readBody } from "./body.ts";

export interface WebhooksOptions {
  readonly sources: ReadonlyMap<string, Source>;
  readonly intake: Intake;
  readonly announcements: readonly Announcement[];
  readonly bodyLimitBytes: number;
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** `POST /webhooks/:source`, and what its protocols ask for beside it. */
export function webhooks(options: WebhooksOptions): Hono {
  const app = new Hono();
  app.all("/webhooks/:source", async (context) => {
    const source = options.sources.get(context.req.param("source"));
    if (!source) {
      options.metrics.event("unknown", "unknown-source");
      options.log.warn({ path: context.req.path }, "request for a source that is not configured");
      return context.json(errorBody("unknown-source", "There is no such source here."), 404);
    }
    const span = options.tracing.start("webhook", {
      kind: "server",
      parent: traceOf({
        traceparent: headerOf(context, "traceparent"),
        tracestate: headerOf(context, "tracestate"),
      }),
      attributes: { "relay.source": source.name, "relay.provider": source.provider.name },
    });
    try {
      const response = await span.run(() => respond(context, source, options, span));
      const { status } = response;
      span.set({ "http.request.method": context.req.method, "http.response.status_code": status });
      span.end(status >= 500 ? String(status) : undefined);
      return response;
    } catch (error) {
      span.end("error");
      throw error;
    }
  });
  for (const announcement of options.announcements) {
    app.get(announcement.path, (context) => announce(context, announcement, options));
  }
  return app;
}

async function respond(
  context: Context,
  source: Source,
  options: WebhooksOptions,
  span: Span,
): Promise<Response> {
  allowOrigin(context, source);
  if (context.req.method !== "POST") return notAPost(context, source, options, span);
  const encoding = encodingOf(context);
  if (encoding !== undefined) return encoded(context, source, encoding, options, span);
  let body: Buffer | undefined;
  try {
    body = await readBody(context, options.bodyLimitBytes);
  } catch {
    return context.json(errorBody("malformed", "The body ended before it was complete."), 400);
  }
  if (body === undefined) {
    report(options, source, span, "too-large");
    context.header("Connection", "close");
    const message = `The body is larger than ${options.bodyLimitBytes} bytes.`;
    return context.json(errorBody("too-large", message), 413);
  }
  const request = inbound(context, body, options.clock());
  const handshake = source.provider.handshake?.(request, source.credentials);
  if (handshake) return handshakeAnswer(handshake);
  const outcome = await options.intake.receive(source, request, span);
  record(options, source, outcome, span);
  return answer(context, source, outcome, request);
}

/** Of the sources of now. Without any it is as if the page were not there. */
function announce(context: Context, announcement: Announcement, options: WebhooksOptions): Response {
  const announced = [...options.sources.values()].filter(
    (source) => source.announced === true && source.provider.announcement === announcement,
  );
  if (announced.length === 0) return context.json(errorBody("not-found", "Not found."), 404);
  const request = inbound(context, Buffer.alloc(0), options.clock());
  return handshakeAnswer(announcement.answer(request, announced));
}

/** Senders do not agree whether they sign what they compress or what comes of it, so that neither can be verified. */
function encoded(
  context: Context,
  source: Source,
  encoding: string,
  options: WebhooksOptions,
  span: Span,
): Response {
  report(options, source, span, "unsupported", `the body is encoded: ${encoding}`);
  context.header("Accept-Encoding", "identity");
  const message = "The body is compressed. Send it as it is, without Content-Encoding.";
  return context.json(errorBody("unsupported-media-type", message), 415);
}

function inbound(context: Context, body: Buffer, receivedAt: number): InboundRequest {
  const url = incomingOf(context)?.url;
  const target = url?.startsWith("/") === true ? url : targetOf(context.req.url);
  return {
    method: context.req.method,
    headers: headersOf(context),
    query: target.includes("?") ? context.req.query() : {},
    target,
    body,
    receivedAt,
  };
}

/** Path and query of an address, untouched. */
function targetOf(url: string): string {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path === -1 ? "/" : url.slice(path);
}

function answer(context: Context, source: Source, outcome: Outcome, request: InboundRequest): Response {
  switch (outcome.kind) {
    case "received":
      if (source.provider.acknowledge) return handshakeAnswer(source.provider.acknowledge(request));
      return success(context, source, outcome.receipts);
    case "honeypot":
      return success(context, source, [{ status: "accepted", id: outcome.id }]);
    case "unverified":
      return context.json(errorBody("unverified", "The signature or key is missing or wrong."), 401);
    case "malformed":
      return context.json(errorBody("malformed", outcome.message), 400);
    case "unsupported":
      return context.json(errorBody("unsupported-media-type", outcome.message), 415);
    case "undecided": {
      context.header("Retry-After", "5");
      const message = "Who sent this could not be looked up just now. Send it again.";
      return context.json(errorBody("unavailable", message), 503);
    }
    case "unavailable": {
      context.header("Retry-After", "5");
      const message = "The event could not be stored just now. Send it again.";
      return context.json(errorBody("unavailable", message), 503);
    }
  }
}

function success(context: Context, source: Source, receipts: readonly [Receipt, ...Receipt[]]): Response {
  if (source.provider.answers === "empty") return context.body(null, 200);
  if (source.redirect !== undefined && (context.req.header("accept")?.includes("text/html") ?? false)) {
    return context.redirect(source.redirect, 303);
  }
  const [first, ...others] = receipts;
  const alike = others.length === 0 || receipts.every((receipt) => receipt.status === "ignored");
  const answered: ReceiptsAnswer = alike ? first : { status: "accepted", events: receipts };
  return context.json(answered, 200);
}

function notAPost(context: Context, source: Source, options: WebhooksOptions, span: Span): Response {
  const request = inbound(context, Buffer.alloc(0), options.clock());
  const handshake = source.provider.handshake?.(request, source.credentials);
  if (handshake) return handshakeAnswer(handshake);
  if (context.req.method === "OPTIONS" && source.provider.answers === "form") {
    return preflight(context, source);
  }
  report(options, source, span, "method-not-allowed");
  context.header("Allow", source.provider.answers === "json" ? "POST" : "POST, OPTIONS");
  return context.json(errorBody("method-not-allowed", "Events are sent with POST."), 405);
}

function handshakeAnswer({ status, headers, body }: HandshakeAnswer): Response {
  return new Response(body === "" ? null : body, { status, headers: { ...headers } });
}

/** CORS, for the origins the source lists and no others. */
function allowOrigin(context: Context, source: Source): void {
  if (source.cors.length === 0) return;
  context.header("Vary", "Origin");
  const origin = context.req.header("origin");
  if (origin !== undefined && source.cors.includes(origin)) {
    context.header("Access-Control-Allow-Origin", origin);
  }
}

function preflight(context: Context, source: Source): Response {
  context.header("Allow", "POST, OPTIONS");
  const origin = context.req.header("origin");
  if (origin !== undefined && source.cors.includes(origin)) {
    context.header("Access-Control-Allow-Methods", "POST");
    context.header(
      "Access-Control-Allow-Headers",
      "Content-Type, Authorization, X-Webhook-Key, Idempotency-Key",
    );
    context.header("Access-Control-Max-Age", "600");
  }
  return context.body(null, 204);
}

function record(options: WebhooksOptions, source: Source, outcome: Outcome, span: Span): void {
  const { log, metrics } = options;
  span.set({ "relay.outcome": outcome.kind });
  switch (outcome.kind) {
    case "received":
      for (const receipt of outcome.receipts) {
        metrics.event(source.name, receipt.status);
        if (outcome.spooled && receipt.status === "accepted") metrics.spooled(source.name);
        if (log.isLevelEnabled("debug")) log.debug(receivedLine(source, receipt, span), "event received");
      }
      if (outcome.spooled) metrics.storeError("accept");
      return;
    case "honeypot":
      metrics.event(source.name, "ignored");
      log.info({ source: source.name, reason: "honeypot", ...tracedAs(span.context) }, "event ignored");
      return;
    case "unverified":
    case "undecided":
      report(options, source, span, outcome.kind, outcome.reason);
      return;
    case "malformed":
    case "unsupported":
      report(options, source, span, outcome.kind, outcome.message);
      return;
    case "unavailable":
      metrics.event(source.name, "unavailable");
      metrics.storeError("accept");
      reportUnavailable(options, source, outcome, span.context);
  }
}

function reportUnavailable(
  { log }: WebhooksOptions,
  source: Source,
  { cause, spool }: Extract<Outcome, { kind: "unavailable" }>,
  trace: TraceContext | undefined,
): void {
  const refused = { source: source.name, ...tracedAs(trace), err: cause };
  if (!spool) {
    log.error(refused, "event refused: the store did not take it");
    return;
  }
  const spoolError = spool.reason === "unusable" ? String(spool.cause) : undefined;
  log.error(
    { ...refused, spool: spool.reason, spoolError },
    "event lost unless its sender repeats it: neither the store nor the spool took it",
  );
}

function receivedLine({ name }: Source, receipt: Receipt, { context }: Span) {
  if (receipt.status === "ignored") return { source: name, ...receipt, ...tracedAs(context) };
  return { source: name, event: receipt.id, status: receipt.status, ...tracedAs(context) };
}

function report(
  options: WebhooksOptions,
  source: Source,
  span: Span,
  outcome: string,
  reason?: string,
): void {
  span.set({ "relay.outcome": outcome });
  options.metrics.event(source.name, outcome);
  options.log.warn({ source: source.name, outcome, reason, ...tracedAs(span.context) }, "request refused");
}

export function errorBody(code: ErrorCode, message: string): ErrorAnswer {
  return { error: { code, message } };
}

import { hash } from "node:crypto";
import { contactExists, type RelayEvent } from "../contact/event.ts";
import { traceOf, type TraceContext } from "../contact/trace-context.ts";
import type { Attested, InboundRequest, ProviderEvent, Published } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { Acceptance, EventLog } from "../store/event-log.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import type { Awakener } from "./awakener.ts";
import { createEventIds } from "./event-ids.ts";
import { createInTime, type InTime } from "./in-time.ts";
import { relayEvent } from "./relay-event.ts";
import type { Kept, Spool } from "./spool.ts";

/** What became of one event of a request. */
export type Receipt =
  { status: "accepted" | "duplicate"; id: string } | { status: "ignored"; reason: string };

/** What became of a request. The messages are for the sender; `reason` of `unverified` is for the operator. */
export type Outcome =
  | {
      kind: "received";
      receipts: readonly [Receipt, ...Receipt[]];
      /** The store did not take it, for this cause; it is kept in the spool. */
      spooled?: { cause: unknown };
    }
  /** A robot filled the honeypot: it is told what a person would be told. */
  | { kind: "honeypot"; id: string }
  | { kind: "unverified"; reason: string }
  /** Something had to be asked of its sender first and was not answered: it is to come again. For the operator. */
  | { kind: "undecided"; reason: string }
  | { kind: "malformed"; message: string }
  | { kind: "unsupported"; message: string }
  /** The store could not take it in time; the cause is for the operator, as is why the spool did not take it either. */
  | { kind: "unavailable"; cause: unknown; spool?: Exclude<Kept, { ok: true }> };

export interface Intake {
  /** Verifies, reads and durably stores what one request brings, as a part of `within`. Never rejects. */
  receive(source: Source, request: InboundRequest, within?: Span): Promise<Outcome>;
}

/** How long the store may take before the sender is told to come back, or the spool takes its place. */
export const acceptDeadlineMs = 2_000;
const spoolDeadlineMs = 2_000;
/**
 * What the store may have been handed and not yet answered to. It works on it however late it is, while senders repeat
 * it: without a bound a slow store would be given more and more.
 */
const pendingBytesMax = 64 * 1_048_576;

type IntakeSpool = Pick<Spool, "find" | "keep">;

type Stored =
  | { kind: "stored"; acceptances: readonly Acceptance[]; spooled?: { cause: unknown } }
  | Extract<Outcome, { kind: "unavailable" }>;

export function createIntake(
  events: Pick<EventLog, "accept">,
  clock: () => number,
  spool?: IntakeSpool,
  published?: Published,
  tracing?: Tracing,
  awakener?: Pick<Awakener, "tell">,
): Intake {
  const nextId = createEventIds();
  const storeInTime = createInTime(acceptDeadlineMs, "the store did not answer");
  const diskInTime = createInTime(spoolDeadlineMs, "the disk did not answer");
  let pendingBytes = 0;

  async function receive(source: Source, request: InboundRequest, within?: Span): Promise<Outcome> {
    const verification = source.provider.verify(request, source.credentials, clock());
    if (!verification.ok) {
      const attested = await attest(source, request, verification.reason);
      if (attested.kind === "undecided") return attested;
      if (attested.kind === "refused") return { kind: "unverified", reason: attested.reason };
    }
    const parsed = source.provider.parse(request);
    switch (parsed.kind) {
      case "ignored": {
        const visited = parsed.visit && (await published?.visit(parsed.visit));
        if (visited?.ok === false) return { kind: "undecided", reason: visited.message };
        return { kind: "received", receipts: [{ status: "ignored", reason: parsed.reason }] };
      }
      case "malformed":
      case "unsupported":
        return parsed;
      case "events":
        break;
    }
    const makeId = () => nextId(request.receivedAt);
    if (source.honeypot !== undefined && parsed.events.some((event) => isFilled(event, source.honeypot))) {
      return { kind: "honeypot", id: makeId() };
    }
    const identify = identifier(request);
    const span = tracing?.start("accept", { within });
    const isOfTrace = traceOf(request.headers) !== undefined;
    /** The request's trace; a producer's own where the request belongs to none. */
    const traceFor = ({ attributes }: ProviderEvent) =>
      isOfTrace || !traceOf(attributes) ? (span ?? within)?.context : undefined;
    const isSelected = ({ mandatory, type }: ProviderEvent) => mandatory === true || source.selects(type);
    for (const event of parsed.events) {
      if (event.exist && isSelected(event)) awakener?.tell(source.destination, event.exist);
    }
    const selected = parsed.events.map((event, index) =>
      isSelected(event) && !event.exist
        ? relayEvent(source, request.receivedAt, event, identify(event, index), makeId(), traceFor(event))
        : undefined,
    );
    const wanted = selected.filter((event) => event !== undefined);
    const stored = span
      ? await span.run(() => storeTraced(source, wanted, span))
      : await store(source, wanted);
    if (stored.kind === "unavailable") return stored;
    const { acceptances, ...how } = stored;
    let next = 0;
    const [first, ...rest] = selected.map((event, index): Receipt => {
      const acceptance = event && acceptances[next++];
      if (!acceptance) return { status: "ignored", reason: whyNotKept(parsed.events[index], isSelected) };
      return { status: acceptance.duplicate ? "duplicate" : "accepted", id: acceptance.id };
    });
    if (!first) return { kind: "received", receipts: [{ status: "ignored", reason: "no-events" }] };
    return { ...how, kind: "received", receipts: [first, ...rest] };
  }

  /** What the sender itself publishes may prove it, where its key does not. */
  async function attest(source: Source, request: InboundRequest, refusal: string): Promise<Attested> {
    if (!source.attestation || !published) return { kind: "refused", reason: refusal };
    return await source.attestation.prove(request, source.credentials, clock(), published);
  }

  async function storeTraced(source: Source, batch: readonly RelayEvent[], span: Span): Promise<Stored> {
    const stored = await store(source, batch);
    span.link(batch.flatMap(({ attributes }) => producerOf(attributes, span) ?? []));
    if (stored.kind === "unavailable") {
      span.end("unavailable");
      return stored;
    }
    span.set({
      "relay.events": batch.length,
      "relay.duplicates": stored.acceptances.filter(({ duplicate }) => duplicate).length,
      "relay.spooled": stored.spooled !== undefined,
      "relay.event.id": stored.acceptances.length === 1 ? stored.acceptances[0]?.id : undefined,
    });
    span.end();
    return stored;
  }

  /** All durably stored, or none. */
  async function store(source: Source, batch: readonly RelayEvent[]): Promise<Stored> {
    if (batch.length === 0) return { kind: "stored", acceptances: [] };
    if (spool && !source.provider.repeats) return await storeOrSpool(spool, batch);
    const accepted = await accept(batch);
    if (!accepted.ok) return { kind: "unavailable", cause: accepted.cause };
    return { kind: "stored", acceptances: accepted.result };
  }

  async function storeOrSpool(spool: IntakeSpool, batch: readonly RelayEvent[]): Promise<Stored> {
    // What still lies in the spool is in no store yet, which would accept it under a second id.
    const found = await diskInTime(spool.find(batch));
    const ids = found.ok ? found.result : [];
    const unknown = batch.filter((_event, index) => ids[index] === undefined);
    const together = (fresh: readonly Acceptance[]) => {
      let next = 0;
      return batch.flatMap((_event, index) => {
        const id = ids[index];
        return id === undefined ? (fresh[next++] ?? []) : { id, duplicate: true };
      });
    };
    if (unknown.length === 0) return { kind: "stored", acceptances: together([]) };
    const accepted = await accept(unknown);
    if (accepted.ok) return { kind: "stored", acceptances: together(accepted.result) };
    const { cause } = accepted;
    const kept = await diskInTime(spool.keep(unknown, cause));
    if (!kept.ok) return { kind: "unavailable", cause, spool: { ...kept, reason: "unusable" } };
    if (!kept.result.ok) return { kind: "unavailable", cause, spool: kept.result };
    return { kind: "stored", acceptances: together(kept.result.acceptances), spooled: { cause } };
  }

  async function accept(batch: readonly RelayEvent[]): Promise<InTime<readonly Acceptance[]>> {
    const bytes = batch.reduce((sum, { payload }) => sum + payload.length, 0);
    if (pendingBytes > 0 && pendingBytes + bytes > pendingBytesMax) {
      return {
        ok: false,
        cause: new Error(`the store has ${pendingBytes} bytes of events still to answer to`),
      };
    }
    pendingBytes += bytes;
    const answered = () => {
      pendingBytes -= bytes;
    };
    const accepted = events.accept(batch);
    accepted.then(answered, answered);
    return await storeInTime(accepted);
  }

  return { receive };
}

function whyNotKept(event: ProviderEvent | undefined, isSelected: (event: ProviderEvent) => boolean): string {
  return event?.exist && isSelected(event) ? contactExists : "event-not-selected";
}

/** Where an event goes on from a trace of its own, which is not the request's. */
function producerOf(attributes: RelayEvent["attributes"], { context }: Span): TraceContext | undefined {
  const own = traceOf(attributes);
  return own?.traceparent === context?.traceparent ? undefined : own;
}

/** The body is hashed once, however many events without an id of their own it holds. */
function identifier({ body }: InboundRequest): (event: ProviderEvent, index: number) => string {
  let bodyDigest: string | undefined;
  return ({ id }, index) => {
    if (id !== undefined) return hash("sha256", `id\n${id}`, "base64url");
    // No body is the text of another identity: it would have to begin with a word and a line feed.
    bodyDigest ??= hash("sha256", body, "base64url");
    return index === 0 ? bodyDigest : hash("sha256", `body\n${index}\n${bodyDigest}`, "base64url");
  };
}

function isFilled(event: ProviderEvent, field: string | undefined): boolean {
  if (field === undefined) return false;
  const payload: unknown = JSON.parse(event.payload);
  if (typeof payload !== "object" || payload === null) return false;
  const value: unknown = Object.entries(payload).find(([name]) => name === field)?.[1];
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== "string" || value.trim() !== "";
}

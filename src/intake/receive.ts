import { createHash } from "node:crypto";
import { monotonicFactory } from "ulid";
import type { RelayEvent } from "../contact/event.ts";
import { effectiveTime } from "../contact/stamp.ts";
import type { InboundRequest, ProviderEvent } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { EventLog } from "../store/store.ts";

/** What became of one event of a request. */
export type Receipt =
  { status: "accepted" | "duplicate"; id: string } | { status: "ignored"; reason: string };

/** What became of a request. The messages are for the sender; `reason` of `unverified` is for the operator. */
export type Outcome =
  | { kind: "received"; receipts: readonly [Receipt, ...Receipt[]] }
  /** A robot filled the honeypot: it is told what a person would be told. */
  | { kind: "honeypot"; id: string }
  | { kind: "unverified"; reason: string }
  | { kind: "malformed"; message: string }
  | { kind: "unsupported"; message: string }
  /** The store could not take it in time; the cause is for the operator. */
  | { kind: "unavailable"; cause: unknown };

export interface Intake {
  /** Verifies, reads and durably stores what one request brings. Never rejects. */
  receive(source: Source, request: InboundRequest): Promise<Outcome>;
}

/** How long the store may take before the sender is told to come back. */
export const acceptDeadlineMs = 2_000;

export function createIntake(events: Pick<EventLog, "accept">, clock: () => number): Intake {
  const nextId = monotonicFactory();

  async function receive(source: Source, request: InboundRequest): Promise<Outcome> {
    const verification = source.provider.verify(request, source.credentials, clock());
    if (!verification.ok) return { kind: "unverified", reason: verification.reason };
    const parsed = source.provider.parse(request);
    switch (parsed.kind) {
      case "ignored":
        return { kind: "received", receipts: [{ status: "ignored", reason: parsed.reason }] };
      case "malformed":
      case "unsupported":
        return parsed;
      case "events":
        break;
    }
    const makeId = () => `evt_${nextId(request.receivedAt)}`;
    if (source.honeypot !== undefined && parsed.events.some((event) => isFilled(event, source.honeypot))) {
      return { kind: "honeypot", id: makeId() };
    }
    const identify = identifier(request);
    const selected = parsed.events.map((event, index) =>
      event.mandatory === true || source.selects(event.type)
        ? relayEvent(source, request.receivedAt, event, identify(event, index), makeId())
        : undefined,
    );
    const wanted = selected.filter((event) => event !== undefined);
    const stored = wanted.length === 0 ? [] : await store(wanted);
    if (stored instanceof Refusal) return { kind: "unavailable", cause: stored.cause };
    let next = 0;
    const [first, ...rest] = selected.map((event): Receipt => {
      const acceptance = event && stored[next++];
      if (!acceptance) return { status: "ignored", reason: "event-not-selected" };
      return { status: acceptance.duplicate ? "duplicate" : "accepted", id: acceptance.id };
    });
    if (!first) return { kind: "received", receipts: [{ status: "ignored", reason: "no-events" }] };
    return { kind: "received", receipts: [first, ...rest] };
  }

  async function store(batch: readonly RelayEvent[]) {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<Refusal>((resolve) => {
      const error = new Error(`the store did not answer within ${acceptDeadlineMs} ms`);
      timer = setTimeout(() => resolve(new Refusal(error)), acceptDeadlineMs);
    });
    const accepted = events.accept(batch).catch((error: unknown) => new Refusal(error));
    try {
      return await Promise.race([accepted, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  return { receive };
}

class Refusal {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

function relayEvent(
  source: Source,
  receivedAt: number,
  event: ProviderEvent,
  identity: string,
  id: string,
): RelayEvent {
  return {
    id,
    source: source.name,
    provider: source.provider.name,
    identity,
    type: storableText(event.type) || "unknown",
    attributes: Object.fromEntries(
      Object.entries(event.attributes).map(([name, value]) => [storableText(name), storableText(value)]),
    ),
    occurredAt: effectiveTime(event.occurredAt, receivedAt),
    receivedAt,
    replay: 0,
    payload: event.payload,
  };
}

/** The body is hashed once, however many events without an id of their own it holds. */
function identifier({ body }: InboundRequest): (event: ProviderEvent, index: number) => string {
  let bodyDigest: Buffer | undefined;
  return ({ id }, index) => {
    const hash = createHash("sha256");
    if (id !== undefined) return hash.update(`id\n${id}`).digest("base64url");
    bodyDigest ??= createHash("sha256").update(body).digest();
    return hash.update(`body\n${index}\n`).update(bodyDigest).digest("base64url");
  };
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; both can come in by a header. */
function storableText(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

function isFilled(event: ProviderEvent, field: string | undefined): boolean {
  if (field === undefined) return false;
  const payload: unknown = JSON.parse(event.payload);
  if (typeof payload !== "object" || payload === null) return false;
  const value: unknown = Object.entries(payload).find(([name]) => name === field)?.[1];
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== "string" || value.trim() !== "";
}

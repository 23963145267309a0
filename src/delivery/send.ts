import type { ApiResult } from "../aelyst/result.ts";
import type { ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { TraceContext } from "../contact/trace-context.ts";
import type { Pacer, PauseReason } from "../store/store.ts";
import type { Span } from "../telemetry/tracing.ts";
import type { Circuit } from "./circuit.ts";
import type { ContactPace } from "./contact-pace.ts";
import type { RequestMade } from "./journal.ts";
import { sleepUnlessAborted, type Gate, type Lane, type Sleep } from "./pace.ts";
import { retryDelayMs, type Schedule } from "./retry-schedule.ts";
import type { Suspects } from "./suspects.ts";

/** Answers that concern one contact. Those that concern everybody are waited out by the sender. */
export type SenderAnswer = Exclude<ApiResult, { kind: "limited" | "unauthorized" }> | SetAside;

/**
 * The contact stands back for `delayMs` and no attempt is spent: either the token is refused and others find out when it
 * is accepted again, or a limit is this contact's own.
 */
export interface SetAside {
  readonly kind: "set-aside";
  readonly because: "unauthorized" | "limited";
  readonly status: number;
  readonly message: string;
  readonly delayMs: number;
}

/**
 * Takes a slot of the destination and sends one request for a contact. `compose` is asked for the patch at the
 * last moment before every attempt; when it has none, nothing is sent. `made` is told of every attempt, and `begin` is asked
 * for its span.
 */
export type Sender = (
  contact: ContactRef,
  signal: AbortSignal,
  compose: () => Promise<ContactPatch | undefined>,
  made?: (request: RequestMade) => void,
  lane?: Readonly<Lane>,
  begin?: () => Span,
) => Promise<SenderAnswer | { kind: "nothing-to-send" } | { kind: "interrupted" }>;

export interface SenderObserver {
  request(status: string, result: string, seconds: number): void;
  /** Something that concerns the whole destination, for the log and the metrics. */
  destination(change: DestinationChange): void;
}

export type DestinationChange =
  | { kind: "limited"; pauseMs: number; hinted: boolean }
  | { kind: "unauthorized"; status: number; probeMs: number; message: string }
  | { kind: "failing"; probeMs: number; message: string }
  | { kind: "recovered"; from: "unauthorized" | "failing" }
  /** What the API answers to this contact, it answers to nobody else. */
  | { kind: "alone"; contact: ContactRef; status: number; message: string };

export interface SenderOptions {
  /** `PUT` if not given. */
  readonly method?: "PUT" | "POST";
  readonly update: (
    contact: ContactRef,
    patch: ContactPatch,
    trace: TraceContext | undefined,
  ) => Promise<ApiResult>;
  readonly gate: Gate;
  readonly pacer: Pacer;
  readonly circuit: Circuit;
  readonly suspects: Suspects;
  readonly contactPace: ContactPace;
  readonly retry: Schedule;
  readonly authProbeMs: number;
  readonly clock: () => number;
  readonly random: () => number;
  readonly sleep?: Sleep;
  readonly observer: SenderObserver;
}

/** The pause after a 429 without a usable hint: this, doubling. */
const limitedFirstMs = 1_000;
const limitedMaxMs = 60_000;
/** A circuit may be closed by another replica, so this process's own hold is short. */
const circuitHoldMs = 1_000;
/** Another contact finds out this soon whether a refused token is everybody's. */
const firstProbeMs = 1_000;
/** A good answer that is no more intervals of probes old shows that the token is accepted. */
const freshProbes = 2;
/** So much longer than the interval of probes a contact stands back at most, so that two do not always come together. */
const standBackJitter = 0.25;

/** What to do with an answer: give it to the contact, or make the request again. */
type Heeded = SenderAnswer | "again";

export function createSender(options: SenderOptions): Sender {
  const { gate, pacer, circuit, suspects, contactPace, observer, clock, random } = options;
  const { sleep = sleepUnlessAborted } = options;
  let limitedInARow = 0;

  async function recover(from: "unauthorized" | "failing"): Promise<void> {
    await pacer.resume(from);
    observer.destination({ kind: "recovered", from });
  }

  function doubledMs(inARow: number): number {
    return Math.min(limitedFirstMs * 2 ** Math.min(inARow - 1, 10), limitedMaxMs);
  }

  async function heedLimited(contact: ContactRef, result: Limited): Promise<Heeded> {
    const { status, retryAfterMs, allowedRate } = result;
    const alone = suspects.alone(contact, "limited");
    const isShared = suspects.met(contact, "limited");
    if (alone >= 2) {
      const message = "the API limits the requests to this contact alone";
      observer.destination({ kind: "alone", contact, status, message });
      const delayMs = retryAfterMs ?? doubledMs(alone);
      return { kind: "set-aside", because: "limited", status, message, delayMs };
    }
    limitedInARow += 1;
    const pauseMs = retryAfterMs ?? doubledMs(limitedInARow);
    gate.hold(pauseMs);
    // A limit that is not above that of one contact's path may be that one.
    const isEverybodys = allowedRate !== undefined && (isShared || allowedRate > contactPace.perSecond);
    await pacer.pause(pauseMs, "limited", isEverybodys ? { allowedRate } : {});
    observer.destination({ kind: "limited", pauseMs, hinted: retryAfterMs !== undefined });
    return "again";
  }

  /** The first contact that is refused stands back at once, and lets the next one find out whose fault it is. */
  async function heedUnauthorized(contact: ContactRef, result: Unauthorized): Promise<Heeded> {
    const { status, message } = result;
    const probeMs = options.authProbeMs;
    const alone = suspects.alone(contact, "unauthorized");
    const isShared = suspects.met(contact, "unauthorized");
    if (alone > 0) {
      observer.destination({ kind: "alone", contact, status, message });
      if (status === 401) {
        return { kind: "unavailable", reason: "status", status, message, retryAfterMs: undefined };
      }
      if (alone > 1 || suspects.answeredSince(clock() - freshProbes * probeMs))
        return { kind: "refused", status, message };
    } else {
      const pauseMs = isShared ? probeMs : Math.min(firstProbeMs, probeMs);
      gate.hold(Math.min(circuitHoldMs, probeMs));
      await pacer.pause(pauseMs, "unauthorized", { everyMs: probeMs });
      observer.destination({ kind: "unauthorized", status, probeMs, message });
    }
    const delayMs = Math.ceil(probeMs * (1 + standBackJitter * random()));
    return { kind: "set-aside", because: "unauthorized", status, message, delayMs };
  }

  async function heedUnavailable(
    contact: ContactRef,
    result: Unavailable,
    isProbe: boolean,
  ): Promise<Heeded> {
    const isOwn = suspects.alone(contact, "failing") > 0;
    suspects.met(contact, "failing");
    const openings = isOwn && !isProbe ? 0 : circuit.failed(contact, isProbe);
    if (openings > 0) {
      const probeMs = retryDelayMs(options.retry, openings, result.retryAfterMs, 0);
      gate.hold(Math.min(circuitHoldMs, probeMs));
      await pacer.pause(probeMs, "failing");
      observer.destination({ kind: "failing", probeMs, message: result.message });
    }
    return result;
  }

  /** Acts on what an answer says about the whole destination. */
  async function heed(
    contact: ContactRef,
    result: ApiResult,
    leftAt: number,
    probe: PauseReason | undefined,
  ): Promise<Heeded> {
    if (result.kind !== "limited") limitedInARow = 0;
    // The API is there again, whatever it says: its own pause must not be kept from it by the longer one of the circuit.
    const answers = result.kind === "limited" || result.kind === "unauthorized";
    if (answers && probe === "failing") {
      circuit.succeeded();
      await recover("failing");
    }
    if (result.kind === "limited") return await heedLimited(contact, result);
    if (result.kind === "unauthorized") return await heedUnauthorized(contact, result);
    if (result.kind === "unavailable") return await heedUnavailable(contact, result, probe === "failing");
    if (suspects.answered(contact, leftAt).includes("limited")) await pacer.restoreRate();
    const wasOpen = circuit.succeeded();
    if (wasOpen || probe === "failing") await recover("failing");
    if (probe === "unauthorized") await recover("unauthorized");
    return result;
  }

  return async (contact, signal, compose, made, lane, begin) => {
    for (;;) {
      const delayMs = contactPace.delayMs(contact);
      if (delayMs > 0 && !(await sleep(delayMs, signal))) return { kind: "interrupted" };
      const passage = await gate.pass(signal, compose, lane);
      if (!passage) return { kind: "interrupted" };
      if (passage.probe === undefined) circuit.passed();
      if (passage.message === undefined) return { kind: "nothing-to-send" };
      const leftAt = clock();
      const { message } = passage;
      const span = begin?.();
      const update = () => options.update(contact, message, span?.context);
      const result = await (span ? span.run(update) : update());
      if (span) tell(span, options.method ?? "PUT", result);
      contactPace.over(contact);
      const durationMs = Math.max(0, clock() - leftAt);
      observer.request(requestStatus(result), meaningOf(result), durationMs / 1000);
      made?.({ at: leftAt, durationMs, result });
      const heeded = await heed(contact, result, leftAt, passage.probe);
      if (heeded !== "again") return heeded;
    }
  };
}

function tell(span: Span, method: string, result: ApiResult): void {
  const meaning = meaningOf(result);
  span.set({
    "http.request.method": method,
    "http.response.status_code": result.status,
    "relay.result": meaning,
  });
  span.end(result.kind === "ok" ? undefined : meaning);
}

type Limited = Extract<ApiResult, { kind: "limited" }>;
type Unauthorized = Extract<ApiResult, { kind: "unauthorized" }>;
type Unavailable = Extract<ApiResult, { kind: "unavailable" }>;

/** An answer without which status or network error it was: `ok`, `limited`, `timeout`, `not-the-contract`, … */
function meaningOf(result: ApiResult): string {
  if (result.kind !== "unavailable") return result.kind;
  return result.reason === "status" ? "unavailable" : result.reason;
}

function requestStatus(result: ApiResult): string {
  if (result.kind === "unavailable" && result.status === undefined) return result.reason;
  return String(result.status);
}

import type { ApiResult } from "../aelyst/result.ts";
import type { ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Pacer } from "../store/store.ts";
import type { Circuit } from "./circuit.ts";
import type { Gate } from "./pace.ts";
import { retryDelayMs, type Schedule } from "./retry-schedule.ts";

/** Answers that concern one contact. Those that concern everybody are waited out by the sender. */
export type SenderAnswer = Exclude<ApiResult, { kind: "limited" | "unauthorized" }>;

/**
 * Takes a slot of the destination and sends one request for a contact. `compose` is asked for the patch at the
 * last moment before every attempt; when it has none, nothing is sent.
 */
export type Sender = (
  contact: ContactRef,
  signal: AbortSignal,
  compose: () => Promise<ContactPatch | undefined>,
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
  | { kind: "recovered"; from: "unauthorized" | "failing" };

export interface SenderOptions {
  readonly update: (contact: ContactRef, patch: ContactPatch) => Promise<ApiResult>;
  readonly gate: Gate;
  readonly pacer: Pacer;
  readonly circuit: Circuit;
  readonly retry: Schedule;
  readonly authProbeMs: number;
  readonly clock: () => number;
  readonly observer: SenderObserver;
}

/** The pause after a 429 without a usable hint: this, doubling. */
const limitedFirstMs = 1_000;
const limitedMaxMs = 60_000;
/** A circuit may be closed by another replica, so this process's own hold is short. */
const circuitHoldMs = 1_000;

export function createSender(options: SenderOptions): Sender {
  const { gate, pacer, circuit, observer, clock } = options;
  let limitedInARow = 0;

  async function recover(from: "unauthorized" | "failing"): Promise<void> {
    await pacer.resume(from);
    observer.destination({ kind: "recovered", from });
  }

  /** Acts on what an answer says about the whole destination; true when the request is to be made again. */
  async function heed(contact: ContactRef, result: ApiResult, probe: string | undefined): Promise<boolean> {
    if (result.kind !== "limited") limitedInARow = 0;
    // The API is there again, whatever it says: its own pause must not be kept from it by the longer one of the circuit.
    const answers = result.kind === "limited" || result.kind === "unauthorized";
    if (answers && probe === "failing") {
      circuit.succeeded();
      await recover("failing");
    }
    if (result.kind === "limited") {
      limitedInARow += 1;
      const doubled = Math.min(limitedFirstMs * 2 ** Math.min(limitedInARow - 1, 10), limitedMaxMs);
      const pauseMs = result.retryAfterMs ?? doubled;
      gate.hold(pauseMs);
      await pacer.pause(pauseMs, "limited", result.allowedRate);
      observer.destination({ kind: "limited", pauseMs, hinted: result.retryAfterMs !== undefined });
      return true;
    }
    if (result.kind === "unauthorized") {
      gate.hold(Math.min(circuitHoldMs, options.authProbeMs));
      await pacer.pause(options.authProbeMs, "unauthorized");
      const { status, message } = result;
      observer.destination({ kind: "unauthorized", status, probeMs: options.authProbeMs, message });
      return true;
    }
    if (result.kind === "unavailable") {
      const openings = circuit.failed(contact, probe === "failing");
      if (openings > 0) {
        const probeMs = retryDelayMs(options.retry, openings, result.retryAfterMs, 0);
        gate.hold(Math.min(circuitHoldMs, probeMs));
        await pacer.pause(probeMs, "failing");
        observer.destination({ kind: "failing", probeMs, message: result.message });
      }
      return false;
    }
    const wasOpen = circuit.succeeded();
    if (wasOpen || probe === "failing") await recover("failing");
    if (probe === "unauthorized") await recover("unauthorized");
    return false;
  }

  return async (contact, signal, compose) => {
    for (;;) {
      const passage = await gate.pass(signal, compose);
      if (!passage) return { kind: "interrupted" };
      if (passage.probe === undefined) circuit.passed();
      if (passage.message === undefined) return { kind: "nothing-to-send" };
      const startedAt = clock();
      const result = await options.update(contact, passage.message);
      observer.request(requestStatus(result), meaningOf(result), Math.max(0, clock() - startedAt) / 1000);
      const again = await heed(contact, result, passage.probe);
      if (again || result.kind === "limited" || result.kind === "unauthorized") continue;
      return result;
    }
  };
}

/** An answer without which status or network error it was: `ok`, `limited`, `timeout`, `not-the-contract`, … */
function meaningOf(result: ApiResult): string {
  if (result.kind !== "unavailable") return result.kind;
  return result.reason === "status" ? "unavailable" : result.reason;
}

function requestStatus(result: ApiResult): string {
  if (result.kind === "unavailable" && result.status === undefined) return result.reason;
  return String(result.status);
}

import type { RelayEvent } from "../../contact/event.ts";
import { keptPriority, priorityOf } from "../../contact/priority.ts";
import type { Claimed, EventRecord, EventResult, EventState } from "../event-log.ts";

/** What of an event never changes, but for its attributes and its payload. */
type Head = Pick<
  RelayEvent,
  "id" | "source" | "provider" | "identity" | "type" | "occurredAt" | "receivedAt"
>;
type Field = string | null | undefined;

export function headOf(event: RelayEvent): string {
  const { id, source, provider, identity, type, occurredAt, receivedAt } = event;
  const head: Head = { id, source, provider, identity, type, occurredAt, receivedAt };
  return JSON.stringify(head);
}

interface EventFields {
  readonly head: Field;
  readonly attributes: Field;
  readonly payload: Field;
  readonly replay: Field;
  readonly retried: Field;
  readonly erased: Field;
  readonly withdrawn: Field;
  readonly priority: Field;
}

export function eventOf(fields: EventFields): RelayEvent {
  const { retried, erased, withdrawn, priority } = fields;
  return {
    ...(JSON.parse(fields.head ?? "{}") as Head),
    attributes: JSON.parse(fields.attributes ?? "{}") as RelayEvent["attributes"],
    replay: Number(fields.replay ?? 0),
    payload: fields.payload ?? "null",
    ...(retried ? { retriedAt: Number(retried) } : {}),
    ...(erased ? { erased: JSON.parse(erased) as string[] } : {}),
    ...(withdrawn === "erased" || withdrawn === "dropped" ? { withdrawn } : {}),
    ...keptPriority(priorityOf(Number(priority ?? 0))),
  };
}

export function claimedOf(answer: readonly Field[], lease: string): Claimed {
  const [payload, head, attributes, replay, retried, erased, withdrawn, attempts, priority] = answer;
  const event = eventOf({ head, attributes, payload, replay, retried, erased, withdrawn, priority });
  return { event, attempts: Number(attempts), lease };
}

/** A whole record, from its hash. */
export function recordOf(hash: Readonly<Record<string, string>>): EventRecord | undefined {
  const { head, attributes, payload, replay, retried, erased, withdrawn, priority } = hash;
  if (head === undefined) return undefined;
  const event = eventOf({ head, attributes, payload, replay, retried, erased, withdrawn, priority });
  const acceptedAt = Math.floor(Number(hash["seq"] ?? 0) / 1_000);
  return { event, attempts: Number(hash["attempts"] ?? 0), acceptedAt, ...outcomeOf(hash) };
}

interface OutcomeFields {
  readonly state?: Field;
  readonly result?: Field;
  readonly failure?: Field;
  readonly waits?: Field;
  readonly finished?: Field;
}

function outcomeOf({ state: text, result, failure, waits, finished }: OutcomeFields) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the scripts write it
  const state = (text ?? "waiting") as EventState;
  return {
    state,
    ...(finished ? { finishedAt: Number(finished) } : {}),
    ...(result ? { result: JSON.parse(result) as EventResult } : {}),
    ...(typeof failure === "string" ? { failure } : {}),
    ...(waits && state === "delayed" ? { waitsFor: waits } : {}),
  };
}

/** A record without what the event told, as the lists read it. */
export function listedOf(answer: readonly Field[]) {
  const [head, replay, retried, erased, withdrawn, state, result, failure, waits, priority] = answer;
  const fixed = { head, attributes: "{}", payload: "" };
  const whole = eventOf({ ...fixed, replay, retried, erased, withdrawn, priority });
  const { attributes: _attributes, payload: _payload, ...event } = whole;
  return { event, ...outcomeOf({ state, result, failure, waits }) };
}

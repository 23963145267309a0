import { hash } from "node:crypto";
import type { RelayEvent } from "../contact/event.ts";
import { traceOf, type TraceContext } from "../contact/trace-context.ts";
import { rawBody, unreadableBecause } from "../contact/unreadable.ts";
import type { ProviderEvent } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import { createEventIds } from "./event-ids.ts";
import { relayEvent } from "./relay-event.ts";

/** A message that was pulled from a broker, which is trusted: nothing of it is verified. */
export interface PulledMessage {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What names it and no other message of its stream. */
  readonly position: string;
  /** When the broker took it, in milliseconds since the epoch. */
  readonly at: number | undefined;
}

export interface ReadMessage {
  /** To be stored; none for what the source does not select. */
  readonly events: readonly RelayEvent[];
  /** It can never be read: its event is kept for a person. */
  readonly isUnreadable: boolean;
}

/**
 * Reads messages as their source's provider reads the body of a request. An event goes on from its message's trace, from
 * its own, or else from `trace`.
 */
export function createMessageReader(
  clock: () => number,
): (source: Source, message: PulledMessage, trace?: TraceContext) => ReadMessage {
  const nextId = createEventIds();

  return (source, message, trace) => {
    const receivedAt = clock();
    const { headers, body, position, at } = message;
    const messageTrace = traceOf(headers);
    const traceFor = ({ attributes }: ProviderEvent) =>
      messageTrace ?? (traceOf(attributes) ? undefined : trace);
    const identityOf = ({ id }: Pick<ProviderEvent, "id">, index: number) =>
      hash("sha256", id === undefined ? `position\n${index}\n${position}` : `id\n${id}`, "base64url");
    const keep = (event: ProviderEvent, index: number) =>
      relayEvent(
        source,
        receivedAt,
        { ...event, occurredAt: event.occurredAt ?? at },
        identityOf(event, index),
        nextId(receivedAt),
        traceFor(event),
      );
    const request = { method: "POST", headers, query: {}, target: "/", body, receivedAt };
    const parsed = source.provider.parse(request);
    switch (parsed.kind) {
      case "events": {
        const wanted = parsed.events.filter(
          ({ mandatory, type }) => mandatory === true || source.selects(type),
        );
        // A provider whose sender would repeat what cannot be read for ever says so in the event.
        const isUnreadable = wanted.some(({ attributes }) => attributes[unreadableBecause] !== undefined);
        return { events: wanted.map(keep), isUnreadable };
      }
      case "ignored":
        return { events: [], isUnreadable: false };
      case "malformed":
      case "unsupported": {
        const event: ProviderEvent = {
          id: undefined,
          type: "unreadable",
          occurredAt: at,
          attributes: { [unreadableBecause]: parsed.message },
          payload: JSON.stringify({ headers, ...rawBody(body) }),
        };
        return { events: [keep(event, 0)], isUnreadable: true };
      }
    }
  };
}

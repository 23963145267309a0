import type { CoreField } from "../contact/contact-patch.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** One HTTP request as a provider sees it. Nothing of the web framework. */
export interface InboundRequest {
  readonly method: string;
  /** Names in lower case; repeated headers joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded query parameters (the first of each name). */
  readonly query: Readonly<Record<string, string>>;
  /** The raw bytes, exactly as received. */
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What a source is configured with to prove its sender. Any one may match: rotation. */
export interface Credentials {
  readonly secrets: readonly string[];
  readonly keys: readonly string[];
}

/**
 * `reason` is for the operator's log; the sender is told nothing of what was expected.
 * It never contains a secret or a value from the request.
 */
export type Verification = { ok: true } | { ok: false; reason: string };

/** One event found in a verified request. */
export interface ProviderEvent {
  /**
   * The event's own id where it is authenticated, undefined otherwise: then a hash of the body stands in.
   * A body-only signature does not authenticate headers.
   */
  readonly id: string | undefined;
  readonly type: string;
  /** The provider's time of the event in milliseconds since the epoch; undefined counts as arrival. */
  readonly occurredAt: number | undefined;
  /** Informational attributes beside the payload, such as CloudEvents context attributes. */
  readonly attributes: Readonly<Record<string, string>>;
  /** JSON text. Where the body is one JSON event, exactly its text. */
  readonly payload: string;
  /** True for what a source's selection of events must not leave out, such as a request to erase a person. */
  readonly mandatory?: boolean;
}

export type Parsed =
  | { kind: "events"; events: readonly ProviderEvent[] }
  /** Verified and understood, but nothing to do: a ping. `reason` is a word with hyphens. */
  | { kind: "ignored"; reason: string }
  /** Can never be read. `message` goes to the sender. */
  | { kind: "malformed"; message: string }
  /** A content type this provider does not send. */
  | { kind: "unsupported"; message: string };

/** A raw value for a contact field, with the path in the payload where it was found. */
export interface Candidate {
  readonly path: string;
  readonly value: JsonValue;
}

/** Raw candidates per core field, best first: the first that can be normalized is taken. */
export type Candidates = Readonly<Partial<Record<CoreField | "fullName", readonly Candidate[]>>>;

export type ProviderMapping =
  | {
      kind: "contact";
      /** What the source's own mapping expressions see as the payload's root. */
      root: JsonValue;
      candidates: Candidates;
    }
  /** Accepted and recorded, nothing to deliver. `reason` is a word with hyphens. */
  | { kind: "nothing"; reason: string; root: JsonValue }
  /** The sender asks for every trace of these people to be erased. Raw identifiers. */
  | { kind: "erase"; root: JsonValue; phones: readonly string[]; emails: readonly string[] };

/** The part of a stored event that mapping needs. */
export interface MappableEvent {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** An answer a protocol demands to something that is not an event. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request as a sender would make it: for tests, the demo and sample events. */
export interface OutboundRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A believable event of this provider, unsigned. */
export interface Sample {
  readonly name: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One sending system: how it proves itself, what its events look like, where contact data is in them. */
export interface Provider {
  readonly name: string;
  /** `secrets`: it signs. `key`: it can only send a shared key. */
  readonly proof: "secrets" | "key";
  /** `contact`: its own mapping takes core fields; `none`: the source must bring a `map`. */
  readonly mapping: "contact" | "none";
  /** How a success is answered: `json`, an `empty` body, or `form` (browser redirects, honeypot, CORS). */
  readonly answers: "json" | "empty" | "form";
  /** Proves the raw bytes before anything is parsed. `now` in milliseconds. Never throws. */
  verify(request: InboundRequest, credentials: Credentials, now: number): Verification;
  /** Reads a verified request. Never throws. */
  parse(request: InboundRequest): Parsed;
  /** Finds contact data in a stored event. Pure; throws only on a bug. */
  map(event: MappableEvent): ProviderMapping;
  /** Answers what is not an event (OPTIONS, GET challenge); undefined when it is not a handshake of this protocol. */
  handshake?(request: InboundRequest): HandshakeAnswer | undefined;
  /** What `verify` accepts, made the way the vendor makes it. `now` in milliseconds. */
  sign(request: Pick<OutboundRequest, "headers" | "body">, credential: string, now: number): OutboundRequest;
  /** Headers that name an event type, for providers that send it there. */
  typeHeaders?(type: string): Readonly<Record<string, string>>;
  readonly samples: readonly Sample[];
}

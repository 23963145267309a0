import type { CoreField } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

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
  /** Path and query exactly as received, for schemes that sign the address. */
  readonly target: string;
  /** The raw bytes, exactly as received. */
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What a source is configured with to prove its sender. */
export interface Credentials {
  /** Any one may match: rotation. */
  readonly secrets: readonly string[];
  readonly keys: readonly string[];
  /** Where senders reach the relay from outside, without a trailing slash; for schemes that sign the address. */
  readonly publicUrl?: string | undefined;
  /** The word by which a subscription is confirmed. */
  readonly verifyToken?: string | undefined;
  /** Topics that may send, or that are to be subscribed to. */
  readonly topics?: readonly string[] | undefined;
  /** The component of the bus that has them. */
  readonly pubsub?: string | undefined;
  /** Whether events are asked for many at once. */
  readonly bulk?: boolean | undefined;
  /** Whether the topics hold something else than CloudEvents. */
  readonly rawPayload?: boolean | undefined;
  /** For whom a token may have been made out. */
  readonly audiences?: readonly string[] | undefined;
  /** To whom it may have been given. */
  readonly serviceAccounts?: readonly string[] | undefined;
  /** Where the public keys of tokens are, when not at their documented place. */
  readonly jwksUrl?: string | undefined;
}

/** What only some providers can be configured with; each names what it uses. */
export type ProviderSetting =
  | "publicUrl"
  | "verifyToken"
  | "accessToken"
  | "apiUrl"
  | "topics"
  | "pubsub"
  | "bulk"
  | "rawPayload"
  | "audiences"
  | "serviceAccounts"
  | "jwksUrl";

/**
 * `reason` is for the operator's log; the sender is told nothing of what was expected.
 * It never contains a secret or a value from the request.
 */
export type Verification = { ok: true } | { ok: false; reason: string };

/** `undecided`: what it takes could not be fetched just now, so that the sender is asked to come again. */
export type Attested =
  { kind: "proven" } | { kind: "refused"; reason: string } | { kind: "undecided"; reason: string };

/**
 * What senders publish for everybody, such as their public keys. A provider looks strictly at an address that a request
 * names before it asks for it. Bounded in time, size and number; redirects are not followed. Never rejects.
 */
export interface Published {
  /** The text there, from memory where it is not older than this. */
  read(address: URL, maxAgeMs: number): Promise<PublishedText>;
  /** Asks once, for what it does there. */
  visit(address: URL): Promise<{ ok: true } | { ok: false; message: string }>;
}

export type PublishedText =
  /** `isStale`: older than asked for, as it cannot be had anew just now. */
  { ok: true; text: string; isStale: boolean } | { ok: false; message: string };

/** A proof by what the sender publishes, in place of a key. */
export interface Attestation {
  /** The settings that say whose proof counts. Without all of them there is none. */
  readonly needs: readonly [ProviderSetting, ...ProviderSetting[]];
  /** Asked where `verify` refuses. Never rejects. */
  prove(
    request: InboundRequest,
    credentials: Credentials,
    now: number,
    published: Published,
  ): Promise<Attested>;
}

/** A page of the protocol's own, beside `/webhooks`, on which a sender reads what to send where. */
export interface Announcement {
  /** The settings that say what is announced of a source. Without all of them it is left out. */
  readonly needs: readonly [ProviderSetting, ...ProviderSetting[]];
  readonly path: string;
  /** For all sources of this provider that announce something. Never throws. */
  answer(request: InboundRequest, sources: readonly AnnouncedSource[]): HandshakeAnswer;
}

export interface AnnouncedSource {
  readonly name: string;
  readonly credentials: Credentials;
}

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
  /**
   * Contacts that it says the API has, where it says nothing else. It is not stored: whoever waits for one of them is woken
   * at once, or finds it at the next try.
   */
  readonly exist?: readonly ContactRef[];
}

export type Parsed =
  | { kind: "events"; events: readonly ProviderEvent[] }
  /**
   * Verified and understood, but nothing to do: a ping. `reason` is a word with hyphens. `visit` is an address of the
   * sender's that is asked for first, by which a subscription is confirmed.
   */
  | { kind: "ignored"; reason: string; visit?: URL }
  /** Can never be read. `message` goes to the sender. */
  | { kind: "malformed"; message: string }
  /** A content type this provider does not send. */
  | { kind: "unsupported"; message: string };

/** A raw value for a contact field, with the path in the payload where it was found. */
export interface Candidate {
  readonly path: string;
  readonly value: JsonValue;
}

/** What a value can be for a contact; a full name is split where there is no first name. */
export type CandidateField = CoreField | "fullName";

/** Raw candidates per core field, best first: the first that can be normalized is taken. */
export type Candidates = Readonly<Partial<Record<CandidateField, readonly Candidate[]>>>;

/** One answer of a submitted form. */
export interface Answer {
  /** Where it stands in the payload. */
  readonly path: string;
  /** What the form's author may call it in an expression, `answers.<name>`: the reference, the key, the question. */
  readonly ref?: string | undefined;
  readonly key?: string | undefined;
  readonly label?: string | undefined;
  /** What the builder itself says it is, as by the answer's type. */
  readonly field?: CandidateField | undefined;
  /** Choices as their labels. */
  readonly value: JsonValue;
}

export type ProviderMapping =
  | {
      kind: "contact";
      /** What the source's own mapping expressions see as the payload's root. */
      root: JsonValue;
      candidates: Candidates;
      /** Identifiers that the event says the contact had before, and the country then: the API knows it by them. */
      was?: Readonly<Partial<Record<"phone" | "email" | "countryCode", readonly Candidate[]>>>;
      /** Of a form: every answer, so that those which nothing uses can be named. */
      answers?: readonly Answer[];
      /**
       * Of an event whose candidates only say whom it is about: why it is ignored, unless the source's own mapping makes
       * something of it.
       */
      unlessMapped?: string;
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

/** What it takes to fetch what a thin event only points at. */
export interface Lookup {
  readonly accessToken: string;
  /** Where the sender's API is, when not at its documented place. */
  readonly apiUrl: string | undefined;
  /** GET, paced, bounded in time and size; redirects are not followed. Never rejects. */
  get(url: URL, headers: Readonly<Record<string, string>>): Promise<LookupAnswer>;
}

export type LookupAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly text: string;
    }
  /** It answered more than is read. */
  | { readonly kind: "too-large"; readonly message: string }
  /** `message` names the cause without the address, which may hold the token. */
  | { readonly kind: "unreachable"; readonly message: string };

/** What became of completing a thin event. Messages are for the operator and hold no token. */
export type Completion =
  /** JSON text that `map` reads in place of the event's own payload. */
  | { kind: "complete"; payload: string }
  /** To be tried again, not before `delayMs`. `everybody`: whatever else were asked of this API would be told the same. */
  | { kind: "later"; message: string; delayMs: number; everybody?: boolean }
  /** Trying again cannot help until somebody acts: the event is kept as failed. */
  | { kind: "failed"; message: string };

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
  /** Texts in headers or body that make it this event and no other; sending it anew takes fresh ones. */
  readonly ids?: readonly string[];
  /** Its time as it is written in headers or body: ISO 8601, or unix seconds or milliseconds. */
  readonly times?: readonly string[];
}

/** One sending system: how it proves itself, what its events look like, where contact data is in them. */
export interface Provider {
  readonly name: string;
  /** `secrets`: it signs. `key`: it can only send a shared key. */
  readonly proof: "secrets" | "key";
  /** What its proof covers. A key alone covers nothing of the request. */
  readonly signs: "body" | "body and time" | "nothing";
  /**
   * `contact`: its own mapping takes core fields; `none`: the source must bring a `map`; `never`: it tells of the API's own
   * contacts, so that a `map` would bring back what is there.
   */
  readonly mapping: "contact" | "none" | "never";
  /** How a success is answered: `json`, an `empty` body, or `form` (browser redirects, honeypot, CORS). */
  readonly answers: "json" | "empty" | "form";
  /**
   * Whether its sender reliably sends again what was answered 503. What does not come again is kept on this machine
   * while the store is away.
   */
  readonly repeats: boolean;
  /** Proves the raw bytes before anything is parsed. `now` in milliseconds. Never throws. */
  verify(request: InboundRequest, credentials: Credentials, now: number): Verification;
  /** Reads a verified request. Never throws. */
  parse(request: InboundRequest): Parsed;
  /** Finds contact data in a stored event. Pure; throws only on a bug. */
  map(event: MappableEvent): ProviderMapping;
  /**
   * Answers what is not an event (OPTIONS, GET challenge, an unsigned ping), before anything is verified; undefined
   * when it is not a handshake of this protocol. Never throws.
   */
  handshake?(request: InboundRequest, credentials: Credentials): HandshakeAnswer | undefined;
  /** How a success is answered where its sender reads the body; in place of `answers`. Never throws. */
  acknowledge?(request: InboundRequest): HandshakeAnswer;
  readonly attestation?: Attestation;
  readonly announcement?: Announcement;
  /** Fetches what a thin event only points at, where an access token is configured. Never rejects. */
  complete?(event: MappableEvent, lookup: Lookup): Promise<Completion>;
  /** Settings it uses beside its secrets or keys. */
  readonly settings?: readonly ProviderSetting[];
  /**
   * What `verify` accepts, made the way the vendor makes it. `now` in milliseconds; `address` is where it will be
   * posted to, for schemes that sign it. Throws, with a message for the operator that holds no secret, only where the
   * credential can prove and not sign: a public key.
   */
  sign(
    request: Pick<OutboundRequest, "headers" | "body">,
    credential: string,
    now: number,
    address?: string,
  ): OutboundRequest;
  /** Headers that name an event type, for providers that send it there. */
  typeHeaders?(type: string): Readonly<Record<string, string>>;
  readonly samples: readonly Sample[];
}

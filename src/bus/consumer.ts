/** One message of a broker, told in the same words whichever broker it came from. */
export interface BusMessage {
  /** Names in lower case: CloudEvents attributes as `ce-<name>`, the media type as `content-type`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What names it and no other message of this stream, however often it is delivered. */
  readonly position: string;
  /** When the broker took it, in milliseconds since the epoch; undefined where it does not say. */
  readonly at: number | undefined;
}

/** How far behind a consumer is; null where the broker does not say. */
export interface Backlog {
  /** Messages that nobody has been given yet. */
  readonly lag: number | null;
  /** Given to somebody and not acknowledged. */
  readonly pending: number | null;
}

/** What a connection tells beside its messages. */
export interface BusListener {
  /** So many messages were removed by their owner before anybody had read them. */
  readonly lost: (count: number) => void;
  /** Something about how the bus is set up can lose messages or hold them up, and is its owner's to change. */
  readonly warned: (what: string) => void;
}

/**
 * A consumer of one stream, queue or subject. Every method rejects while the broker is away, and works again when it is
 * back.
 */
export interface BusConsumer {
  /**
   * Messages that nobody else is working on, in the broker's order, those of consumers that died among them. Empty when
   * none came within about a second. Fewer than `count` where they are large.
   */
  fetch(count: number): Promise<readonly BusMessage[]>;
  /** They are stored: the broker may forget them. */
  acknowledge(messages: readonly BusMessage[]): Promise<void>;
  /** They are not stored: whoever asks next is given them, at once or, where the broker can, not before `delayMs`. */
  giveBack(messages: readonly BusMessage[], delayMs?: number): Promise<void>;
  /** They are still being worked on: for a broker that would give them to others after a time. */
  keep?(messages: readonly BusMessage[]): Promise<void>;
  backlog(): Promise<Backlog>;
  /** Lets go of the connection; what is not acknowledged goes to others after the broker's own time. */
  close(): Promise<void>;
}

/** One broker that a source can pull from. */
export interface Broker {
  /** Where and what, for people: never a password. */
  readonly place: string;
  open(listener: BusListener): Promise<BusConsumer>;
  /** Connects and looks, and changes nothing. Resolves to what there is to know; rejects with the reason. */
  look(): Promise<string>;
}

/** What needs a person, the most urgent first. */
export const noticeKinds = [
  "token-refused",
  "store-away",
  "store-refusing",
  "spool-half-full",
  "api-failing",
  "spool-filling",
  "bus-away",
  "parked",
  "behind",
  "source-silent",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

interface Rule {
  /** It has to be seen for so long, without a break, before anybody is told. */
  readonly holdMs: number;
  /** It has to be gone for so long before it is over. */
  readonly quietMs: number;
  /** Told anew when its level rises after so long without a rise; otherwise once until it is over. */
  readonly renewMs?: number;
  /** A heading of docs/operations.md. */
  readonly runbook: string;
}

const minuteMs = 60_000;

export const rules: Readonly<Record<NoticeKind, Rule>> = {
  "token-refused": { holdMs: 30_000, quietMs: minuteMs, runbook: "the-api-answers-401-or-403" },
  "store-away": { holdMs: minuteMs, quietMs: minuteMs, runbook: "when-the-store-is-away" },
  "store-refusing": { holdMs: minuteMs, quietMs: 5 * minuteMs, runbook: "redis-is-out-of-memory" },
  "spool-half-full": { holdMs: 0, quietMs: minuteMs, runbook: "when-the-store-is-away" },
  "api-failing": { holdMs: minuteMs, quietMs: 2 * minuteMs, runbook: "the-api-is-down" },
  "spool-filling": { holdMs: minuteMs, quietMs: minuteMs, runbook: "when-the-store-is-away" },
  "bus-away": { holdMs: 3 * minuteMs, quietMs: minuteMs, runbook: "a-bus-is-away-or-far-behind" },
  parked: { holdMs: minuteMs, quietMs: 0, renewMs: 6 * 60 * minuteMs, runbook: "something-is-parked" },
  behind: { holdMs: 5 * minuteMs, quietMs: 5 * minuteMs, runbook: "the-relay-is-far-behind" },
  "source-silent": { holdMs: 5 * minuteMs, quietMs: 0, runbook: "a-source-has-gone-quiet" },
};

/** Where to read on, as it stands in the repository and in the package's documents. */
export function runbookOf(kind: NoticeKind): string {
  return `docs/operations.md#${rules[kind].runbook}`;
}

/** What is seen now and needs a person. Never of one event, and nothing personal in it. */
export interface Sighting {
  readonly kind: NoticeKind;
  /** The source, destination or process it is about; absent where the relay has only one. */
  readonly subject?: string;
  /** How much of it there is: items, minutes. */
  readonly level: number;
}

/** One plain sentence with the next step. */
export function openText({ kind, subject, level }: Sighting): string {
  const of = subject === undefined ? "" : ` of ${subject}`;
  switch (kind) {
    case "token-refused":
      return `The API refuses the token${of}: nothing is delivered, and nothing is lost; set a token that is accepted.`;
    case "store-away":
      return "The store does not answer: events are refused or spooled until it does; start it again.";
    case "store-refusing":
      return "The store refuses new events: senders are told to come again; give it room.";
    case "spool-half-full":
      return `The spool${of} is half full: bring the store back before it is full and events are refused.`;
    case "api-failing":
      return `The API${of} fails for all contacts: it is probed until it answers, and nothing is lost; ask its vendor.`;
    case "spool-filling":
      return `Events are kept in the spool${of} because the store takes none: bring the store back.`;
    case "bus-away":
      return `The bus${of} does not answer: its events wait there; bring it back before it drops them.`;
    case "parked":
      return `${level} ${level === 1 ? "item is" : "items are"} parked${of}: look at \`contact-relay failures\`, then retry or drop.`;
    case "behind":
      return `The relay${of} is about ${level} minutes behind: look at the rate, and at what sends so much.`;
    case "source-silent":
      return `The source ${subject ?? ""} has sent nothing for ${level} hours, which is not its habit: look at the sender.`;
  }
}

export function overText({ kind, subject }: Pick<Sighting, "kind" | "subject">): string {
  const of = subject === undefined ? "" : ` of ${subject}`;
  switch (kind) {
    case "token-refused":
      return `Over: the API accepts the token${of} again.`;
    case "store-away":
      return "Over: the store answers again.";
    case "store-refusing":
      return "Over: the store takes new events again.";
    case "spool-half-full":
      return `Over: the spool${of} is less than half full.`;
    case "api-failing":
      return `Over: the API${of} answers again.`;
    case "spool-filling":
      return `Over: the spool${of} is empty again.`;
    case "bus-away":
      return `Over: the bus${of} answers again.`;
    case "parked":
      return `Over: nothing parked${of} needs a person any more.`;
    case "behind":
      return `Over: the relay${of} has caught up.`;
    case "source-silent":
      return `Over: the source ${subject ?? ""} sends again.`;
  }
}

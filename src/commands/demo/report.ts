import type { FieldValue } from "../../contact/contact-patch.ts";
import type { Appeared } from "./strangers.ts";

/** Everything the demo has to tell; what `--json` prints. */
export interface DemoResult {
  readonly ok: boolean;
  readonly elapsedMs: number;
  /** Requests made to the relay, and messages put on the bus. */
  readonly sent: number;
  readonly answers: Record<"accepted" | "duplicate" | "pulled" | "ignored" | "refused" | "failed", number>;
  /** Distinct events the relay kept. */
  readonly storedEvents: number;
  /** Requests the API saw. */
  readonly requests: number;
  /** By status; those of creations with their method before it. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly contacts: {
    readonly contact: string;
    readonly requests: number;
    readonly fields: Readonly<Record<string, FieldValue>>;
  }[];
  /** Whom the API did not have at the start. */
  readonly appeared: readonly Appeared[];
  readonly parked: readonly { contact: string; fields: readonly string[]; message: string }[];
  /** Where the final contacts are not what the events say. */
  readonly wrong: readonly string[];
}

const shownContacts = 6;

const meanings: Readonly<Record<string, string>> = {
  "200": "applied",
  "404": "no such contact: it was created by its name, or waited for",
  "POST 200": "created: its values follow by PUT",
  "400": "refused by the API: divided until the bad field was found",
  "429": "too many requests: everything paused until Retry-After was over",
  "449": "that contact was busy: it waited, the others went on",
  "500": "failed: that contact was retried",
};

/** The summary for a person. */
export function demoReport(result: DemoResult, color: boolean): string {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const heading = (text: string) => `\n${paint(1, text)}`;
  const row = (label: string, value: number | string, note = "") =>
    `  ${label.padEnd(14)}${String(value).padStart(6)}${note === "" ? "" : `   ${note}`}`;
  const applied = result.statuses["200"] ?? 0;
  const { pulled } = result.answers;
  const lines = [
    heading("Events in"),
    row("sent", result.sent - pulled, "signed requests to the relay"),
    ...(pulled > 0
      ? [row("pulled", pulled, "messages of a Redis stream, acknowledged once they were stored")]
      : []),
    row("kept", result.storedEvents, "distinct events, on disk before they were answered"),
    row(
      "repeated",
      Math.max(0, accepted(result) - result.storedEvents),
      "sent again: recognized, not kept twice",
    ),
    row(
      "ignored",
      result.answers.ignored,
      "a topic nobody selected; a robot in the honeypot is kept out the same way",
    ),
    row("refused", result.answers.refused, "a tampered body (401) and one that cannot be read (400)"),
    heading("Requests out"),
    ...Object.entries(result.statuses).map(([status, count]) => row(status, count, meanings[status] ?? "")),
    heading("Merged"),
    `  ${result.storedEvents} events became ${applied} updates of ${result.contacts.length} contacts:` +
      ` ${(result.storedEvents / Math.max(1, applied)).toFixed(1)} events per request.`,
    heading("New to the API"),
    ...result.appeared.map(appearedLine),
    heading("Set aside for a person"),
    ...result.parked.map(
      (item) =>
        `  ${item.contact}  ${item.fields.join(", ")}: the API says "${item.message}"; the rest was applied`,
    ),
    heading("Final contacts"),
    ...result.contacts.slice(0, shownContacts).map(contactLine),
    `  … and ${Math.max(0, result.contacts.length - shownContacts)} more`,
    ``,
    result.ok
      ? paint(32, `All ${result.contacts.length} contacts are what their newest events say.`)
      : paint(31, `Not what the events say:\n${result.wrong.map((line) => `  - ${line}`).join("\n")}`),
    `${(result.elapsedMs / 1_000).toFixed(1)} s, from the first event to the last contact.`,
    ``,
  ];
  return `${lines.join("\n")}\n`;
}

function accepted(result: DemoResult): number {
  return result.answers.accepted + result.answers.duplicate + result.answers.pulled;
}

function appearedLine({ contact, how, requests }: Appeared): string {
  const words = {
    created: "was created by its name alone, then given its values",
    told: "had left no name: it waited until the workspace told of it",
  };
  return `  ${contact.padEnd(30)} ${words[how]} (${requests.join(", ")})`;
}

function contactLine({ contact, requests, fields }: DemoResult["contacts"][number]): string {
  const { firstName, lastName, language, phone: _phone, email: _email, ...custom } = fields;
  const name = [firstName, lastName]
    .filter((part) => part !== undefined)
    .join(" ")
    .padEnd(16);
  const others = Object.entries({ language, ...custom })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field} ${String(value)}`);
  return `  ${contact.padEnd(20)} ${name} ${others.join(", ")}  (${requests} requests)`;
}

import type { Message } from "./book.ts";
import { openText, overText, runbookOf } from "./kinds.ts";

export const noticeFormats = ["json", "slack", "discord", "teams"] as const;
export type NoticeFormat = (typeof noticeFormats)[number];

const hosts: readonly (readonly [NoticeFormat, RegExp])[] = [
  ["slack", /^hooks\.slack(-gov)?\.com$/],
  ["discord", /^((ptb|canary)\.)?discord(app)?\.com$/],
  ["teams", /(^|\.)(webhook\.office\.com|logic\.azure\.com|powerplatform\.com|powerautomate\.com)$/],
];

/** By whose address it is: Slack's, Discord's and Teams' are known, all others get the relay's own JSON. */
export function formatOf(url: URL): NoticeFormat {
  return hosts.find(([, host]) => host.test(url.hostname))?.[0] ?? "json";
}

/** What is posted, in the relay's own words. */
export interface Notice {
  readonly id: string;
  readonly kind: string;
  readonly state: "open" | "over";
  readonly text: string;
  readonly since: string;
  readonly until?: string;
  /** The source, destination or process it is about. */
  readonly subject?: string;
  readonly runbook: string;
}

/** One that is not over. */
export type OpenNotice = Omit<Notice, "state" | "until"> & { readonly state: "open" };

export function noticeOf(message: Message): Notice {
  const { id, kind, subject, state, since, until } = message;
  return {
    id,
    kind,
    state,
    text: state === "open" ? openText(message) : overText(message),
    since: new Date(since).toISOString(),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(subject === undefined ? {} : { subject }),
    runbook: runbookOf(kind),
  };
}

/** The body of the request in the shape that the receiver reads. */
export function bodyOf(format: NoticeFormat, notice: Notice): string {
  const line = `contact-relay: ${notice.text} (${notice.runbook})`;
  switch (format) {
    case "json":
      return JSON.stringify(notice);
    case "slack":
      return JSON.stringify({ text: slackText(line) });
    case "discord":
      // Nobody is called by what a source is named.
      return JSON.stringify({ content: line.slice(0, 2_000), allowed_mentions: { parse: [] } });
    case "teams":
      return JSON.stringify({
        type: "message",
        attachments: [
          {
            contentType: "application/vnd.microsoft.card.adaptive",
            contentUrl: null,
            content: {
              $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
              type: "AdaptiveCard",
              version: "1.4",
              body: [{ type: "TextBlock", text: line, wrap: true }],
            },
          },
        ],
      });
  }
}

function slackText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

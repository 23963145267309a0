import { createHmac } from "node:crypto";
import { z } from "zod";
import type { SandboxContact } from "./contacts.ts";

/** Where the workspace tells what became of its contacts, and the key that signs it. */
export const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  key: z.string().min(1).max(1_000),
});

export type Webhook = z.infer<typeof webhookSchema>;
export type WebhookEvent = "contact.created" | "contact.updated";

export interface WebhookState {
  /** Null while none is configured. */
  readonly url: string | null;
  readonly waiting: number;
  readonly sent: number;
  /** Answered with another status than 2xx, or not at all. None is sent again. */
  readonly failed: number;
  /** Too many were waiting. */
  readonly dropped: number;
}

export interface Webhooks {
  configure(webhook: Webhook | undefined): void;
  tell(event: WebhookEvent, contact: SandboxContact): void;
  state(): WebhookState;
  close(): void;
}

const waitingMax = 1_000;
const timeoutMs = 5_000;

/**
 * The workspace's own webhooks: one after the other, never repeated, and never in the way of an answer. Off until one is
 * configured.
 *
 * @param first makes ids of one run differ from those of the runs before
 */
export function createWebhooks(clock: () => number, first: number): Webhooks {
  const closing = new AbortController();
  let webhook: Webhook | undefined;
  let waiting: string[] = [];
  let isSending = false;
  let told = 0;
  const counts = { sent: 0, failed: 0, dropped: 0 };

  async function post({ url, key }: Webhook, body: string): Promise<boolean> {
    const signature = createHmac("sha256", key).update(body).digest("base64");
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Webhook-Signature": signature },
        body,
        redirect: "manual",
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async function sendAll(): Promise<void> {
    if (isSending) return;
    isSending = true;
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
      const target = webhook;
      if (!target || closing.signal.aborted) break;
      if (await post(target, body)) counts.sent += 1;
      else counts.failed += 1;
    }
    isSending = false;
  }

  return {
    configure(next) {
      webhook = next;
      if (!next) waiting = [];
    },
    tell(event, contact) {
      if (!webhook || closing.signal.aborted) return;
      told += 1;
      if (waiting.length >= waitingMax) {
        counts.dropped += 1;
        return;
      }
      waiting.push(JSON.stringify(bodyOf(event, `${first}-${told}`, contact, clock())));
      void sendAll();
    },
    state: () => ({ url: webhook?.url ?? null, waiting: waiting.length, ...counts }),
    close() {
      waiting = [];
      closing.abort();
    },
  };
}

/** As published clients of this API family type it; `timestamp` and `created_at` in seconds. */
function bodyOf(event: WebhookEvent, id: string, contact: SandboxContact, now: number) {
  const core = (field: string) => contact.fields[field] ?? null;
  return {
    event_type: event,
    event_id: id,
    timestamp: Math.floor(now / 1_000),
    contact: {
      id: contact.id,
      firstName: core("firstName"),
      lastName: core("lastName"),
      phone: core("phone"),
      email: core("email"),
      language: core("language"),
      profilePic: core("profilePic"),
      countryCode: core("countryCode"),
      status: "open",
      lifecycle: null,
      assignee: null,
      created_at: Math.floor(contact.createdAt / 1_000),
      tags: [],
      custom_fields: Object.entries(contact.customFields).map(([name, value]) => ({ name, value })),
    },
  };
}

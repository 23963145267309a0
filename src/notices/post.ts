import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import { boundedText, exchange } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import { decodeBase64, signMessage } from "../providers/standard-webhooks.ts";
import { bodyOf, formatOf, type Notice, type NoticeFormat } from "./shapes.ts";

/** An address that notices are posted to. Its path may be a secret: only the host is ever shown. */
export interface Target {
  /** Names it in what is kept, and tells nothing of it. */
  readonly key: string;
  readonly url: URL;
  readonly format: NoticeFormat;
}

export function targetOf(address: string, format: NoticeFormat | "auto"): Target {
  const url = new URL(address);
  const key = createHash("sha256").update(url.href).digest("hex").slice(0, 16);
  return { key, url, format: format === "auto" ? formatOf(url) : format };
}

export type Posted =
  | { readonly ok: true; readonly status: number }
  /** `waitMs`: so long the receiver asks to be left alone. */
  | { readonly ok: false; readonly reason: string; readonly waitMs?: number };

export interface PostOptions {
  readonly connections: Dispatcher;
  /** `whsec_…`: signs what is posted in the relay's own shape. */
  readonly secret: string | undefined;
  readonly timeoutMs: number;
  readonly clock: () => number;
}

const answerBytesMax = 65_536;
const waitMaxMs = 3_600_000;

export type Post = (target: Target, notice: Notice, signal: AbortSignal) => Promise<Posted>;

/** Posts a notice once. Never rejects; a redirect is a refusal like any other. */
export function createPost({ connections, secret, timeoutMs, clock }: PostOptions): Post {
  const bytes = secret === undefined ? undefined : decodeBase64(secret.replace(/^whsec_/, ""));
  const key = bytes && ({ scheme: "v1", key: bytes } as const);

  return async ({ url, format }, notice, stopping) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([timeout, stopping]);
    const body = bodyOf(format, notice);
    const headers = {
      "content-type": "application/json",
      "user-agent": "contact-relay",
      // The same over retries, so that a receiver can tell a repetition.
      "webhook-id": `${notice.id}_${notice.state}`,
    };
    const signed =
      format === "json"
        ? signMessage({ headers, body: Buffer.from(body) }, key, clock()).headers
        : { "content-type": headers["content-type"], "user-agent": headers["user-agent"] };
    try {
      const request = { method: "POST", url, headers: signed, body } as const;
      const answer = await exchange(connections, request, signal);
      // Read to its end, so that the connection can be kept.
      await boundedText(answer.body, answerBytesMax);
      const { status } = answer;
      if (status >= 200 && status < 300) return { ok: true, status };
      const waitMs = retryAfter(answer.headers["retry-after"], clock());
      return { ok: false, reason: `HTTP ${status}`, ...(waitMs === undefined ? {} : { waitMs }) };
    } catch (error) {
      if (timeout.aborted) return { ok: false, reason: `no answer within ${timeoutMs} ms` };
      return { ok: false, reason: stopping.aborted ? "stopped" : failureOf(error).message };
    }
  };
}

/** Seconds, decimals too (Discord), or a date; at most an hour. */
function retryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(Math.ceil(ms), waitMaxMs) : undefined;
}

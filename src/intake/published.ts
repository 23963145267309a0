import type { Dispatcher } from "undici";
import { boundedText, exchange } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import type { Published, PublishedText } from "../providers/provider.ts";

export interface PublishedOptions {
  readonly connections: Dispatcher;
  readonly clock: () => number;
  readonly timeoutMs?: number;
}

interface Kept {
  readonly text: string;
  readonly at: number;
}

type Fetched = { ok: true; text: string } | { ok: false; message: string };

/** A sender waits for its answer meanwhile. */
const timeoutMsUsual = 2_000;
const bytesMax = 262_144;
/** So that an address which does not answer is not asked by every request. */
const failureMs = 5_000;
/** A key that was good a day ago is better than none, while its sender cannot be asked. */
const staleMsMax = 86_400_000;
const addressesMax = 100;
/** Of addresses of one host that never answered well: whoever makes them up is not served for long. */
const strangersPerMinute = 30;
const hostsMax = 100;

/** Fetches what senders publish, and keeps it. Addresses were looked at by whoever names them. */
export function createPublished({
  connections,
  clock,
  timeoutMs = timeoutMsUsual,
}: PublishedOptions): Published {
  const kept = new Map<string, Kept>();
  const failed = new Map<string, { readonly message: string; readonly at: number }>();
  const underway = new Map<string, Promise<Fetched>>();
  const strangers = new Map<string, { readonly since: number; readonly count: number }>();

  function isOneTooMany({ host }: URL): boolean {
    const now = clock();
    const before = strangers.get(host);
    const { since, count } = before && now - before.since < 60_000 ? before : { since: now, count: 0 };
    remember(strangers, host, { since, count: count + 1 }, hostsMax);
    return count >= strangersPerMinute;
  }

  async function get(address: URL): Promise<Fetched> {
    const signal = AbortSignal.timeout(timeoutMs);
    const host = address.host;
    const ask = () => exchange(connections, { method: "GET", url: address, headers: {} }, signal);
    try {
      // A connection that was kept may have been closed by the other side meanwhile.
      const answer = await ask().catch((error: unknown) => {
        if (signal.aborted) throw error;
        return ask();
      });
      const text = await boundedText(answer.body, bytesMax);
      if (answer.status !== 200) return { ok: false, message: `${host} answered ${answer.status}` };
      return text === undefined
        ? { ok: false, message: `${host} answered more than ${bytesMax} bytes` }
        : { ok: true, text };
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : failureOf(error).message;
      return { ok: false, message: `${host} cannot be asked: ${why}` };
    }
  }

  async function fetchAnew(address: URL): Promise<Fetched> {
    const { href } = address;
    if (!kept.has(href) && isOneTooMany(address)) {
      return { ok: false, message: "too many addresses were asked within a minute" };
    }
    const fetched = await get(address);
    if (fetched.ok) {
      failed.delete(href);
      remember(kept, href, { text: fetched.text, at: clock() });
    } else remember(failed, href, { message: fetched.message, at: clock() });
    return fetched;
  }

  /** One request for all who ask at the same time. */
  async function fetchOnce(address: URL): Promise<Fetched> {
    const { href } = address;
    const failure = failed.get(href);
    if (failure && clock() - failure.at < failureMs) return { ok: false, message: failure.message };
    const running = underway.get(href) ?? fetchAnew(address).finally(() => underway.delete(href));
    underway.set(href, running);
    return await running;
  }

  async function read(address: URL, maxAgeMs: number): Promise<PublishedText> {
    const known = kept.get(address.href);
    if (known && clock() - known.at <= maxAgeMs) return { ok: true, text: known.text, isStale: false };
    const fetched = await fetchOnce(address);
    if (fetched.ok) return { ok: true, text: fetched.text, isStale: false };
    if (!known || clock() - known.at > staleMsMax) return fetched;
    return { ok: true, text: known.text, isStale: true };
  }

  return {
    read,
    async visit(address) {
      if (isOneTooMany(address))
        return { ok: false, message: "too many addresses were asked within a minute" };
      const fetched = await get(address);
      return fetched.ok ? { ok: true } : fetched;
    },
  };
}

/** The oldest goes when there are too many. */
function remember<Value>(values: Map<string, Value>, key: string, value: Value, most = addressesMax): void {
  values.delete(key);
  values.set(key, value);
  if (values.size <= most) return;
  const [oldest] = values.keys();
  if (oldest !== undefined) values.delete(oldest);
}

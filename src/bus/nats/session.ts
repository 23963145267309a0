import {
  connect,
  credsAuthenticator,
  errors,
  type Authenticator,
  type NatsConnection,
} from "@nats-io/transport-node";
import { withDeadline } from "../../store/deadline.ts";
import { addressOf, credentialsOf, type NatsAddress } from "./address.ts";
import type { NatsSettings } from "./settings.ts";

const answerMs = 5_000;
/** A server that says nothing for twice as long is gone. */
const pingMs = 10_000;

/** A connection, for as long as nothing has gone wrong with it. */
export interface Session {
  readonly connection: NatsConnection;
  /** Settles as `work` does; rejects when the connection fails, or NATS has not answered in time. */
  during<Result>(work: Promise<Result>, deadlineMs?: number): Promise<Result>;
  close(): Promise<void>;
}

/** Connected to one of the servers: which one is tried first is left to chance, as NATS would have it. */
export async function openSession({ urls, credentials }: NatsSettings): Promise<Session> {
  const authenticator = credentials === undefined ? undefined : readCredentials(credentials);
  const reasons: string[] = [];
  for (const address of shuffled(urls.map(addressOf))) {
    try {
      return sessionOf(await connectTo(address, Math.max(1_000, answerMs / urls.length), authenticator));
    } catch (error) {
      reasons.push(`${address.server}: ${reasonOf(error)}`);
    }
  }
  throw new Error(reasons.join("; "));
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function readCredentials(content: string): Authenticator {
  try {
    const authenticator = credsAuthenticator(credentialsOf(content));
    authenticator("a nonce");
    return authenticator;
  } catch {
    throw new Error("`credentials` is not the content of a credentials file");
  }
}

async function connectTo(
  { options }: NatsAddress,
  timeoutMs: number,
  authenticator: Authenticator | undefined,
): Promise<NatsConnection> {
  const connecting = connect({
    ...options,
    ...(authenticator ? { authenticator } : {}),
    name: "contact-relay",
    timeout: timeoutMs,
    // Whoever pulls opens anew after every failure; two that try again would be in each other's way.
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: pingMs,
    noAsyncTraces: true,
  });
  try {
    // A name with many addresses would take the time of each of them.
    return await withDeadline(connecting, 2 * timeoutMs, "no connection");
  } catch (error) {
    void connecting.then(
      (late) => late.close(),
      () => undefined,
    );
    throw error;
  }
}

function sessionOf(connection: NatsConnection): Session {
  const stopping = new AbortController();
  const { signal } = stopping;
  let failure: Error | undefined;

  function fail(error: Error): void {
    failure ??= error;
    stopping.abort();
  }

  async function watch(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === "error") fail(new Error(reasonOf(status.error)));
    }
    const error = await connection.closed();
    fail(new Error(error ? reasonOf(error) : "the connection was closed"));
  }
  void watch();

  return {
    connection,
    async during(work, deadlineMs = answerMs) {
      try {
        return await withDeadline(work, deadlineMs, "NATS did not answer", signal);
      } catch (error) {
        throw failure ?? new Error(reasonOf(error), { cause: error });
      }
    },
    async close() {
      await withDeadline(connection.close(), answerMs, "").catch(() => undefined);
    },
  };
}

const untrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** In words that say who has to do something. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.AuthorizationError) return `NATS refuses to let us in (${error.message})`;
  if (error instanceof errors.UserAuthenticationExpiredError) return "the credentials have expired";
  if (error instanceof errors.PermissionViolationError) {
    return `NATS does not permit to ${error.operation === "publish" ? "publish" : "subscribe"} to ${error.subject}`;
  }
  if (error instanceof errors.TimeoutError) return "NATS did not answer in time";
  if (!(error instanceof Error)) return String(error);
  const isUntrusted = "code" in error && untrusted.includes(String(error.code));
  return isUntrusted
    ? `${error.message}: a private authority is named by NODE_EXTRA_CA_CERTS`
    : error.message;
}

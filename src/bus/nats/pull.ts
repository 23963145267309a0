import { createInbox, type Msg } from "@nats-io/transport-node";
import type { Session } from "./session.ts";

export interface PullRequest {
  readonly countMax: number;
  readonly bytesMax: number | undefined;
  readonly waitMs: number;
}

export interface Pulled {
  readonly messages: readonly Msg[];
  /** The next message alone is larger than what was asked for. */
  readonly isTooLarge: boolean;
}

const answerMs = 5_000;
const nothing = [404, 408];
const conflict = 409;
const badRequest = 400;
/** Conflicts that pass: others have been given as much as they may hold, or wait already. */
const passing = ["exceeded maxackpending", "exceeded maxwaiting"];

/**
 * Asks for what is there, at once; where nothing is, for what comes first within the time. That is `no_wait` with `expires`,
 * which the client's own `fetch` does not send: it would wait until as many are there as were asked for.
 */
export async function pull(session: Session, subject: string, request: PullRequest): Promise<Pulled> {
  const { countMax, bytesMax, waitMs } = request;
  const body = {
    batch: countMax,
    expires: waitMs * 1_000_000,
    no_wait: true,
    ...(bytesMax === undefined ? {} : { max_bytes: bytesMax }),
  };
  const messages: Msg[] = [];
  try {
    const status = await ask(session, subject, JSON.stringify(body), waitMs + answerMs, (message) => {
      messages.push(message);
      return messages.length === countMax;
    });
    return { messages, isTooLarge: messages.length === 0 && outcomeOf(status) === "too large" };
  } catch (error) {
    // What has come is not to wait until it comes again; the next one who asks is told the error.
    if (messages.length > 0) return { messages, isTooLarge: false };
    throw error;
  }
}

/** Whether one may pull: a request that cannot be read is refused as such, and nothing is delivered. */
export async function mayPull(session: Session, subject: string): Promise<void> {
  const status = await ask(session, subject, "{", answerMs, () => false);
  if (status?.headers?.code !== badRequest) outcomeOf(status);
}

/** Resolves to the status that ends the answer; undefined when `take` has enough. */
async function ask(
  session: Session,
  subject: string,
  body: string,
  deadlineMs: number,
  take: (message: Msg) => boolean,
): Promise<Msg | undefined> {
  const { connection } = session;
  const inbox = createInbox();
  let end: (status: Msg | undefined) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ended = new Promise<Msg | undefined>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error) fail(error);
      else if (message.subject === inbox) end(message);
      else if (take(message)) end(undefined);
    },
  });
  try {
    connection.publish(subject, body, { reply: inbox });
    return await session.during(ended, deadlineMs);
  } finally {
    if (!connection.isClosed()) subscription.unsubscribe();
  }
}

function outcomeOf(status: Msg | undefined): "done" | "too large" {
  const code = status?.headers?.code ?? 0;
  const description = status?.headers?.description ?? "";
  // 409 is the code of all conflicts; only the words tell them apart.
  const words = description.toLowerCase();
  if (status === undefined || nothing.includes(code)) return "done";
  if (code === conflict && words === "message size exceeds maxbytes") return "too large";
  if (code === conflict && passing.some((text) => words.startsWith(text))) return "done";
  if (code === 503)
    throw new Error("nobody answers for the durable consumer: it was deleted, or has no leader");
  throw new Error(`NATS does not deliver: ${description} (${code})`);
}

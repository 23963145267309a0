import { connect, type ChannelModel } from "amqplib";
import { withDeadline } from "../../store/deadline.ts";
import type { RabbitAddress } from "./address.ts";

/** One connection, which never comes back by itself: whoever uses it opens another. */
export interface RabbitConnection {
  readonly model: ChannelModel;
  /** Of the server, such as `4.1.2`;. */
  readonly version: string;
  /** Why it is over; resolves once. */
  readonly ended: Promise<Error>;
  /** After what was written before it; nothing of it stays behind. */
  close(): Promise<void>;
}

export const answerMs = 5_000;

/** The first server of a cluster that answers, beginning with the one that did so last. */
export function connector(
  addresses: readonly RabbitAddress[],
  name: string,
): () => Promise<RabbitConnection> {
  let last = 0;
  return async () => {
    const problems: string[] = [];
    for (let tried = 0; tried < addresses.length; tried += 1) {
      const index = (last + tried) % addresses.length;
      const address = addresses[index];
      if (!address) continue;
      try {
        const connection = await open(address, name);
        last = index;
        return connection;
      } catch (error) {
        problems.push(`${address.server}: ${reasonOf(error, address)}`);
      }
    }
    throw new Error(problems.join("; "));
  };
}

async function open({ options }: RabbitAddress, name: string): Promise<RabbitConnection> {
  const leaving = new AbortController();
  let end: ((error: Error) => void) | undefined;
  const ended = new Promise<Error>((resolve) => (end = resolve));
  const socketOptions = {
    noDelay: true,
    clientProperties: { connection_name: name },
    // The client ends a connection and leaves its socket to the other side, which may be gone.
    signal: leaving.signal,
  };
  const connecting = connect(options, socketOptions).then((model) => {
    model.on("error", (error) => end?.(error));
    model.on("close", (error) => end?.(error ?? new Error("the connection is closed")));
    return model;
  });
  try {
    const model = await withDeadline(connecting, answerMs, "no answer");
    return {
      model,
      version: model.connection.serverProperties.version,
      ended,
      async close() {
        await withDeadline(model.close(), answerMs, "").catch(() => undefined);
        leaving.abort();
      },
    };
  } catch (error) {
    leaving.abort();
    throw error;
  }
}

/** The client tells what the server closes a connection with, but for the last step, the virtual host. */
function reasonOf(error: unknown, { virtualHost }: RabbitAddress): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("Handshake terminated by server: 403")) return "the user or the password is refused";
  if (message.startsWith("Expected ConnectionOpenOk"))
    return `the virtual host ${virtualHost} is not there, or the user may not use it`;
  const isReset = error instanceof Error && "code" in error && error.code === "ECONNRESET";
  if (isReset || message.startsWith("Socket closed abruptly"))
    return "the server closes the connection at once: is this the port of AMQP 0-9-1, with or without TLS?";
  return message;
}

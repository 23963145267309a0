import type { Channel, ChannelModel } from "amqplib";
import { withDeadline } from "../../store/deadline.ts";
import { answerMs } from "./connection.ts";

/** Unknown where the server does not tell. */
export type QueueKind = "classic" | "quorum" | "unknown";

export interface Queue {
  readonly kind: QueueKind;
  /** Messages that nobody has been given. */
  readonly ready: number;
  readonly consumers: number;
}

export const noAnswer = "RabbitMQ does not answer";

/** Looks whether the queue is there and may be read, and takes nothing from it. Rejects with the reason in plain words. */
export async function examine(model: ChannelModel, queue: string): Promise<Queue> {
  const channel = await channelOf(model);
  const { messageCount, consumerCount } = await countOf(channel, queue);
  return { kind: await kindOf(channel, queue), ready: messageCount, consumers: consumerCount };
}

/** A channel that tells its errors to whoever waits for an answer. */
export async function channelOf(model: ChannelModel): Promise<Channel> {
  const channel = await withDeadline(model.createChannel(), answerMs, noAnswer);
  channel.on("error", () => undefined);
  return channel;
}

export async function countOf(
  channel: Channel,
  queue: string,
): Promise<{ messageCount: number; consumerCount: number }> {
  try {
    return await withDeadline(channel.checkQueue(queue), answerMs, noAnswer);
  } catch (error) {
    throw told(error, queue);
  }
}

/**
 * AMQP has no question for it. An argument that only streams know is refused by any other queue, with its type in the
 * words; a stream refuses to be read without a prefetch, and whoever may not read is told so before all.
 */
async function kindOf(channel: Channel, queue: string): Promise<QueueKind> {
  try {
    const options = { arguments: { "x-stream-offset": "next" } };
    await withDeadline(
      channel.consume(queue, () => undefined, options),
      answerMs,
      noAnswer,
    );
  } catch (error) {
    const words = error instanceof Error ? error.message : "";
    const kind = /of queue type \W*(?:rabbit_)?(classic|quorum)/.exec(words)?.[1];
    if (kind === "classic" || kind === "quorum") return kind;
    if (words.includes("prefetch count is not set") || words.includes("queue type rabbit_stream"))
      throw new Error(
        `${queue} is a stream: only classic and quorum queues are pulled from. Bind a quorum queue to its exchange`,
        { cause: error },
      );
    throw told(error, queue);
  }
  // A server that takes the argument gave us messages, which closing gives back.
  await channel.close().catch(() => undefined);
  return "unknown";
}

/** By the reply code of the server, with its own words behind. */
export function told(error: unknown, queue: string): Error {
  if (!(error instanceof Error) || !("code" in error))
    return error instanceof Error ? error : new Error(String(error));
  const words = /with message "(.*)"$/s.exec(error.message)?.[1] ?? error.message;
  switch (error.code) {
    case 403:
      return new Error(`the user may not read the queue ${queue} (${words})`, { cause: error });
    case 404:
      return new Error(`the queue ${queue} is not there; it is yours to declare (${words})`, {
        cause: error,
      });
    case 405:
      return new Error(`the queue ${queue} belongs to another connection (${words})`, { cause: error });
    default:
      return new Error(words, { cause: error });
  }
}

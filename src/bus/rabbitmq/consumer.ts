import type { Broker, BusConsumer, BusListener } from "../consumer.ts";
import { readAddress } from "./address.ts";
import { connector, type RabbitConnection } from "./connection.ts";
import { channelOf, countOf, examine, told } from "./queue.ts";
import { subscribe, type Timing } from "./subscription.ts";

export interface RabbitQueueSettings {
  /** Servers of one cluster. */
  readonly urls: readonly string[];
  readonly queue: string;
}

const usual: Timing = { clock: Date.now, idleMs: 15_000 };

/** A classic or quorum queue of RabbitMQ, which its owner has declared. */
export function rabbitQueue({ urls, queue }: RabbitQueueSettings, timing: Partial<Timing> = {}): Broker {
  const addresses = urls.map(readAddress);
  const virtualHost = addresses[0]?.virtualHost ?? "/";
  const connect = connector(addresses, `contact-relay ${queue}`);
  const servers = addresses.map(({ server }) => server).join(", ");
  const where = virtualHost === "/" ? "" : `, virtual host ${virtualHost}`;
  return {
    place: `queue ${queue} of RabbitMQ at ${servers}${where}`,
    open: async (listener) =>
      await over(connect, (connection) => open(connection, queue, { ...usual, ...timing }, listener)),
    look: async () =>
      await over(connect, async (connection) => {
        const answer = await look(connection, queue);
        await connection.close();
        return answer;
      }),
  };
}

/** No connection stays behind where the work on it fails. */
async function over<Result>(
  connect: () => Promise<RabbitConnection>,
  work: (connection: RabbitConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await connect();
  try {
    return await work(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function open(
  connection: RabbitConnection,
  queue: string,
  timing: Timing,
  listener: BusListener,
): Promise<BusConsumer> {
  const { kind } = await examine(connection.model, queue);
  const channel = await channelOf(connection.model);
  const subscription = subscribe(channel, queue, kind, timing, listener);
  channel.on("error", (error: unknown) => subscription.fail(told(error, queue)));
  // A connection ends its channels before it says why it ends.
  channel.on("close", () =>
    setImmediate(() => subscription.fail(new Error("RabbitMQ has closed the channel"))),
  );
  void connection.ended.then((error) => subscription.fail(error));
  return {
    fetch: async (count) => await subscription.fetch(count),
    acknowledge: async (messages) => subscription.acknowledge(messages),
    giveBack: async (messages) => await subscription.giveBack(messages),
    async backlog() {
      const { messageCount } = await countOf(channel, queue);
      return { lag: messageCount, pending: subscription.pending() };
    },
    async close() {
      await subscription.end().catch(() => undefined);
      await connection.close();
    },
  };
}

async function look(connection: RabbitConnection, queue: string): Promise<string> {
  const { kind, ready, consumers } = await examine(connection.model, queue);
  const there = `the ${kind === "unknown" ? "" : `${kind} `}queue is there: ${ready} messages to come, ${consumers} consumers`;
  return kind === "quorum" ? `${there}; WARNING ${limitNote(connection.version)}` : there;
}

/** AMQP does not tell how a queue was declared, nor by which policy it is ruled. */
function limitNote(version: string): string {
  const limit =
    Number.parseInt(version, 10) >= 4
      ? "RabbitMQ drops a message that was delivered 20 times in vain"
      : "if it has a delivery limit, RabbitMQ drops a message that was delivered so often in vain";
  return `${limit}, unless the queue has a dead letter exchange or its x-delivery-limit is -1`;
}

import type { Broker } from "../bus/consumer.ts";
import type { Consume } from "../sources/consume.ts";
import { installCommand, isInstalled } from "./installed.ts";

/** The client of each bus: optional peers, because most relays pull from none of them. */
const clients: Readonly<Record<Consume["broker"], readonly string[]>> = {
  redis: [],
  nats: ["@nats-io/jetstream", "@nats-io/transport-node"],
  amqp: ["amqplib"],
};

interface Pulling {
  readonly name: string;
  readonly consume: Consume | undefined;
}

/** For each source that pulls from a bus whose client is not installed: what to do about it. */
export function missingClients(
  sources: readonly Pulling[],
  isThere: (packageName: string) => boolean = isInstalled,
): readonly string[] {
  return sources.flatMap(({ name, consume }) => {
    const needed = consume ? clients[consume.broker] : [];
    if (needed.every(isThere)) return [];
    return [`the source ${name} pulls from a bus whose client is not installed: ${installCommand(needed)}`];
  });
}

/** A client is loaded only where a source needs it. */
export async function brokerOf(consume: Consume): Promise<Broker> {
  switch (consume.broker) {
    case "redis": {
      const { redisStream } = await import("../bus/redis-streams/consumer.ts");
      return redisStream(consume);
    }
    case "nats": {
      const { natsStream } = await import("../bus/nats/consumer.ts");
      return natsStream(consume);
    }
    case "amqp": {
      const { rabbitQueue } = await import("../bus/rabbitmq/consumer.ts");
      return rabbitQueue(consume);
    }
  }
}

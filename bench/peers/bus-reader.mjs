// The floor of pulling: the broker's own client, which reads everything, stores nothing and acknowledges it in batches.
const { BUS, URL: url, STREAM: stream } = process.env;
const count = Number(process.env.COUNT);
const batch = 200;
let startedAt;
let read = 0;

/** True when that was all of it. */
function got(messages) {
  startedAt ??= performance.now();
  read += messages;
  if (read < count) return false;
  process.send({ ms: performance.now() - startedAt });
  return true;
}

async function redis() {
  const { Redis } = await import("ioredis");
  const client = new Redis(url);
  await client.xgroup("CREATE", stream, "floor", "0");
  for (;;) {
    const answer = await client.xreadgroup(
      "GROUP",
      "floor",
      "one",
      "COUNT",
      batch,
      "BLOCK",
      1_000,
      "STREAMS",
      stream,
      ">",
    );
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === 0) continue;
    await client.xack(stream, "floor", ...entries.map(([id]) => id));
    if (got(entries.length)) break;
  }
  client.disconnect();
}

async function nats() {
  const { connect } = await import("@nats-io/transport-node");
  const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
  const connection = await connect({ servers: url });
  const api = await jetstreamManager(connection);
  await api.consumers.add(stream, { durable_name: "floor", ack_policy: "explicit", max_ack_pending: 1_000 });
  const consumer = await jetstream(connection).consumers.get(stream, "floor");
  for (let isAll = false; !isAll;) {
    let last;
    let messages = 0;
    for await (const message of await consumer.fetch({ max_messages: batch, expires: 1_000 })) {
      last?.ack();
      last = message;
      messages += 1;
    }
    await last?.ackAck();
    isAll = got(messages);
  }
  await connection.close();
}

async function amqp() {
  const { connect } = await import("amqplib");
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(2 * batch);
  await new Promise((resolve) => {
    let unacknowledged = 0;
    void channel.consume(stream, (message) => {
      unacknowledged += 1;
      const isAll = got(1);
      if (unacknowledged === batch || isAll) {
        channel.ack(message, true);
        unacknowledged = 0;
      }
      if (isAll) resolve();
    });
  });
  await connection.close();
}

await { redis, nats, amqp }[BUS]();
process.disconnect();

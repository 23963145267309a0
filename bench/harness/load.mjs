// Sends orders in a process of its own, over kept connections, as fast as they are answered or at a given rate.
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { percentile } from "./figures.mjs";
import { orderBody, orderRequest } from "./orders.mjs";

/** One request after the other on one connection. */
function openConnection(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  let answered;
  const finish = (status) => {
    text = "";
    const resolve = answered;
    answered = undefined;
    resolve?.(status);
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += chunk;
    const head = text.indexOf("\r\n\r\n");
    if (head === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2))?.[1];
    const complete =
      length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= head + 4 + Number(length);
    if (complete) finish(Number(text.slice(9, 12)));
  });
  socket.on("error", () => undefined);
  socket.on("close", () => finish(0));
  return {
    /** The status; 0 when there was no answer. */
    async send(request) {
      if (socket.destroyed) return 0;
      return await new Promise((resolve) => {
        answered = resolve;
        socket.write(request);
      });
    },
    close: () => socket.destroy(),
  };
}

/**
 * @param job `{ port, path, connections, perContact, bytes, from, count?, seconds?, perSecond?, keepNumbers? }`: orders
 * `from`, `from + 1`, … until `count` were sent or `seconds` have passed
 */
async function run(job) {
  const {
    port,
    path,
    connections,
    perContact,
    bytes,
    from,
    count = Infinity,
    seconds = Infinity,
    perSecond,
  } = job;
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1_000;
  const tookMs = [];
  const accepted = [];
  const sentAt = {};
  let next = from;
  let other = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = openConnection(port);
      while (next < from + count && performance.now() < endAt) {
        const number = next++;
        if (perSecond !== undefined) {
          const dueMs = startedAt + ((number - from) * 1_000) / perSecond - performance.now();
          if (dueMs > 0) await wait(dueMs);
        }
        const request = orderRequest(path, orderBody(number, { perContact, bytes }));
        const at = performance.now();
        if (job.keepTimes) sentAt[number] = performance.timeOrigin + at;
        const status = await connection.send(request);
        if (status === 200) {
          tookMs.push(performance.now() - at);
          if (job.keepNumbers) accepted.push(number);
        } else {
          other += 1;
          if (status === 0) break;
          if (status === 503) await wait(50);
        }
      }
      connection.close();
    }),
  );
  const wholeMs = performance.now() - startedAt;
  return {
    perSecond: tookMs.length / (wholeMs / 1_000),
    answered: tookMs.length,
    other,
    next,
    p99: percentile(tookMs, 0.99),
    ...(job.keepNumbers ? { accepted } : {}),
    ...(job.keepTimes ? { sentAt } : {}),
  };
}

process.on("message", (job) => {
  void run(job).then((result) => process.send({ id: job.id, result }));
});

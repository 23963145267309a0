// What one would write by hand in an afternoon: Hono proves the order and adds a job, a BullMQ worker calls the API.
// No merging, no stamps, no dedup beyond the job's id; BullMQ's own limiter where there is a ceiling.
import { createHmac, timingSafeEqual } from "node:crypto";
import { serve } from "@hono/node-server";
import { Queue, Worker } from "bullmq";
import { Hono } from "hono";
import { Redis } from "ioredis";

const { REDIS_URL, SECRET, API_URL, CEILING, ROLE = "all", CONCURRENCY = "64" } = process.env;
const connect = () => new Redis(REDIS_URL, { maxRetriesPerRequest: null });

if (ROLE !== "intake") {
  const worker = new Worker(
    "orders",
    async ({ data: order }) => {
      const response = await fetch(`${API_URL}/contact/email:${encodeURIComponent(order.email)}`, {
        method: "PUT",
        headers: { authorization: "Bearer bench", "content-type": "application/json" },
        body: JSON.stringify({
          firstName: order.customer.first_name,
          lastName: order.customer.last_name,
          email: order.email,
        }),
      });
      await response.text();
      if (response.status !== 200) throw new Error(String(response.status));
    },
    {
      connection: connect(),
      concurrency: Number(CONCURRENCY),
      removeOnComplete: { count: 1_000 },
      ...(CEILING ? { limiter: { max: Number(CEILING), duration: 1_000 } } : {}),
    },
  );
  worker.on("error", () => undefined);
}

const queue = new Queue("orders", { connection: connect() });
const app = new Hono();
app.post("/webhooks/shopify", async (context) => {
  const body = Buffer.from(await context.req.arrayBuffer());
  const expected = createHmac("sha256", SECRET).update(body).digest();
  const given = Buffer.from(context.req.header("x-shopify-hmac-sha256") ?? "", "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return context.json({}, 401);
  const order = JSON.parse(body.toString("utf8"));
  await queue.add("order", order, {
    jobId: `order-${order.id}`,
    attempts: 20,
    backoff: { type: "exponential", delay: 500 },
  });
  return context.json({ ok: true });
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send({ port }));

// The floor of intake: a bare server that proves the order, reads it, and writes it to Redis. Nothing else.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Redis } from "ioredis";

const { REDIS_URL, SECRET } = process.env;
const redis = new Redis(REDIS_URL);

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const expected = createHmac("sha256", SECRET).update(body).digest();
    const given = Buffer.from(request.headers["x-shopify-hmac-sha256"] ?? "", "base64");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(401).end();
      return;
    }
    JSON.parse(body.toString("utf8"));
    redis.xadd("floor", "*", "order", body).then(
      () => response.end("ok"),
      () => response.writeHead(503).end(),
    );
  });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

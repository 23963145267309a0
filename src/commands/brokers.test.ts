import { expect, it } from "vitest";
import type { Consume } from "../sources/consume.ts";
import { missingClients } from "./brokers.ts";

const consume: Consume = {
  broker: "nats",
  urls: ["nats://bus:4222"],
  stream: "CRM",
  subjects: [],
  durable: "contact-relay",
  start: "first",
  credentials: undefined,
};

it("a source that pulls from a bus whose client is not installed is told of, with the command that installs it", () => {
  const installed: string[] = ["@nats-io/transport-node"];
  const missing = () => missingClients([{ name: "crm", consume }], (name) => installed.includes(name));
  expect(missing()).toEqual([
    expect.stringMatching(
      /^the source crm pulls from a bus whose client is not installed: npm install @nats-io\/jetstream@\^3\.\d+\.\d+ @nats-io\/transport-node@\^3\.\d+\.\d+$/,
    ) as string,
  ]);
  installed.push("@nats-io/jetstream");
  expect(missing()).toEqual([]);
});

it("a source that is posted to, or pulls from a Redis, needs no client", () => {
  const redis: Consume = { broker: "redis", url: "redis://bus", stream: "s", group: "g", start: "first" };
  const sources = [
    { name: "form", consume: undefined },
    { name: "crm", consume: redis },
  ];
  expect(missingClients(sources, () => false)).toEqual([]);
});

it("the client of RabbitMQ is one package", () => {
  const queue: Consume = { broker: "amqp", urls: ["amqp://bus"], queue: "crm" };
  expect(missingClients([{ name: "crm", consume: queue }], () => false)).toEqual([
    expect.stringMatching(/^the source crm pulls .*: npm install amqplib@\^2\.\d+\.\d+$/) as string,
  ]);
});

import { expect, it } from "vitest";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "./load.ts";

const read = (consume: string) =>
  sourcesFromYaml(
    `sources: { bus: { provider: cloudevents, consume: ${consume} } }`,
    "s.yaml",
    {},
    providers,
  );

it.each([
  [
    "{ redis: redis://a, stream: s }",
    { broker: "redis", url: "redis://a", stream: "s", group: "contact-relay", start: "first" },
  ],
  [
    "{ nats: 'nats://a:4222, tls://b', stream: S, subject: 'crm.>', start: new }",
    {
      broker: "nats",
      urls: ["nats://a:4222", "tls://b"],
      stream: "S",
      subjects: ["crm.>"],
      durable: "contact-relay",
      start: "new",
      credentials: undefined,
    },
  ],
  ["{ amqp: 'amqp://u:p@a/v', queue: q }", { broker: "amqp", urls: ["amqp://u:p@a/v"], queue: "q" }],
])("%s", (text, consume) => {
  const file = read(text);
  expect(file.ok && file.sources[0]?.consume).toEqual(consume);
});

it.each([
  ["{}", "needs the address of a bus: `redis`, `nats` or `amqp`"],
  ["{ stream: s }", "needs the address of a bus: `redis`, `nats` or `amqp`"],
  ["{ redis: redis://a }", "needs a `stream`"],
  ["{ amqp: amqp://a }", "needs a `queue`"],
  ["{ redis: redis://a, stream: s, amqp: amqp://a }", "is a second bus beside `redis`"],
  ["{ amqp: amqp://a, queue: q, stream: s }", "is not for `amqp`"],
  ["{ nats: nats://a, stream: s, group: g }", "is not for `nats`"],
  ["{ nats: nats://a, stream: s, start: last }", '"last" is no start (first, new)'],
  ["{ amqp: 'https://u:hunter2@a', queue: q }", "must be a URL that starts with amqp:// or amqps://"],
  ["{ nats: 'nats://u:hunter2@a, b', stream: s }", "must be a URL that starts with nats:// or tls://"],
  ["{ nats: nats://a, streams: s }", 'is not known here; did you mean "stream"?'],
])("%s is refused: %s", (text, problem) => {
  const file = read(text);
  const problems = file.ok ? [] : file.problems;
  expect(problems.join("\n")).toContain(problem);
  expect(problems.join("\n")).not.toContain("hunter2");
});

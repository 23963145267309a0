import { parseRedisUrl } from "../store/redis/address.ts";
import { didYouMean } from "./closest.ts";
import { consumeKeys, objectKeys, starts, type consumeSchema, type KeysOf } from "./schema.ts";
import type { Entry, YamlFile } from "./yaml-file.ts";

type Start = (typeof starts)[number];

/** What a source pulls from. */
export type Consume = ConsumeRedis | ConsumeNats | ConsumeAmqp;

/** A consumer group of a Redis stream. */
export interface ConsumeRedis {
  readonly broker: "redis";
  readonly url: string;
  readonly stream: string;
  readonly group: string;
  readonly start: Start;
}

/** A durable consumer of a JetStream stream. */
export interface ConsumeNats {
  readonly broker: "nats";
  /** Servers of one cluster. */
  readonly urls: readonly string[];
  readonly stream: string;
  /** Empty means all. */
  readonly subjects: readonly string[];
  readonly durable: string;
  readonly start: Start;
  /** The content of a credentials file. */
  readonly credentials: string | undefined;
}

/** A queue of RabbitMQ. */
export interface ConsumeAmqp {
  readonly broker: "amqp";
  /** Servers of one cluster. */
  readonly urls: readonly string[];
  readonly queue: string;
}

const defaultName = "contact-relay";

const schemes = { nats: ["nats", "tls"], amqp: ["amqp", "amqps"] } as const;

type Keys = ReadonlyMap<KeysOf<typeof consumeSchema>, Entry>;

/** Reads `consume:`; what is wrong is reported to the file, and never with a password. */
export function readConsume(file: YamlFile, at: Entry | undefined): Consume | undefined {
  // Of what is no mapping the schema has told already.
  if (!at || !file.isMapping(at.value)) return undefined;
  const keys: Keys = file.fields(at.value);
  const [broker, other] = objectKeys(consumeKeys).filter((key) => keys.has(key));
  if (broker === undefined) {
    file.report(at.value, "needs the address of a bus: `redis`, `nats` or `amqp`");
    return undefined;
  }
  const tooMany = other && keys.get(other);
  if (tooMany) file.report(tooMany.key, `is a second bus beside \`${broker}\``);
  const { needs, takes } = consumeKeys[broker];
  const own: readonly string[] = [...needs, ...takes];
  for (const [name, { key }] of keys) {
    if (!own.includes(name) && !(name in consumeKeys)) file.report(key, `is not for \`${broker}\``);
  }
  for (const name of needs) {
    if (!keys.has(name)) file.report(at.value, `needs a \`${name}\``);
  }
  switch (broker) {
    case "redis":
      return readRedis(file, keys);
    case "nats":
      return readNats(file, keys);
    case "amqp":
      return readAmqp(file, keys);
  }
}

function readRedis(file: YamlFile, keys: Keys): ConsumeRedis | undefined {
  const [url, stream] = [textOf(file, keys, "redis"), textOf(file, keys, "stream")];
  const address = url === undefined ? undefined : parseRedisUrl(url);
  const redis = keys.get("redis");
  if (redis && address?.ok === false) file.report(redis.value, address.problem);
  const start = startOf(file, keys);
  if (url === undefined || stream === undefined || start === undefined) return undefined;
  return { broker: "redis", url, stream, group: textOf(file, keys, "group") ?? defaultName, start };
}

function readNats(file: YamlFile, keys: Keys): ConsumeNats | undefined {
  const [urls, stream] = [serversOf(file, keys, "nats"), textOf(file, keys, "stream")];
  const subject = keys.get("subject");
  const subjects = subject ? file.texts(subject.value).map(({ text }) => text) : [];
  const start = startOf(file, keys);
  if (urls === undefined || stream === undefined || start === undefined) return undefined;
  const credentials = textOf(file, keys, "credentials");
  const durable = textOf(file, keys, "durable") ?? defaultName;
  return { broker: "nats", urls, stream, subjects, durable, start, credentials };
}

function readAmqp(file: YamlFile, keys: Keys): ConsumeAmqp | undefined {
  const [urls, queue] = [serversOf(file, keys, "amqp"), textOf(file, keys, "queue")];
  return urls === undefined || queue === undefined ? undefined : { broker: "amqp", urls, queue };
}

function textOf(file: YamlFile, keys: Keys, key: KeysOf<typeof consumeSchema>): string | undefined {
  const entry = keys.get(key);
  return entry && file.text(entry.value);
}

function startOf(file: YamlFile, keys: Keys): Start | undefined {
  const entry = keys.get("start");
  const text = textOf(file, keys, "start");
  if (!entry) return "first";
  const start = starts.find((known) => known === text);
  if (text !== undefined && start === undefined) {
    file.report(entry.value, `"${text}" is no start (${starts.join(", ")})${didYouMean(text, starts)}`);
  }
  return start;
}

/** The servers of one cluster, parted by commas. */
function serversOf(file: YamlFile, keys: Keys, key: "nats" | "amqp"): readonly string[] | undefined {
  const entry = keys.get(key);
  const text = textOf(file, keys, key);
  if (!entry || text === undefined) return undefined;
  const urls = text.split(",").map((one) => one.trim());
  const known: readonly string[] = schemes[key];
  const isAddress = (url: string) =>
    URL.canParse(url) && known.includes(new URL(url).protocol.slice(0, -1)) && new URL(url).hostname !== "";
  if (urls.every(isAddress)) return urls;
  const [plain, secure] = schemes[key];
  file.report(
    entry.value,
    `must be a URL that starts with ${plain}:// or ${secure}://, or several parted by commas`,
  );
  return undefined;
}

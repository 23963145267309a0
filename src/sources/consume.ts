import { parseRedisUrl } from "../store/redis/address.ts";
import { didYouMean } from "./closest.ts";
import { starts, type consumeSchema, type KeysOf } from "./schema.ts";
import type { Entry, YamlFile } from "./yaml-file.ts";

/** What a source pulls from. */
export interface Consume {
  readonly broker: "redis";
  readonly url: string;
  readonly stream: string;
  readonly group: string;
  readonly start: (typeof starts)[number];
}

const defaultGroup = "contact-relay";

/** Reads `consume:`; what is wrong is reported to the file, and never with a password. */
export function readConsume(file: YamlFile, at: Entry | undefined): Consume | undefined {
  if (!at) return undefined;
  const entries = file.fields<KeysOf<typeof consumeSchema>>(at.value);
  const textOf = (key: KeysOf<typeof consumeSchema>) => {
    const entry = entries.get(key);
    return entry && file.text(entry.value);
  };
  const [url, stream] = [textOf("redis"), textOf("stream")];
  const address = url === undefined ? undefined : parseRedisUrl(url);
  const redis = entries.get("redis");
  if (redis && address?.ok === false) file.report(redis.value, address.problem);
  const started = entries.get("start");
  const text = textOf("start");
  const start = text === undefined ? "first" : starts.find((known) => known === text);
  if (started && text !== undefined && start === undefined) {
    file.report(started.value, `"${text}" is no start (${starts.join(", ")})${didYouMean(text, starts)}`);
  }
  if (url === undefined || stream === undefined || start === undefined) return undefined;
  return { broker: "redis", url, stream, group: textOf("group") ?? defaultGroup, start };
}

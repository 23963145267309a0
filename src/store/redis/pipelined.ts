import { Cluster, type ChainableCommander } from "ioredis";
import type { RedisClient } from "./connections.ts";

/** One command for each item on one trip; the answers in the order of the items, the first error as an error. */
export async function pipelined<Item, Answer>(
  client: RedisClient,
  items: readonly Item[],
  add: (line: ChainableCommander, item: Item) => unknown,
  read: (answer: unknown) => Answer,
): Promise<Answer[]> {
  if (items.length === 0) return [];
  const line = client.pipeline();
  for (const item of items) add(line, item);
  const answers = (await line.exec()) ?? [];
  return answers.map(([error, answer]) => {
    if (error) throw error;
    return read(answer);
  });
}

export function asText(answer: unknown): string | undefined {
  return typeof answer === "string" ? answer : undefined;
}

export function asTexts(answer: unknown): (string | undefined)[] {
  return Array.isArray(answer) ? answer.map(asText) : [];
}

/** Keys that begin so, in pages, each at least once; of a cluster from every node that holds any. */
export async function* scannedKeys(
  client: RedisClient,
  prefix: string,
  count: number,
): AsyncGenerator<readonly string[]> {
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  for (const node of nodes) {
    const pages: AsyncIterable<string[]> = node.scanStream({ match: `${prefix}*`, count });
    yield* pages;
  }
}

import type { RaiseWakes } from "../queues.ts";
import { forwardNumbers, jobNumber, type Shares } from "../wakes.ts";
import type { RedisClient } from "./connections.ts";
import { createScript } from "./script.ts";
import { adoptScript, forwardScript, raiseScript } from "./wake-scripts.ts";

const adoptedMax = 1_000;

/** What is done to wake-ups that wait, each time in one step. `prefix`: BullMQ's, in braces. */
export function createRedisWakes(client: RedisClient, prefix: string) {
  const root = `${prefix}:contacts:`;
  const keys = [`${root}prioritized`, `${root}pc`];
  const raiseSome = createScript(client, raiseScript);
  const forwardSome = createScript(client, forwardScript);
  const adoptSome = createScript(client, adoptScript);

  const raise: RaiseWakes = async (wakes) => {
    const args = wakes.flatMap(({ contact, priority }) => [contact, jobNumber(priority)]);
    await raiseSome(keys, [root, forwardNumbers.low, ...args]);
  };

  async function letForward(shares: Shares): Promise<Shares> {
    const of = (name: keyof Shares) => [jobNumber(name), forwardNumbers[name], shares[name]];
    const [normal = 0, low = 0] = (await forwardSome(keys, [
      root,
      ...of("normal"),
      ...of("low"),
    ])) as number[];
    return { normal, low };
  }

  /** What waits since before there were priorities counts as usual. */
  async function adopt(): Promise<void> {
    for (let count = adoptedMax; count === adoptedMax;) {
      count = Number(await adoptSome([...keys, `${root}wait`], [root, jobNumber("normal"), adoptedMax]));
    }
  }

  return { raise, letForward, adopt };
}

import {
  AckPolicy,
  DeliverPolicy,
  ReplayPolicy,
  type ConsumerConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { expect, it } from "vitest";
import { findings, isWhole } from "./durable.ts";

const config = (more: Partial<ConsumerConfig> = {}): ConsumerConfig => ({
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  replay_policy: ReplayPolicy.Instant,
  ack_wait: 30_000_000_000,
  max_deliver: -1,
  ...more,
});
const found = (more: Partial<ConsumerConfig>, subjects: readonly string[] = []) =>
  findings({ config: config(more), paused: false }, { subjects });

it("a consumer as the relay makes it has nothing wrong, nor one that differs in what does not matter", () => {
  expect(found({})).toEqual({ refused: [], warnings: [] });
  const other = { max_ack_pending: 1, description: "ours", deliver_policy: DeliverPolicy.StartTime };
  expect(found(other)).toEqual({ refused: [], warnings: [] });
  expect(found({ filter_subjects: ["b", "a"] }, ["a", "b"]).warnings).toEqual([]);
  expect(found({ filter_subject: ">" }).warnings).toEqual([]);
});

it("what cannot work is refused, each with its reason", () => {
  const { refused } = found({
    ack_policy: AckPolicy.None,
    deliver_subject: "there",
    headers_only: true,
    priority_groups: ["a"],
  });
  expect(refused).toEqual([
    "it pushes, and has to be a pull consumer",
    "its ack_policy is none, and has to be explicit",
    "it delivers headers alone (headers_only)",
    "it has priority_groups",
  ]);
});

it("what can lose messages or hold them up is warned of", () => {
  const warned = (more: Partial<ConsumerConfig>) => found(more, ["crm.>"]).warnings;
  expect(warned({ filter_subject: "crm.>", max_deliver: 3 })).toEqual([
    expect.stringContaining("max_deliver is 3") as string,
  ]);
  expect(warned({ filter_subject: "orders.>" })).toEqual([
    "it delivers orders.>, and the source asks for crm.>",
  ]);
  expect(warned({})).toEqual(["it delivers all subjects, and the source asks for crm.>"]);
  expect(warned({ filter_subject: "crm.>", inactive_threshold: 60_000_000_000 })).toEqual([
    "it is deleted, with its place, when nobody pulls for 60 s (inactive_threshold)",
  ]);
  expect(warned({ filter_subject: "crm.>", backoff: [1_000_000_000, 60_000_000_000] })).toEqual([
    "it delivers again after 1 s (ack_wait, backoff): 30 s are better",
  ]);
  const paused = { config: config({ pause_until: "2030-01-01T00:00:00Z" }), paused: true };
  expect(findings(paused, { subjects: [] }).warnings).toEqual(["it is paused until 2030-01-01T00:00:00Z"]);
});

it("a consumer has the whole stream without a filter, or with one that leaves nothing out", () => {
  const stream = (...subjects: string[]) => ({ config: { subjects } }) as unknown as StreamInfo;
  expect(isWhole(config(), stream("crm.>"))).toBe(true);
  expect(isWhole(config({ filter_subject: ">" }), stream("crm.>"))).toBe(true);
  expect(isWhole(config({ filter_subject: "crm.>" }), stream("crm.>"))).toBe(true);
  expect(isWhole(config({ filter_subjects: ["a", "b"] }), stream("a", "b"))).toBe(true);
  expect(isWhole(config({ filter_subject: "a" }), stream("a", "b"))).toBe(false);
  expect(isWhole(config({ filter_subject: "a" }), stream())).toBe(false);
});

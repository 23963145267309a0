import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  ReplayPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { Session } from "./session.ts";
import type { NatsSettings } from "./settings.ts";
import { overlap } from "./subjects.ts";

/** What a replica that died was given goes to others after this. */
const ackWaitMs = 30_000;
/** A batch waits no longer for a store that is away; a consumer that waits less gives it to two at once. */
const ackWaitLeastMs = 15_000;
/** So many may be in the hands of all replicas together; each holds one batch. */
const pendingMax = 5_000;
const nanoseconds = 1_000_000;
const severalFilters = "2.10.0";

export interface Durable {
  readonly info: ConsumerInfo;
  readonly stream: StreamInfo;
  readonly isNew: boolean;
}

/** Never the relay's to make: how long its messages are kept, and which, is the owner's decision. */
export async function streamOf(
  session: Session,
  api: JetStreamManager,
  { stream, subjects }: NatsSettings,
): Promise<StreamInfo> {
  const info = await session.during(unless(api.streams.info(stream), JetStreamApiCodes.StreamNotFound));
  if (!info) throw new Error(`the stream ${stream} is not there: it is for you to make`);
  const own = subjectsOf(info.config);
  // What a mirror or a source brings along says nothing of its subjects.
  const isKnown = own.length > 0 && (info.config.sources ?? []).length === 0;
  const stray = subjects.find((subject) => !own.some((one) => overlap(subject, one)));
  if (isKnown && stray !== undefined) {
    throw new Error(`the stream ${stream} has nothing of ${stray}: its subjects are ${own.join(", ")}`);
  }
  return info;
}

export async function consumerOf(
  session: Session,
  api: JetStreamManager,
  { stream, durable }: NatsSettings,
): Promise<ConsumerInfo | undefined> {
  return await session.during(
    unless(api.consumers.info(stream, durable), JetStreamApiCodes.ConsumerNotFound),
  );
}

/** The stream and the durable consumer; made where it is not there, and otherwise left as it is. */
export async function attach(
  session: Session,
  api: JetStreamManager,
  settings: NatsSettings,
): Promise<Durable> {
  const stream = await streamOf(session, api, settings);
  const there = await consumerOf(session, api, settings);
  if (there) return { info: there, stream, isNew: false };
  assertFilters(session, settings);
  const info = await session.during(api.consumers.add(settings.stream, made(settings, stream)));
  return { info, stream, isNew: true };
}

function made({ durable, subjects, start }: NatsSettings, stream: StreamInfo): Partial<ConsumerConfig> {
  const [first, second] = subjects;
  const most = stream.config.consumer_limits?.max_ack_pending ?? 0;
  return {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * nanoseconds,
    max_deliver: -1,
    max_ack_pending: most > 0 ? Math.min(most, pendingMax) : pendingMax,
    deliver_policy: start === "first" ? DeliverPolicy.All : DeliverPolicy.New,
    replay_policy: ReplayPolicy.Instant,
    ...(second !== undefined
      ? { filter_subjects: [...subjects] }
      : first === undefined
        ? {}
        : { filter_subject: first }),
  };
}

/** What cannot work with servers of this age. */
export function assertFilters({ connection }: Session, { subjects }: NatsSettings): void {
  const version = connection.info?.version ?? "";
  if (subjects.length < 2 || isAtLeast(version, severalFilters)) return;
  throw new Error(
    `several subjects need nats-server 2.10 or newer, and this one is ${version}: name one subject, or none`,
  );
}

function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split(/[.-]/).map(Number));
  for (const [index, number] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}

/** What is wrong with a consumer that somebody else has made: what cannot work, and what can lose or hold up something. */
export function findings(
  { config, paused }: Pick<ConsumerInfo, "config" | "paused">,
  { subjects }: Pick<NatsSettings, "subjects">,
): { readonly refused: readonly string[]; readonly warnings: readonly string[] } {
  const refused: string[] = [];
  const warnings: string[] = [];
  if (config.deliver_subject !== undefined) refused.push("it pushes, and has to be a pull consumer");
  if (config.ack_policy !== AckPolicy.Explicit) {
    refused.push(`its ack_policy is ${config.ack_policy}, and has to be explicit`);
  }
  if (config.headers_only === true) refused.push("it delivers headers alone (headers_only)");
  if ((config.priority_groups?.length ?? 0) > 0) refused.push("it has priority_groups");
  if ((config.max_deliver ?? -1) > 0) {
    warnings.push(
      `its max_deliver is ${config.max_deliver}: what was delivered so often and not stored is never delivered again`,
    );
  }
  const filters = filtersOf(config);
  if (!isSame(filters, subjects)) {
    warnings.push(`it delivers ${named(filters)}, and the source asks for ${named(subjects)}`);
  }
  if ((config.inactive_threshold ?? 0) > 0) {
    const seconds = (config.inactive_threshold ?? 0) / nanoseconds / 1_000;
    warnings.push(`it is deleted, with its place, when nobody pulls for ${seconds} s (inactive_threshold)`);
  }
  const waitMs =
    Math.min(config.ack_wait ?? ackWaitMs * nanoseconds, ...(config.backoff ?? [])) / nanoseconds;
  if (waitMs < ackWaitLeastMs) {
    warnings.push(`it delivers again after ${waitMs / 1_000} s (ack_wait, backoff): 30 s are better`);
  }
  if (paused === true) warnings.push(`it is paused until ${config.pause_until}`);
  return { refused, warnings };
}

/** The sentence for a consumer that cannot be used; undefined where it can. */
export function refusalOf(info: ConsumerInfo, settings: NatsSettings): string | undefined {
  const { refused } = findings(info, settings);
  const what = `the durable consumer ${settings.durable} of the stream ${settings.stream}`;
  return refused.length === 0 ? undefined : `${what} cannot be used: ${refused.join("; ")}`;
}

export function filtersOf({
  filter_subject: one,
  filter_subjects: several,
}: ConsumerConfig): readonly string[] {
  if (several !== undefined && several.length > 0) return several;
  return one === undefined || one === "" ? [] : [one];
}

/** A mirror has none. */
const subjectsOf = ({ subjects }: Partial<StreamConfig>): readonly string[] => subjects ?? [];

/** Whether it delivers all that the stream has. */
export function isWhole(config: ConsumerConfig, stream: StreamInfo): boolean {
  const filters = filtersOf(config);
  if (filters.length === 0 || filters.includes(">")) return true;
  const subjects = subjectsOf(stream.config);
  return subjects.length > 0 && subjects.every((subject) => filters.includes(subject));
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  const all = (list: readonly string[]) =>
    list
      .filter((subject) => subject !== ">")
      .toSorted()
      .join(" ");
  return all(some) === all(others);
}

const named = (subjects: readonly string[]) => (subjects.length === 0 ? "all subjects" : subjects.join(", "));

/** Undefined where the server says that there is none. */
async function unless<Result>(asked: Promise<Result>, code: JetStreamApiCodes): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return undefined;
    throw error;
  }
}

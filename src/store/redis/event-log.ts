import { randomUUID } from "node:crypto";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { priorityOf, rankOf, type Priority } from "../../contact/priority.ts";
import { createSharedClaim } from "../claim-shares.ts";
import type { Doorbell } from "../doorbell.ts";
import {
  claimBytesMax,
  isEventId,
  usualLeaseMs,
  windowId,
  type Acceptance,
  type Claimed,
  type Conclusion,
  type EventLog,
} from "../event-log.ts";
import { groupOfEvent } from "../parked-groups.ts";
import { storable } from "../storable.ts";
import type { StoreOptions } from "../store.ts";
import type { Wake } from "../wakes.ts";
import type { RedisClient } from "./connections.ts";
import { eventKeys } from "./event-keys.ts";
import { claimedOf, headOf } from "./event-record.ts";
import {
  acceptScript,
  againScript,
  claimScript,
  concludeScript,
  extendScript,
  withdrawScript,
} from "./event-scripts.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import { parkedRoot } from "./parked-index.ts";
import { createScript } from "./script.ts";

type Writes = Omit<EventLog, "find" | "list" | "count" | "newestOf" | "failed">;

export interface RedisEventLogParts {
  /** For what a sender waits for: it fails soon. */
  readonly client: RedisClient;
  /** For everything else. */
  readonly patient: RedisClient;
  readonly doorbell: Doorbell;
  /** Told of contacts whose list of events may have grown long. */
  readonly posted: (contacts: readonly ContactRef[]) => Promise<void>;
  readonly clock: () => number;
}

/** What changes the log. Each is one script, so each is whole or has not been. */
export function createRedisEventWrites(parts: RedisEventLogParts, options: StoreOptions): Writes {
  const { client, patient, doorbell, clock } = parts;
  const { root } = eventKeys(options.prefix);
  const mailbox = mailboxKeys(options.prefix);
  const parked = parkedRoot(options.prefix);
  const leaseMs = options.leaseMs ?? usualLeaseMs;
  const keepMs = Math.ceil(options.retentionMs);
  const acceptAll = createScript(client, acceptScript);
  const claimSome = createScript(patient, claimScript);
  const extendAll = createScript(patient, extendScript);
  const concludeAll = createScript(patient, concludeScript);
  const runAgain = createScript(patient, againScript);
  const withdraw = createScript(patient, withdrawScript);

  async function accept(events: readonly RelayEvent[]): Promise<readonly Acceptance[]> {
    if (events.length === 0) return [];
    const args = events.flatMap((event) => [
      event.id,
      windowId(event),
      event.source,
      event.type,
      headOf(event),
      JSON.stringify(event.attributes),
      event.payload,
      event.replay,
      rankOf(event.priority),
    ]);
    const ids = (await acceptAll([root], [keepMs, ...args])) as string[];
    doorbell.ring();
    return events.map((event, index) => {
      const id = ids[index];
      if (id === undefined) throw new Error("Redis answered without an id");
      return { id, duplicate: id !== event.id };
    });
  }

  const claim = createSharedClaim(async (limit, from) => {
    const lease = randomUUID();
    const args = [limit, leaseMs, lease, claimBytesMax, keepMs, from];
    const answers = (await claimSome([root], args)) as string[][];
    return answers.map((answer) => claimedOf(answer, lease));
  });

  async function extend(claimed: readonly Claimed[]): Promise<void> {
    if (claimed.length === 0) return;
    await extendAll([root], [leaseMs, ...claimed.flatMap(({ event, lease }) => [event.id, lease])]);
  }

  async function conclude(conclusions: readonly Conclusion[]): Promise<readonly Wake[]> {
    if (conclusions.length === 0) return [];
    const settings = [mailbox.root, clock(), options.retentionEvents];
    const args = [...settings, ...conclusions.flatMap(argumentsOf)];
    const keys = [root, mailbox.waiting, mailbox.priority, parked];
    const answers = (await concludeAll(keys, args)) as [ContactRef, number, number][];
    if (answers.length > 0) await parts.posted(answers.map(([contact]) => contact));
    if (conclusions.some(({ kind }) => kind === "released")) doorbell.ring();
    return answers.map(([contact, rank, raises]) => {
      return { contact, priority: priorityOf(rank), raises: raises === 1 };
    });
  }

  async function again(id: string, isReplay: boolean, priority?: Priority, run?: number): Promise<boolean> {
    if (!isEventId(id)) return false;
    const done =
      (await runAgain(
        [root, parked],
        [id, clock(), isReplay ? "1" : "0", priority ? rankOf(priority) : "", run ?? ""],
      )) === 1;
    if (done) doorbell.ring();
    return done;
  }

  return {
    accept,
    claim,
    extend,
    conclude,
    arrival: () => doorbell.heard(),
    replay: (id, priority, run) => again(id, true, priority, run),
    retry: (id) => again(id, false),
    drop: async (id) => isEventId(id) && (await withdraw([root, parked], ["dropped", id])) === 1,
    async erase(ids) {
      if (ids.length > 0) await withdraw([root, parked], ["erased", ...ids]);
    },
  };
}

function argumentsOf(conclusion: Conclusion): (string | number)[] {
  const { kind, claimed } = conclusion;
  const about = [claimed.event.id, claimed.lease, kind];
  switch (conclusion.kind) {
    case "completed": {
      const { result } = conclusion;
      const updates = result.outcome === "mapped" ? result.updates : [];
      const posts = updates.flatMap((update) => [
        update.contact,
        update.id,
        JSON.stringify(update),
        rankOf(update.priority),
      ]);
      return [...about, JSON.stringify(result), 0, "", "", updates.length, ...posts];
    }
    case "failed": {
      const { reason, erased } = conclusion;
      const tags = erased ? JSON.stringify(erased) : "";
      return [...about, storable(reason), 0, tags, groupOfEvent(reason), 0];
    }
    case "delayed":
      return [...about, storable(conclusion.reason), Math.max(0, Math.ceil(conclusion.delayMs)), "", "", 0];
    case "released":
      return [...about, "", 0, "", "", 0];
  }
}

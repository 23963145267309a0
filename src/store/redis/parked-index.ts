import type { FailedEvent } from "../event-log.ts";
import { groupOfEvent, taken, type GroupMark } from "../parked-groups.ts";
import { piecesOf, type IndexedPiece } from "../parked-pieces.ts";
import { marksMax, type IndexedGroup, type ParkedIndex } from "../parked-index.ts";
import type { StoreOptions } from "../store.ts";
import { createParkedJobs } from "./archive-jobs.ts";
import type { RedisClient } from "./connections.ts";
import { eventKeys } from "./event-keys.ts";
import {
  adoptEventsScript,
  adoptPiecesScript,
  forgetMarksScript,
  groupScript,
  groupsScript,
  itemsScript,
  marksScript,
  markScript,
  openItemsScript,
  pendScript,
  putMarkScript,
  verifyScript,
} from "./parked-scripts.ts";
import { asTexts, pipelined } from "./pipelined.ts";
import { createScript } from "./script.ts";

const pageIds = 200;
/** The data of so many goes to Redis at once, in one script. */
const adoptedJobs = 50;

/** Where the index of the parked lies. */
export function parkedRoot(prefix: string): string {
  return `{${prefix}}:parked:`;
}

/** Every call is one script, so that it is whole or has not been. */
export function createRedisParkedIndex(
  client: RedisClient,
  options: Pick<StoreOptions, "prefix">,
  clock: () => number,
): ParkedIndex & { buildOnce(): Promise<void> } {
  const { prefix } = options;
  const root = parkedRoot(prefix);
  const log = eventKeys(prefix);
  const [jobs, failed] = [`{${prefix}}:contacts:`, `{${prefix}}:contacts:failed`];
  const parkedJobs = createParkedJobs(client, prefix);
  const script = (text: string) => createScript(client, text);
  const pendAll = script(pendScript);
  const listGroups = script(groupsScript);
  const readGroup = script(groupScript);
  const listItems = script(itemsScript);
  const setMark = script(markScript);
  const putMark = script(putMarkScript);
  const listMarks = script(marksScript);
  const countOpen = script(openItemsScript);
  const forget = script(forgetMarksScript);
  const adopt = script(adoptEventsScript);
  const adoptPieces = script(adoptPiecesScript);
  const verify = script(verifyScript);
  const promoting = [root, failed];

  const textOf = (pieces: readonly IndexedPiece[]) =>
    pieces.map(({ id, group, at }) => `${id} ${group} ${at};`).join("");

  async function events(ids: readonly string[]): Promise<ReadonlyMap<string, FailedEvent>> {
    const fields = ["state", "source", "failure", "finished", "attempts"] as const;
    const rows = await pipelined(client, ids, (line, id) => line.hmget(log.record(id), ...fields), asTexts);
    return new Map(
      ids.flatMap((id, index): [string, FailedEvent][] => {
        const [state, source = "", reason = "unknown", at = 0, attempts = 0] = rows[index] ?? [];
        if (state !== "failed") return [];
        return [[id, { event: { id, source }, reason, at: Number(at), attempts: Number(attempts) }]];
      }),
    );
  }

  /** Two at a time would do the same work twice. */
  let building: Promise<void> | undefined;
  function build(): Promise<void> {
    building ??= buildAll().finally(() => {
      building = undefined;
    });
    return building;
  }

  /** What is asked of a store that was filled by an older version waits until the index is there. */
  let isBuilt = false;
  async function built(): Promise<void> {
    if (isBuilt) return;
    if ((await client.exists(`${root}built`)) === 0) await build();
    isBuilt = true;
  }

  async function buildAll(): Promise<void> {
    for await (const page of scanned(client.zscanStream(log.state("failed"), { count: pageIds }))) {
      const found = [...(await events(page)).values()];
      await adopt(
        [root, log.root],
        found.flatMap(({ event, reason }) => [event.id, groupOfEvent(reason)]),
      );
    }
    for await (const page of parkedJobs.failed()) {
      for (let at = 0; at < page.length; at += adoptedJobs) {
        const some = page.slice(at, at + adoptedJobs);
        const args = some.flatMap((job) => [job.id, job.text, textOf(piecesOf(job))]);
        await adoptPieces(promoting, [jobs, ...args]);
      }
    }
    for await (const page of scanned(client.hscanStream(`${root}of`, { count: pageIds }))) {
      await verify([root, failed, log.root], [jobs, taken.reason, ...page]);
    }
    await client.set(`${root}built`, "1");
  }

  return {
    async pend(jobId, pieces) {
      await pendAll(promoting, [jobs, jobId, textOf(pieces)]);
    },
    async groups({ states, limit, behind }) {
      await built();
      const args = [jobs, limit, behind?.at ?? "", behind?.id ?? "", clock(), ...states];
      return ((await listGroups(promoting, args)) as GroupRow[]).map(groupOf);
    },
    async group(key) {
      await built();
      const row = (await readGroup(promoting, [jobs, key])) as GroupRow | null;
      return row ? groupOf(row) : undefined;
    },
    async items(key, limit, behind) {
      await built();
      const args = [jobs, key, limit, behind?.at ?? "", behind?.id ?? ""];
      const texts = (await listItems(promoting, args)) as string[];
      return texts.flatMap((id, index) => (index % 2 === 0 ? [{ id, at: Number(texts[index + 1]) }] : []));
    },
    async mark(key, mark) {
      await built();
      return (await setMark(promoting, [jobs, key, mark.at, ...markFields(mark)])) === 1;
    },
    async marks() {
      const rows = (await listMarks([root], [])) as [string, string[]][];
      return rows.flatMap(([key, fields]) => {
        const mark = markOf(fields);
        return mark ? [{ key, mark }] : [];
      });
    },
    async putMarks(marks) {
      for (const { key, mark } of marks) await putMark([root], [key, mark.at, ...markFields(mark)]);
    },
    async openItems() {
      await built();
      return Number(await countOpen(promoting, [jobs, clock()]));
    },
    events,
    async jobs(ids) {
      const found = await parkedJobs.find(ids);
      return new Map(found.flatMap((job) => (job ? [[job.id, job] as const] : [])));
    },
    build,
    buildOnce: built,
    async forgetMarks(before) {
      await forget([root], [before, marksMax]);
    },
  };
}

/** Key, count, first, last, sample, sources, mark. */
type GroupRow = [string, number, string, string, string, string[], string[]];

function groupOf([key, count, first, last, sample, sources, fields]: GroupRow): IndexedGroup {
  const mark = markOf(fields);
  const about = { key, count, first: Number(first), last: Number(last), sample, sources };
  return mark ? { ...about, mark } : about;
}

function markFields({ state, by, note, until, reopenedAt }: GroupMark): (string | number)[] {
  return [
    "state",
    state,
    "by",
    by,
    ...(note === undefined ? [] : ["note", note]),
    ...(until === undefined ? [] : ["until", until]),
    ...(reopenedAt === undefined ? [] : ["reopened", reopenedAt]),
  ];
}

function markOf(fields: readonly string[]): GroupMark | undefined {
  const held = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) held.set(fields[at] ?? "", fields[at + 1] ?? "");
  const [state, by, note] = [held.get("state"), held.get("by"), held.get("note")];
  if (state === undefined || by === undefined) return undefined;
  const [until, reopenedAt] = [held.get("until"), held.get("reopened")];
  return {
    state: state as GroupMark["state"],
    by: by as GroupMark["by"],
    at: Number(held.get("at") ?? 0),
    ...(note === undefined ? {} : { note }),
    ...(until === undefined ? {} : { until: Number(until) }),
    ...(reopenedAt === undefined ? {} : { reopenedAt: Number(reopenedAt) }),
  };
}

/** The members of a hash or a sorted set, without their values. Some may come twice. */
async function* scanned(pages: AsyncIterable<string[]>): AsyncGenerator<readonly string[]> {
  for await (const page of pages) {
    const members = page.filter((_, index) => index % 2 === 0);
    for (let at = 0; at < members.length; at += pageIds) yield members.slice(at, at + pageIds);
  }
}

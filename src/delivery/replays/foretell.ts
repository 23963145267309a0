import { patchEntries } from "../../contact/contact-patch.ts";
import type { ContactUpdate, RelayEvent } from "../../contact/event.ts";
import { compareStamps, type Stamp } from "../../contact/stamp.ts";
import type { Source } from "../../sources/source.ts";
import type { EventRecord } from "../../store/event-log.ts";
import type { ReplayFilter } from "../../store/replays.ts";
import type { Store } from "../../store/store.ts";
import type { Complete } from "../completion.ts";
import { planEvent } from "../map-event.ts";

/** What a replay would make of one event. */
export const foretoldOutcomes = [
  /** At least one field would get another value than the event gave before. */
  "change",
  /** It would give what it gave before. */
  "unchanged",
  /** Whatever it would change has been set by newer events. */
  "newer",
  "ignored",
  /** Parked: it names its contact by something that cannot be read. */
  "unreadable",
  /** Parked for another reason. */
  "unmappable",
  /** It asks to erase somebody, and would do so again. */
  "erase",
  /** What it says is fetched from its sender's API, which nobody asks now. */
  "fetched",
  /** These are not replayed. */
  "not-finished",
  "gone",
] as const;
export type ForetoldOutcome = (typeof foretoldOutcomes)[number];

/** In how many of the events that were looked at: a field's value would be another, newer events keep it, it is left out. */
export interface ForetoldField {
  readonly change: number;
  readonly newer: number;
  readonly leftOut: number;
}

export interface Foretold {
  readonly matching: number;
  readonly lookedAt: number;
  readonly events: Readonly<Record<ForetoldOutcome, number>>;
  /** Of those that would give another contact what they gave before. */
  readonly otherContact: number;
  readonly fields: Readonly<Record<string, ForetoldField>>;
  /** A few ids of each outcome. */
  readonly examples: Readonly<Partial<Record<ForetoldOutcome, readonly string[]>>>;
}

export interface ForetellStore {
  readonly events: Pick<Store["events"], "list" | "count" | "find">;
  readonly mailbox: Pick<Store["mailbox"], "read">;
}

const pageSize = 200;
const examplesMax = 5;
const yieldEveryMs = 8;

/** Says what a replay of this filter would do, by a look at the newest `sample` events. Nothing is changed, nobody asked. */
export async function foretellReplay(
  store: ForetellStore,
  sources: ReadonlyMap<string, Source>,
  filter: ReplayFilter,
  sample: number,
): Promise<Foretold> {
  const matching = await store.events.count(filter);
  const tally = createTally();
  let turnBeganAt = performance.now();
  for await (const id of matchingIds(store, filter, sample)) {
    const record = await store.events.find(id);
    if (record) await foretellEvent(record, store, sources, tally);
    if (performance.now() - turnBeganAt <= yieldEveryMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnBeganAt = performance.now();
  }
  // More may have come into the state asked for meanwhile.
  return { matching: Math.max(matching, tally.lookedAt()), ...tally.result() };
}

async function* matchingIds(
  store: ForetellStore,
  filter: ReplayFilter,
  most: number,
): AsyncGenerator<string> {
  let left = most;
  let cursor: string | undefined;
  do {
    const page = await store.events.list(filter, pageSize, cursor);
    for (const item of page.items) {
      if (left === 0) return;
      left -= 1;
      yield item.id;
    }
    cursor = page.next;
  } while (cursor !== undefined && left > 0);
}

async function foretellEvent(
  record: EventRecord,
  store: ForetellStore,
  sources: ReadonlyMap<string, Source>,
  tally: Tally,
): Promise<void> {
  const { event, state } = record;
  if (event.withdrawn) return tally.event("gone", event.id);
  if (state !== "completed" && state !== "failed") return tally.event("not-finished", event.id);
  const next: RelayEvent = { ...event, replay: event.replay + 1 };
  const plan = await planEvent(next, sources, askNobody);
  if (plan.kind === "erase") return tally.event("erase", event.id);
  const { outcome } = plan;
  switch (outcome.outcome) {
    case "later":
      return tally.event("fetched", event.id);
    case "failed": {
      const isUnreadable = outcome.reason === "unreadable-identifier";
      return tally.event(isUnreadable ? "unreadable" : "unmappable", event.id);
    }
    case "ignored":
      return tally.event("ignored", event.id);
    case "erased":
      return tally.event("erase", event.id);
    case "mapped": {
      const before = record.result?.outcome === "mapped" ? record.result.updates : [];
      for (const update of outcome.updates) await compare(update, before, store, tally);
    }
  }
}

async function compare(
  update: ContactUpdate,
  before: readonly ContactUpdate[],
  store: ForetellStore,
  tally: Tally,
): Promise<void> {
  const earlier = before.find(({ contact }) => contact === update.contact);
  const had = new Map<string, unknown>(earlier ? patchEntries(earlier.patch) : []);
  const newest = await newestStamps(update, store);
  const fields = { change: 0, newer: 0 };
  for (const [field, value] of patchEntries(update.patch)) {
    const isSame = had.has(field) && had.get(field) === value;
    had.delete(field);
    if (isSame) continue;
    const other = newest.get(field);
    const fate = other !== undefined && compareStamps(other, update.stamp) > 0 ? "newer" : "change";
    fields[fate] += 1;
    tally.field(field, fate);
  }
  for (const field of had.keys()) tally.field(field, "leftOut");
  if (before.length > 0 && !earlier) tally.otherContact();
  tally.event(fields.change > 0 ? "change" : fields.newer > 0 ? "newer" : "unchanged", update.eventId);
}

/** By field, the newest of what was applied to the contact and of what waits for it. */
async function newestStamps(update: ContactUpdate, store: ForetellStore): Promise<Map<string, Stamp>> {
  const { applied, waiting } = await store.mailbox.read(update.contact, false);
  const newest = new Map<string, Stamp>();
  for (const [field, origin] of Object.entries(applied)) if (origin) newest.set(field, origin.stamp);
  for (const { patch, stamp } of waiting) {
    for (const [field] of patchEntries(patch)) {
      const held = newest.get(field);
      if (held === undefined || compareStamps(stamp, held) > 0) newest.set(field, stamp);
    }
  }
  return newest;
}

/** Completes only what needs nothing of its sender's API. */
const askNobody: Complete = async (event, { completion, provider }) => {
  if (!completion || !provider.complete) return { kind: "complete", payload: event.payload };
  let asks = 0;
  const message = "what it says is fetched from its sender's API";
  const answer = await provider.complete(event, {
    ...completion,
    get() {
      asks += 1;
      return Promise.resolve({ kind: "unreachable", message });
    },
  });
  if (asks > 0 || answer.kind === "later") return { kind: "later", because: "turn", message, delayMs: 0 };
  return answer;
};

type Tally = ReturnType<typeof createTally>;

function createTally() {
  const events = Object.fromEntries(foretoldOutcomes.map((outcome) => [outcome, 0])) as Record<
    ForetoldOutcome,
    number
  >;
  const fields = new Map<string, { change: number; newer: number; leftOut: number }>();
  const examples: Partial<Record<ForetoldOutcome, string[]>> = {};
  let lookedAt = 0;
  let elsewhere = 0;
  return {
    lookedAt: () => lookedAt,
    event(outcome: ForetoldOutcome, id: string): void {
      lookedAt += 1;
      events[outcome] += 1;
      const ids = (examples[outcome] ??= []);
      if (ids.length < examplesMax) ids.push(id);
    },
    field(name: string, fate: keyof ForetoldField): void {
      const counts = fields.get(name) ?? { change: 0, newer: 0, leftOut: 0 };
      counts[fate] += 1;
      fields.set(name, counts);
    },
    otherContact(): void {
      elsewhere += 1;
    },
    result(): Omit<Foretold, "matching"> {
      return {
        lookedAt,
        events,
        otherContact: elsewhere,
        fields: Object.fromEntries([...fields].toSorted(([a], [b]) => (a < b ? -1 : 1))),
        examples,
      };
    },
  };
}

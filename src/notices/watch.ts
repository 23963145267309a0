import type { Notices } from "../store/notices.ts";
import type { StoreHealth } from "../store/store.ts";
import {
  advance,
  emptyBook,
  giveUp,
  isOpen,
  keepTargets,
  nextMessage,
  openNotices,
  readBook,
  wasSent,
  type Book,
  type Message,
} from "./book.ts";
import type { NoticeKind, Sighting } from "./kinds.ts";
import type { Post, Target } from "./post.ts";
import { noticeOf, type OpenNotice } from "./shapes.ts";
import { lookAtSources, type LookAtSource } from "./silence.ts";

export interface WatchOptions {
  readonly notices: Notices;
  readonly health: (deadlineMs: number) => Promise<StoreHealth>;
  readonly targets: readonly Target[];
  readonly post: Post;
  /** What only this process can see and needs no store for: its spool. */
  readonly lookHere: () => readonly Sighting[];
  /** What all processes see alike. `isOpen`: whether this is told of already. */
  readonly lookAtStore: (
    isOpen: (about: Pick<Sighting, "kind" | "subject">) => boolean,
  ) => Promise<readonly Sighting[]>;
  /** When the newest event of each source came. */
  readonly sources: LookAtSource;
  /** Names this process among the others. */
  readonly holder: string;
  readonly newId: () => string;
  readonly clock: () => number;
  readonly random: () => number;
  /** Waits, or returns at once when the signal says so. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly observer: WatchObserver;
}

export interface WatchObserver {
  sent(target: Target, message: Message): void;
  /** A notice could not be handed over, so many times in a row by now; it is tried again in `retryMs`. */
  failed(target: Target, message: Message, failure: Failure): void;
  gaveUp(target: Target, message: Message): void;
  /** It could not be looked; told once until it could be again. */
  onError(error: unknown): void;
}

interface Failure {
  readonly reason: string;
  readonly failures: number;
  readonly retryMs: number;
}

export interface Watch {
  /** What needs a person now. */
  open(): Promise<readonly OpenNotice[]>;
  close(): Promise<void>;
}

const lookEveryMs = 15_000;
const lookAtSourcesEveryMs = 60_000;
const healthDeadlineMs = 5_000;
/** Longer than a look takes at its longest, with all it posts. */
const leaseMs = 120_000;
/** Posted to one address at each look. */
const postsPerLook = 3;
const retryFirstMs = 10_000;
const retryMaxMs = 900_000;
/** Who has seen no store yet cannot know who else is there; who has may leave it to the one that decides. */
const patienceMs = 60_000;

interface Waiting {
  failures: number;
  until: number;
}

function noticesOf(entries: ReturnType<typeof openNotices>): readonly OpenNotice[] {
  const state = "open";
  return entries.map((entry) => ({ ...noticeOf({ ...entry, state }), state }));
}

/** What the processes that look have written down. */
export function seenByOthers(notices: Pick<Notices, "read">, clock: () => number): Watch {
  return {
    open: async () => noticesOf(openNotices(readBook(await notices.read(), clock()))),
    close: () => Promise.resolve(),
  };
}

/** Looks again and again, tells once what needs a person, and once that it is over. */
export function startWatch(options: WatchOptions): Watch {
  const { notices, targets, clock, observer, holder } = options;
  const stopping = new AbortController();
  const startedAt = clock();
  /** What is seen without the store is told by each process for itself. */
  const here = emptyBook(startedAt);
  const waiting = new Map<string, Waiting>();
  /** Whether this is the process that decides; undefined as long as no store has said. */
  let decides: boolean | undefined;
  let silence: { readonly at: number; readonly silent: readonly Sighting[] } | undefined;

  function storeSightings(health: StoreHealth, now: number): Sighting[] {
    const tells = decides ?? now - startedAt >= patienceMs;
    const kind: NoticeKind | undefined = health.ok
      ? health.refuses === undefined
        ? undefined
        : "store-refusing"
      : "store-away";
    return kind !== undefined && (tells || isOpen(here, { kind })) ? [{ kind, level: 1 }] : [];
  }

  async function look(): Promise<void> {
    const health = await options.health(healthDeadlineMs);
    const now = clock();
    advance(here, [...storeSightings(health, now), ...options.lookHere()], now, options.newId);
    await tell(here, () => Promise.resolve(true));
    if (health.ok) await lookTogether();
  }

  async function lookTogether(): Promise<void> {
    const claim = await notices.claim(holder, leaseMs);
    decides = claim !== undefined;
    if (!claim) return;
    const now = clock();
    const book = readBook(claim.text, now);
    keepTargets(
      book,
      targets.map(({ key }) => key),
      now,
    );
    const seen = await options.lookAtStore((about) => isOpen(book, about));
    if (!silence || now - silence.at >= lookAtSourcesEveryMs) {
      silence = { at: now, silent: await lookAtSources(book, options.sources, now) };
    }
    advance(book, [...seen, ...silence.silent], now, options.newId);
    let written = claim.text;
    const save = async () => {
      const text = JSON.stringify(book);
      if (text === written) return true;
      decides = await notices.save(holder, text, leaseMs);
      written = text;
      return decides;
    };
    // Written before anybody is told: whoever takes over must know of it by the same name.
    if (await save()) await tell(book, save);
  }

  /** Posts what is due to all addresses side by side, and writes down what arrived after each round. */
  async function tell(book: Book, save: () => Promise<boolean>): Promise<void> {
    for (const target of targets) {
      for (const message of giveUp(book, target.key, clock())) observer.gaveUp(target, message);
    }
    for (let round = 0; round < postsPerLook && !stopping.signal.aborted; round += 1) {
      const posted = await Promise.all(targets.map((target) => tellNext(book, target)));
      if (!(await save()) || !posted.includes(true)) return;
    }
  }

  async function tellNext(book: Book, target: Target): Promise<boolean> {
    const held = waiting.get(target.key);
    if (held && held.until > clock()) return false;
    const message = nextMessage(book, target.key, clock());
    if (!message) return false;
    const posted = await options.post(target, noticeOf(message), stopping.signal);
    if (posted.ok) {
      waiting.delete(target.key);
      wasSent(book, target.key, message, clock());
      observer.sent(target, message);
      return true;
    }
    if (stopping.signal.aborted) return false;
    const failures = (held?.failures ?? 0) + 1;
    const usualMs = Math.min(retryFirstMs * 2 ** Math.min(failures - 1, 20), retryMaxMs);
    const retryMs = Math.max(Math.ceil(usualMs * (1 - options.random() / 2)), posted.waitMs ?? 0);
    waiting.set(target.key, { failures, until: clock() + retryMs });
    observer.failed(target, message, { reason: posted.reason, failures, retryMs });
    return false;
  }

  async function run(): Promise<void> {
    for (let failed = false; !stopping.signal.aborted;) {
      try {
        await look();
        failed = false;
      } catch (error) {
        if (!stopping.signal.aborted && !failed) observer.onError(error);
        failed = true;
      }
      await options.wait(lookEveryMs, stopping.signal);
    }
    if (decides === true) await notices.release(holder).catch(() => undefined);
  }

  const running = run();
  return {
    async open() {
      const shared = readBook(await notices.read(), clock());
      return noticesOf([...openNotices(shared), ...openNotices(here)]);
    },
    async close() {
      stopping.abort();
      await running;
    },
  };
}

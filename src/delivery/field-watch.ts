import type { FieldsRead } from "../aelyst/custom-fields.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Applied } from "../contact/merge.ts";
import type { WorkspaceFields } from "../contact/workspace-field.ts";
import { fitUpdates, judgeBy, type Fitted, type Judge } from "./fit-updates.ts";
import { isRetriedPiece } from "./pieces.ts";

/** What is known of the workspace's custom fields while contacts are delivered. */
export interface FieldWatch {
  /** Once they were asked for the first time, however that ended, or after a while without an answer. */
  ready(): Promise<void>;
  /**
   * What of these updates fits. `outdated`: something would be left out by what was read long ago, so that `renew` comes
   * first.
   *
   * @param since when the run began: what was read after that is never outdated in it
   */
  fit(updates: readonly ContactUpdate[], applied: Applied, since: number): FitNow;
  /** Asks anew, not more often than once a minute. True when that has told the fields. */
  renew(): Promise<boolean>;
  close(): void;
}

export interface FitNow extends Fitted {
  readonly outdated: boolean;
}

export interface FieldWatchOptions {
  readonly read: (signal: AbortSignal) => Promise<FieldsRead>;
  readonly clock: () => number;
  /** Waits; false when `signal` ended the wait. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Told of every reading; `isNews` when the one before ended otherwise. */
  readonly onRead: (result: FieldsRead, isNews: boolean) => void;
}

/** So long what was read counts without a doubt, and so long nothing is asked again. */
export const freshMs = 60_000;
export const refreshMs = 3_600_000;
/** What is delivered is not kept from it for longer by an API that answers nothing. */
const readyMaxMs = 5_000;

interface Known {
  readonly askedAt: number;
  readonly at: number;
  readonly fields: WorkspaceFields;
}

/**
 * The fields of one workspace, in this process's memory. Nothing is left out on the word of an old reading: where it has to
 * be asked anew and cannot be, updates go out as if nothing were known.
 */
export function createFieldWatch(options: FieldWatchOptions): FieldWatch {
  const { clock, sleep } = options;
  const closing = new AbortController();
  let known: Known | undefined;
  let tried: { readonly at: number; readonly result: FieldsRead } | undefined;
  let running: Promise<boolean> | undefined;

  async function read(): Promise<boolean> {
    const askedAt = clock();
    const result = await options
      .read(closing.signal)
      .catch((error: unknown): FieldsRead => ({ kind: "unavailable", message: String(error) }));
    if (closing.signal.aborted) return false;
    if (result.kind === "read") known = { askedAt, at: clock(), fields: result.fields };
    options.onRead(result, tried?.result.kind !== result.kind);
    tried = { at: clock(), result };
    return result.kind === "read";
  }

  function renew(): Promise<boolean> {
    if (running) return running;
    if (closing.signal.aborted || (tried && clock() - tried.at < freshMs)) return Promise.resolve(false);
    running = read().finally(() => {
      running = undefined;
    });
    return running;
  }

  /** Without anybody waiting for it. A token that may not read the fields asks as seldom as one that may. */
  function refresh(now: number): void {
    if (!tried) return;
    const { result } = tried;
    // A token that is refused altogether may be accepted again at any moment.
    const isPassing = result.kind === "unavailable" || (result.kind === "forbidden" && result.status === 401);
    if (isPassing || now - tried.at >= refreshMs) void renew();
  }

  function judge({ askedAt, fields }: Known): Judge {
    const byFields = judgeBy(fields);
    return (name, value, update) => {
      const fit = byFields(name, value, update);
      // Somebody has mended it since, or thinks so: then the API decides.
      const isMended = isRetriedPiece(update) && update.receivedAt > askedAt;
      return fit.kind === "unfit" && isMended ? { kind: "fits", value } : fit;
    };
  }

  const ready = Promise.race([renew(), sleep(readyMaxMs, closing.signal)]);
  return {
    async ready() {
      await ready;
    },
    fit(updates, applied, since) {
      const now = clock();
      refresh(now);
      const asTheyAre = { updates, unfit: [], outdated: false };
      if (!known) return asTheyAre;
      const fitted = fitUpdates(updates, applied, judgeBy(known.fields));
      if (fitted.unfit.length === 0) return { ...fitted, outdated: false };
      if (now - known.at < freshMs || known.at >= since) {
        return { ...fitUpdates(updates, applied, judge(known)), outdated: false };
      }
      const isTried = tried && (now - tried.at < freshMs || tried.at >= since || closing.signal.aborted);
      return isTried ? asTheyAre : { ...asTheyAre, outdated: true };
    },
    renew,
    close: () => closing.abort(),
  };
}

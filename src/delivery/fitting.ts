import type { ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied } from "../contact/merge.ts";
import type { Parked } from "../store/store.ts";
import type { ContactDelivery } from "./delivery.ts";
import type { FitNow } from "./field-watch.ts";
import { isSuperseded } from "./fit-updates.ts";
import { newestFirstName } from "./first-name.ts";
import type { RequestMade } from "./journal.ts";
import { parkedItem } from "./records.ts";
import type { Sender } from "./send.ts";

interface Waiting {
  readonly waiting: readonly ContactUpdate[];
  readonly applied: Applied;
}

/** What of one run's updates the workspace can take. Without a watch of its fields: all of it. */
export interface Fitting {
  /** Sends what `compose` makes; again where the fields had to be asked anew first, or explain a refusal. */
  send(
    address: ContactRef,
    compose: () => Promise<ContactPatch | undefined>,
    made: (request: RequestMade) => void,
  ): ReturnType<Sender>;
  /** Within `compose`: the updates with what fits. */
  fit(state: Waiting): readonly ContactUpdate[];
  /** The updates as they were fitted last. */
  fitted(): readonly ContactUpdate[];
  /**
   * What was left out of them, to be parked as a field is that the API has refused; without what is older than `applied`, as
   * nobody would want that again.
   */
  unfit(applied?: Applied): readonly Parked[];
}

const noWaiting: Waiting = { waiting: [], applied: {} };
const nothing: FitNow = { updates: [], unfit: [], outdated: false };

export function createFitting(delivery: ContactDelivery, attempts: number): Fitting {
  const { fields, clock, signal, policy } = delivery;
  const since = clock();
  let state = noWaiting;
  let last = nothing;

  /** Whether the fields, asked after the refusal, tell what was wrong. */
  async function explains(): Promise<boolean> {
    if (!fields || !(await fields.renew())) return false;
    const now = fields.fit(state.waiting, state.applied, since);
    const patchOf = ({ updates }: FitNow) => JSON.stringify(mergeUpdates(updates, state.applied).patch);
    return patchOf(now) !== patchOf(last);
  }

  return {
    async send(address, compose, made) {
      await fields?.ready();
      let isExplained = false;
      for (;;) {
        const composeFitting = async () => {
          [state, last] = [noWaiting, nothing];
          const patch = await compose();
          return last.outdated ? undefined : patch;
        };
        const answer = await delivery.send(address, signal, composeFitting, made);
        if (answer.kind === "nothing-to-send" && last.outdated) {
          await fields?.renew();
        } else if (answer.kind === "invalid" && !isExplained && (await explains())) {
          isExplained = true;
        } else return answer;
      }
    },
    fit(now) {
      state = now;
      last = fields?.fit(now.waiting, now.applied, since) ?? {
        updates: now.waiting,
        unfit: [],
        outdated: false,
      };
      return last.updates;
    },
    fitted: () => last.updates,
    unfit(applied = {}) {
      const firstName = policy.requireFirstName ? newestFirstName(state.waiting, state.applied) : undefined;
      const wanted = last.unfit.filter(({ piece, field }) => !isSuperseded(field, piece, applied));
      return wanted.map(({ piece, field, message }) => {
        const beside = firstName ? [firstName] : [];
        const item = parkedItem([...beside, piece], "invalid", clock(), attempts, undefined, [field]);
        return { ...item, message };
      });
    },
  };
}

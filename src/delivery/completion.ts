import type { RelayEvent } from "../contact/event.ts";
import type { Completion, Provider } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { LookupGet } from "./lookup.ts";

/** What came of completing an event, and for `later` why it was not done now. */
export type Completed =
  | Exclude<Completion, { kind: "later" }>
  /** `answer`: it was asked for. `pause`: nobody asks that API now. `turn`: others are being asked for. */
  | { kind: "later"; because: "answer" | "pause" | "turn"; message: string; delayMs: number };

/** Completes an event from its sender's own API where it is thin. Never rejects. */
export type Complete = (event: RelayEvent, source: Source) => Promise<Completed>;

export interface CompletionOptions {
  readonly get: LookupGet;
  /** Events that may be asked for at the same time: the other slots stay free for other sources. */
  readonly atOnceMax: number;
  readonly clock: () => number;
}

/** What is put off comes back in a line, one after this long after the other. */
const betweenMs = 100;
/** How long the line stands still for the one request that finds out whether a pause is over. */
const probeMs = 1_000;

/** One API as one token sees it. */
interface Api {
  /** Set by an answer that holds for everybody; it ends with an answer that does not. */
  pause: { readonly until: number; readonly message: string; readonly askedBy: string } | undefined;
  probing: boolean;
  /** When the last one of the line is due. */
  lineEndsAt: number;
}

type Entry = { readonly kind: "asked"; readonly isProbe: boolean } | Extract<Completed, { kind: "later" }>;

/**
 * What one answer says of the API, such as that its limit is reached, is not found out again for every event: until the
 * pause is over nothing is asked, then by a single one first. Nobody waits in its slot for anything but its own answer.
 */
export function createCompletion({ get, atOnceMax, clock }: CompletionOptions): Complete {
  const apis = new Map<string, Api>();
  let asking = 0;

  function apiOf(provider: Provider, { accessToken, apiUrl }: NonNullable<Source["completion"]>): Api {
    const host = apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).host : apiUrl;
    const key = JSON.stringify([provider.name, host, accessToken]);
    const api = apis.get(key) ?? { pause: undefined, probing: false, lineEndsAt: 0 };
    apis.set(key, api);
    return api;
  }

  function putOff(api: Api, from: number): number {
    api.lineEndsAt = Math.max(api.lineEndsAt, from) + betweenMs;
    return api.lineEndsAt - clock();
  }

  function enter(api: Api, event: RelayEvent): Entry {
    const { pause, probing } = api;
    const now = clock();
    // Whoever found the API so lets the others try first: it may be the only one that is answered so.
    const lets = pause?.askedBy === event.id && api.lineEndsAt > now;
    if (pause && (now < pause.until || probing || lets)) {
      const from = now < pause.until ? pause.until : now + (probing ? probeMs : 0);
      return { kind: "later", because: "pause", message: pause.message, delayMs: putOff(api, from) };
    }
    if (asking >= atOnceMax) {
      const message = "its turn to be fetched from its sender's API has not come";
      return { kind: "later", because: "turn", message, delayMs: putOff(api, now) };
    }
    return { kind: "asked", isProbe: pause !== undefined };
  }

  /** What an answer means for the others too. */
  function judge(api: Api, event: RelayEvent, completion: Completion, isProbe: boolean): Completed {
    if (completion.kind !== "later") {
      if (isProbe) api.pause = undefined;
      return completion;
    }
    const { message, delayMs } = completion;
    if (completion.everybody === true) {
      const until = Math.max(api.pause?.until ?? 0, clock() + delayMs);
      api.pause = { until, message, askedBy: event.id };
      return { kind: "later", because: "answer", message, delayMs: putOff(api, until) };
    }
    if (isProbe) api.pause = undefined;
    return { kind: "later", because: "answer", message, delayMs };
  }

  return async (event, source) => {
    const { completion: given, provider } = source;
    if (!given || !provider.complete) return { kind: "complete", payload: event.payload };
    const api = apiOf(provider, given);
    // A provider may ask twice for one event, or find that there is nothing to ask.
    const visit: { entry?: Entry } = {};
    const ask: LookupGet = async (url, headers) => {
      if (!visit.entry) {
        visit.entry = enter(api, event);
        if (visit.entry.kind === "asked") {
          asking += 1;
          api.probing ||= visit.entry.isProbe;
        }
      }
      const { entry } = visit;
      return entry.kind === "asked"
        ? await get(url, headers)
        : { kind: "unreachable", message: entry.message };
    };
    try {
      const completion = await provider.complete(event, { ...given, get: ask });
      const { entry } = visit;
      if (entry?.kind === "later") return entry;
      return judge(api, event, completion, entry?.isProbe ?? false);
    } finally {
      if (visit.entry?.kind === "asked") {
        asking -= 1;
        if (visit.entry.isProbe) api.probing = false;
      }
    }
  };
}

import { z } from "zod";
import { limiterKinds } from "./rate-limit.ts";

const times = z.number().int().min(1).max(1_000_000).optional();

/**
 * A fault that can be switched on. Those with `times` end after so many requests; without it they last until all are
 * switched off.
 */
export const faultSchema = z.union([
  /** Answers this status instead of doing anything; `probability` for a share of the requests only. */
  z.strictObject({
    status: z.number().int().min(200).max(599),
    times,
    probability: z.number().min(0).max(1).optional(),
    retryAfter: z.string().max(100).optional(),
    body: z.string().max(10_000).optional(),
  }),
  /** 449 for one contact, for so many requests or so many milliseconds. */
  z.strictObject({ busy: z.string().max(500), times, forMs: z.number().min(0).optional() }),
  z.strictObject({ latencyMs: z.number().min(0).max(600_000), times }),
  /** Never answers. */
  z.strictObject({ hang: z.literal(true), times }),
  /** Drops the connection: before the request is carried out, or after, so that its answer is lost. */
  z.strictObject({ drop: z.enum(["before", "after"]), times }),
  /** The token is revoked. */
  z.strictObject({ unauthorized: z.literal(true), times }),
  z.strictObject({ rate: z.number().min(0).max(1_000_000), limiter: z.enum(limiterKinds).optional() }),
]);

export type Fault = z.infer<typeof faultSchema>;

/** What happens to one request. */
export interface Fate {
  latencyMs: number;
  hang: boolean;
  drop: "before" | "after" | undefined;
  unauthorized: boolean;
  busy: boolean;
  status: { code: number; retryAfter: string | undefined; body: string | undefined } | undefined;
}

interface ActiveFault {
  readonly fault: Fault;
  left: number;
  readonly endsAt: number;
}

export interface Faults {
  add(fault: Fault, now: number): void;
  list(): (Fault & { left: number | null })[];
  clear(): void;
  /** Decides about one request for a contact, and counts it. */
  decide(contact: string | undefined, now: number): Fate;
}

export function createFaults(random: () => number): Faults {
  let active: ActiveFault[] = [];

  function strikes({ fault }: ActiveFault, contact: string | undefined): boolean {
    if ("busy" in fault) return fault.busy.toLowerCase() === contact;
    return !("probability" in fault) || fault.probability === undefined || random() < fault.probability;
  }

  return {
    add(fault, now) {
      const left = "times" in fault && fault.times !== undefined ? fault.times : Number.POSITIVE_INFINITY;
      const endsAt =
        "forMs" in fault && fault.forMs !== undefined ? now + fault.forMs : Number.POSITIVE_INFINITY;
      active.push({ fault, left, endsAt });
    },
    list: () => active.map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null })),
    clear() {
      active = [];
    },
    decide(contact, now) {
      const fate: Fate = {
        latencyMs: 0,
        hang: false,
        drop: undefined,
        unauthorized: false,
        busy: false,
        status: undefined,
      };
      active = active.filter((one) => one.left > 0 && one.endsAt > now);
      let decided = false;
      for (const one of active) {
        const { fault } = one;
        // Of the faults that end a request only the first one is spent on it.
        const ends = !("latencyMs" in fault);
        if ((ends && decided) || !strikes(one, contact)) continue;
        one.left -= 1;
        decided ||= ends;
        if ("latencyMs" in fault) fate.latencyMs += fault.latencyMs;
        else if ("hang" in fault) fate.hang = true;
        else if ("drop" in fault) fate.drop = fault.drop;
        else if ("unauthorized" in fault) fate.unauthorized = true;
        else if ("busy" in fault) fate.busy = true;
        else if ("status" in fault) {
          fate.status = { code: fault.status, retryAfter: fault.retryAfter, body: fault.body };
        }
      }
      return fate;
    },
  };
}

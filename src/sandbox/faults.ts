import { z } from "zod";
import type { ContactRef } from "../contact/contact-ref.ts";
import { limiterKinds } from "./rate-limit.ts";
import { seededRandom } from "./seeded-random.ts";
import { identifierOf } from "./validate.ts";

const times = z.number().int().min(1).max(1_000_000).optional();
const contactText = z.string().refine((text) => identifierOf(text) !== undefined);
const headerText = z
  .string()
  .max(2_000)
  .regex(/^[\x20-\x7e]*$/);

/**
 * A fault that can be switched on. Those with `times` end after so many requests; without it they last until all are
 * switched off.
 */
export const faultSchema = z.union([
  /**
   * Answers this status instead of doing anything; `probability`, drawn from `seed`, for a share of the requests;
   * `contact`, by any of its identifiers, for those of one contact.
   */
  z.strictObject({
    status: z.number().int().min(200).max(599),
    contact: contactText.optional(),
    times,
    probability: z.number().min(0).max(1).optional(),
    seed: z.number().int().optional(),
    retryAfter: z.union([headerText, z.number()]).optional(),
    location: headerText.optional(),
    body: z.string().max(10_000).optional(),
  }),
  /** 449 for one contact, by any of its identifiers, for so many requests or so many milliseconds. */
  z.strictObject({
    busy: contactText,
    times,
    forMs: z.number().min(0).optional(),
  }),
  /** Answers later. One without `times` takes the place of the one before. */
  z.strictObject({ latencyMs: z.number().min(0).max(600_000), times }),
  /** Never answers. */
  z.strictObject({ hang: z.literal(true), times }),
  /** Drops the connection: before the request is carried out, or after, so that its answer is lost. */
  z.strictObject({ drop: z.enum(["before", "after"]), times }),
  /** The token is revoked; `false` for valid again. */
  z.strictObject({ unauthorized: z.boolean(), times }),
  /** A firewall before the API: 403 and an HTML page for every request whose body holds this text. */
  z.strictObject({ firewall: z.string().min(1).max(1_000), times }),
  /** Requests per second to one contact, counted by method and path as the vendor does; 0 for no limit. */
  z.strictObject({ contactRate: z.number().min(0).max(1_000_000) }),
  z.strictObject({ rate: z.number().min(0).max(1_000_000), limiter: z.enum(limiterKinds).optional() }),
]);

export type Fault = z.infer<typeof faultSchema>;
type StatusFault = Extract<Fault, { status: number }>;

/** A fault that is on. `left`: for how many requests; null for all. */
export type ListedFault = Fault & { left: number | null };

/** What happens to one request instead of, or beside, its being carried out. */
export type Fate =
  { kind: "none" | "busy" | "hang" | "drop-before" | "drop-after" } | { kind: "status"; fault: StatusFault };

export interface Faults {
  add(fault: Fault, now: number): void;
  list(now: number): ListedFault[];
  clear(): void;
  /** Whether the token of this request is to count as revoked. */
  revokesToken(now: number): boolean;
  latencyMs(now: number): number;
  /** Whether the firewall refuses a request with this body. */
  blocks(body: unknown, now: number): boolean;
  /** Decides about one request that was let in, and counts it: only the first fault that fits is spent on it. */
  decide(contact: ContactRef | undefined, now: number): Fate;
}

interface ActiveFault {
  readonly fault: Fault;
  readonly random: () => number;
  readonly endsAt: number;
  left: number;
}

/**
 * @param random decides about faults with a probability but no seed
 * @param isSame whether two identifiers name the same contact
 */
export function createFaults(
  random: () => number,
  isSame: (a: ContactRef, b: ContactRef) => boolean = (a, b) => a === b,
): Faults {
  let active: ActiveFault[] = [];

  function current(now: number): ActiveFault[] {
    active = active.filter((one) => one.left > 0 && one.endsAt > now);
    return active;
  }

  function isMeant(text: string, contact: ContactRef | undefined): boolean {
    const meant = identifierOf(text);
    return meant !== undefined && contact !== undefined && isSame(meant, contact);
  }

  function strikes({ fault, random }: ActiveFault, contact: ContactRef | undefined): boolean {
    if ("busy" in fault) return isMeant(fault.busy, contact);
    if ("status" in fault) {
      if (fault.contact !== undefined && !isMeant(fault.contact, contact)) return false;
      return fault.probability === undefined || random() < fault.probability;
    }
    return "hang" in fault || "drop" in fault;
  }

  return {
    add(fault, now) {
      if ("unauthorized" in fault && !fault.unauthorized) {
        active = active.filter((one) => !("unauthorized" in one.fault));
        return;
      }
      if ("latencyMs" in fault && fault.times === undefined) {
        active = active.filter((one) => !("latencyMs" in one.fault) || one.fault.times !== undefined);
      }
      const left = "times" in fault ? fault.times : undefined;
      const forMs = "forMs" in fault ? fault.forMs : undefined;
      active.push({
        fault,
        random: "seed" in fault && fault.seed !== undefined ? seededRandom(fault.seed) : random,
        endsAt: forMs === undefined ? Number.POSITIVE_INFINITY : now + forMs,
        left: left ?? Number.POSITIVE_INFINITY,
      });
    },
    list: (now) =>
      current(now).map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null })),
    clear() {
      active = [];
    },
    revokesToken(now) {
      const one = current(now).find(({ fault }) => "unauthorized" in fault);
      if (one) one.left -= 1;
      return one !== undefined;
    },
    latencyMs(now) {
      let ms = 0;
      for (const one of current(now)) {
        if (!("latencyMs" in one.fault)) continue;
        one.left -= 1;
        ms += one.fault.latencyMs;
      }
      return ms;
    },
    blocks(body, now) {
      const text = JSON.stringify(body) ?? "";
      const one = current(now).find(
        ({ fault }) => "firewall" in fault && text.includes(JSON.stringify(fault.firewall).slice(1, -1)),
      );
      if (one) one.left -= 1;
      return one !== undefined;
    },
    decide(contact, now) {
      const one = current(now).find((candidate) => strikes(candidate, contact));
      if (!one) return { kind: "none" };
      one.left -= 1;
      const { fault } = one;
      if ("status" in fault) return { kind: "status", fault };
      if ("drop" in fault) return { kind: `drop-${fault.drop}` };
      return { kind: "busy" in fault ? "busy" : "hang" };
    },
  };
}

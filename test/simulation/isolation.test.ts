import { expect, it } from "vitest";
import type { ApiResult } from "../../src/aelyst/result.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { createCircuit } from "../../src/delivery/circuit.ts";
import { createContactPace } from "../../src/delivery/contact-pace.ts";
import { createGate, type Sleep } from "../../src/delivery/pace.ts";
import { createSender, type DestinationChange } from "../../src/delivery/send.ts";
import { createSuspects } from "../../src/delivery/suspects.ts";
import { createPacer, startingPace } from "../../src/store/pace.ts";
import { createVirtualTime, seededRandom } from "./virtual-time.ts";

const ceiling = 10;
const healthy = 100;
const authProbeMs = 30_000;

type Poison = (contact: ContactRef, attempt: number) => ApiResult;

interface Outcome {
  /** Seconds until the last of the others was answered well. */
  readonly othersDoneAfter: number;
  readonly poisonRequests: number;
  /** What became of each poison contact in the end; undefined when it still waits after an hour. */
  readonly ends: readonly (ApiResult["kind"] | undefined)[];
  readonly changes: readonly DestinationChange[];
  readonly rateAtEnd: number;
}

/** Poison contacts among a hundred others, at ten requests a second and in virtual time; answers come after 30 ms. */
async function among(
  poisonContacts: number,
  poison: Poison,
  options: { othersFrom?: (index: number) => number } = {},
): Promise<Outcome> {
  const time = createVirtualTime(1_700_000_000_000);
  const startedAt = time.now();
  let pace = startingPace;
  const pacer = createPacer(ceiling, async (change) => {
    const changed = change(pace, time.now());
    pace = changed.pace;
    return changed.result;
  });
  const sleep: Sleep = async (delayMs) => {
    await time.sleep(delayMs);
    return true;
  };
  const attempts = new Map<ContactRef, number>();
  const changes: DestinationChange[] = [];
  const isPoison = (contact: ContactRef) => contact.startsWith("phone:");
  const send = createSender({
    update: async (contact) => {
      const attempt = (attempts.get(contact) ?? 0) + 1;
      attempts.set(contact, attempt);
      await time.sleep(30);
      return isPoison(contact) ? poison(contact, attempt) : { kind: "ok", status: 200, contactId: 1 };
    },
    gate: createGate(pacer, ceiling, { shared: true, clock: time.now, sleep }),
    pacer,
    circuit: createCircuit(),
    suspects: createSuspects(time.now),
    contactPace: createContactPace(5, time.now),
    retry: { firstMs: 1_000, maxMs: 300_000 },
    authProbeMs,
    clock: time.now,
    random: seededRandom(7),
    sleep,
    observer: { request: () => undefined, destination: (change) => void changes.push(change) },
  });
  let othersDoneAt = startedAt;
  const never = new AbortController().signal;

  async function deliver(contact: ContactRef): Promise<ApiResult["kind"] | undefined> {
    let failures = 0;
    for (;;) {
      const answer = await send(contact, never, async () => ({ firstName: "Ada" }));
      switch (answer.kind) {
        case "set-aside":
          await time.sleep(answer.delayMs);
          break;
        case "unavailable":
          await time.sleep(Math.min(1_000 * 2 ** failures++, 300_000));
          break;
        case "interrupted":
        case "nothing-to-send":
          return undefined;
        case "ok":
        case "busy":
        case "invalid":
        case "not-found":
        case "taken":
        case "refused":
          if (!isPoison(contact)) othersDoneAt = Math.max(othersDoneAt, time.now());
          return answer.kind;
      }
    }
  }

  const ends: (ApiResult["kind"] | undefined)[] = Array.from({ length: poisonContacts }, () => undefined);
  ends.forEach((_, index) => {
    void deliver(`phone:+60${100_000_000 + index}`).then((end) => void (ends[index] = end));
  });
  for (let index = 0; index < healthy; index += 1) {
    void time.sleep(options.othersFrom?.(index) ?? 0).then(() => deliver(`id:${index + 1}`));
  }
  await time.run(startedAt + 3_600_000);
  const poisonRequests = [...attempts].reduce((sum, [ref, count]) => sum + (isPoison(ref) ? count : 0), 0);
  return {
    othersDoneAfter: (othersDoneAt - startedAt) / 1_000,
    poisonRequests,
    ends,
    changes,
    rateAtEnd: (await pacer.state()).rate,
  };
}

const firewall: Poison = () => ({ kind: "unauthorized", status: 403, message: "403 Forbidden" });
const refusedToken: Poison = () => ({ kind: "unauthorized", status: 401, message: "UN_AUTHORIZED" });
const limitedPath: Poison = () => ({ kind: "limited", status: 429, retryAfterMs: 1_000, allowedRate: 5 });
const broken: Poison = () => ({
  kind: "unavailable",
  reason: "status",
  status: 500,
  message: "Unexpected error occurred",
  retryAfterMs: undefined,
});

/** What the ceiling alone takes for all of them, and a little. */
const onTime = healthy / ceiling + 4;

it("a contact that the firewall refuses is parked, and a hundred others arrive on time", async () => {
  const { othersDoneAfter, ends, poisonRequests } = await among(1, firewall);
  expect(othersDoneAfter).toBeLessThan(onTime);
  expect(ends).toEqual(["refused"]);
  expect(poisonRequests).toBeLessThanOrEqual(3);
});

it("several contacts that the firewall refuses are parked, and others that come meanwhile go on", async () => {
  const { ends, othersDoneAfter, poisonRequests } = await among(4, firewall, {
    othersFrom: (index) => index * 6_000,
  });
  expect(ends).toEqual(["refused", "refused", "refused", "refused"]);
  expect(othersDoneAfter).toBeLessThan(healthy * 6 + 1);
  expect(poisonRequests).toBeLessThan(40);
});

it("a contact whose content the API answers with 401 holds up nobody and is not parked for it", async () => {
  const { othersDoneAfter, ends, changes } = await among(1, refusedToken);
  expect(othersDoneAfter).toBeLessThan(onTime);
  expect(ends).toEqual([undefined]);
  expect(changes.filter(({ kind }) => kind === "unauthorized").length).toBeLessThanOrEqual(2);
});

it("a limit of one contact's path pauses nobody for long, and lowers nobody's rate", async () => {
  expect((await among(1, limitedPath)).othersDoneAfter).toBeLessThan(onTime);
  const { changes, rateAtEnd, ends } = await among(1, limitedPath, { othersFrom: (index) => index * 30_000 });
  expect(changes.filter(({ kind }) => kind === "limited").length).toBeLessThanOrEqual(40);
  expect(ends).toEqual([undefined]);
  expect(rateAtEnd).toBe(ceiling);
});

it("ten contacts that share what makes the API fail keep no other from it, now or later", async () => {
  const now = await among(10, broken);
  expect(now.othersDoneAfter).toBeLessThan(onTime);
  const later = await among(10, broken, { othersFrom: (index) => index * 20_000 });
  expect(later.othersDoneAfter).toBeLessThan((healthy * 20_000) / 1_000 + 1);
});

it("a token that is refused for everybody costs one probe per interval, and nobody is parked for it", async () => {
  const time = { revoked: 0 };
  const { ends, poisonRequests } = await among(
    20,
    (_, attempt) => {
      time.revoked += 1;
      return attempt > 4 ? { kind: "ok", status: 200, contactId: 1 } : refusedToken("id:1", attempt);
    },
    { othersFrom: () => 3_590_000 },
  );
  expect(poisonRequests).toBeLessThan(3_600_000 / authProbeMs + 12);
  expect(ends.every((end) => end === undefined || end === "ok")).toBe(true);
});

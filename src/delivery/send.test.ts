import { describe, expect, it } from "vitest";
import type { ApiResult } from "../aelyst/result.ts";
import { createPacer, startingPace } from "../store/pace.ts";
import type { PauseReason } from "../store/store.ts";
import { createContactPace } from "./contact-pace.ts";
import { createSuspects } from "./suspects.ts";
import { createCircuit } from "./circuit.ts";
import type { Gate } from "./pace.ts";
import type { Schedule } from "./retry-schedule.ts";
import { createSender, type DestinationChange } from "./send.ts";

const contact = "id:1" as const;
const ok: ApiResult = { kind: "ok", status: 200, contactId: 1 };
const unauthorized: ApiResult = { kind: "unauthorized", status: 401, message: "UN_AUTHORIZED" };
const down: ApiResult = {
  kind: "unavailable",
  reason: "timeout",
  status: undefined,
  message: "time-out",
  retryAfterMs: undefined,
};
const limited = (retryAfterMs?: number): ApiResult => ({ kind: "limited", status: 429, retryAfterMs });

/** A sender over a virtual clock: waiting for a slot or a pause moves the clock instead of sleeping. */
function setUp(
  answers: ApiResult[],
  answered: Promise<void> = Promise.resolve(),
  retry: Schedule = { firstMs: 1_000, maxMs: 8_000 },
) {
  let now = 0;
  let pace = startingPace;
  const sentAt: number[] = [];
  const probes: (PauseReason | undefined)[] = [];
  const changes: DestinationChange[] = [];
  const statuses: string[] = [];
  const pacer = createPacer(10, async (change) => {
    const changed = change(pace, now);
    pace = changed.pace;
    return changed.result;
  });
  const gate: Gate = {
    async pass(signal, compose) {
      while (!signal.aborted) {
        const grant = await pacer.take(1);
        now += grant.kind === "slots" ? (grant.waitsMs[0] ?? 0) : grant.waitMs;
        if (grant.kind === "slots") {
          probes.push(grant.probe);
          return { message: await compose(), probe: grant.probe };
        }
      }
      return undefined;
    },
    hold: () => undefined,
  };
  const send = createSender({
    update: async () => {
      sentAt.push(now);
      await answered;
      return answers.shift() ?? ok;
    },
    gate,
    pacer,
    circuit: createCircuit(),
    suspects: createSuspects(() => now),
    contactPace: createContactPace(5, () => now),
    retry,
    authProbeMs: 30_000,
    clock: () => now,
    random: () => 0,
    sleep: async (delayMs) => {
      now += delayMs;
      return true;
    },
    observer: {
      request: (status) => void statuses.push(status),
      destination: (change) => void changes.push(change),
    },
  });
  const run = (ref: `id:${number}` = contact) =>
    send(ref, new AbortController().signal, async () => ({ firstName: "Ada" }));
  /** As its wake-up does: comes again after the time it was told to stand back for. */
  const persist = async (ref: `id:${number}` = contact) => {
    for (;;) {
      const answer = await run(ref);
      if (answer.kind !== "set-aside") return answer;
      now += answer.delayMs;
    }
  };
  return { run, persist, send, pacer, sentAt, probes, changes, statuses };
}

describe("429", () => {
  it("sends nothing before Retry-After is over, then the same request again", async () => {
    const { run, sentAt } = setUp([limited(2_500), ok]);
    expect(await run()).toEqual(ok);
    expect(sentAt).toEqual([0, 2_500]);
  });

  it("without a hint pauses for one second, doubling", async () => {
    const { run, sentAt } = setUp([limited(), limited(), limited(), ok]);
    await run();
    expect(sentAt).toEqual([0, 1_000, 3_000, 7_000]);
  });

  it("of two pauses the longer wins", async () => {
    const { run, pacer, sentAt } = setUp([limited(500), ok]);
    await pacer.pause(10, "limited");
    await pacer.pause(5_000, "limited");
    await pacer.pause(100, "limited");
    await run();
    expect(sentAt[0]).toBe(5_000);
  });
});

describe("401", () => {
  it("probes once per interval until the token is accepted, and never gives the contact up", async () => {
    const { persist, sentAt, probes, changes, pacer } = setUp([unauthorized, unauthorized, unauthorized, ok]);
    expect(await persist()).toEqual(ok);
    expect(sentAt).toEqual([0, 30_000, 60_000, 90_000]);
    expect(probes).toEqual([undefined, "unauthorized", "unauthorized", "unauthorized"]);
    expect(changes.at(-1)).toEqual({ kind: "recovered", from: "unauthorized" });
    expect((await pacer.state()).reason).toBeUndefined();
  });

  it("is probed at its own interval from the first one on, though an outage was being probed far more seldom", async () => {
    const failing = Array.from({ length: 14 }, () => down);
    const { run, persist, pacer, sentAt, probes } = setUp(
      [...failing, unauthorized, unauthorized, ok],
      undefined,
      {
        firstMs: 60_000,
        maxMs: 600_000,
      },
    );
    for (let index = 0; index < failing.length; index += 1) await run(`id:${index + 1}`);
    await persist();
    const [first = 0, ...others] = sentAt.slice(-3);
    expect(probes.slice(-3)).toEqual(["failing", "unauthorized", "unauthorized"]);
    expect(others).toEqual([first + 30_000, first + 60_000]);
    expect((await pacer.state()).reason).toBeUndefined();
  });

  it("met by one contact is probed by the next one a second later, and then at its interval", async () => {
    const { run, sentAt } = setUp([unauthorized, unauthorized, unauthorized, ok]);
    for (const ref of ["id:1", "id:2", "id:3", "id:4"] as const) await run(ref);
    expect(sentAt).toEqual([0, 1_000, 31_000, 61_000]);
  });

  it("while the probe is out nobody else may send", async () => {
    const { run, pacer } = setUp([unauthorized]);
    const done = run();
    await done;
    await pacer.pause(30_000, "unauthorized");
    expect(await pacer.take(1)).toMatchObject({ kind: "paused", reason: "unauthorized" });
  });
});

describe("403", () => {
  const forbidden: ApiResult = { kind: "unauthorized", status: 403, message: "403 Forbidden" };

  it("that one contact alone meets twice is that contact's refusal, and pauses nobody after the first time", async () => {
    const { run, persist, changes, pacer } = setUp([forbidden, ok, forbidden, ok, forbidden]);
    expect(await run("id:1")).toMatchObject({ kind: "set-aside", because: "unauthorized", delayMs: 30_000 });
    expect(await run("id:2")).toEqual(ok);
    expect(await persist("id:1")).toEqual({ kind: "refused", status: 403, message: "403 Forbidden" });
    expect(changes.filter(({ kind }) => kind === "unauthorized")).toHaveLength(1);
    expect(await run("id:3")).toEqual(ok);
    expect(await run("id:1")).toMatchObject({ kind: "refused" });
    expect((await pacer.state()).reason).toBeUndefined();
  });

  it("that several contacts meet is the token's: nothing is refused for it", async () => {
    const { run, persist } = setUp([forbidden, forbidden, ok, ok, ok]);
    expect(await run("id:1")).toMatchObject({ kind: "set-aside" });
    expect(await run("id:2")).toMatchObject({ kind: "set-aside" });
    expect(await run("id:3")).toEqual(ok);
    expect(await persist("id:1")).toEqual(ok);
    expect(await persist("id:2")).toEqual(ok);
  });

  it("after a good answer to the same contact is as if it were the first", async () => {
    const { run } = setUp([forbidden, ok, ok, forbidden]);
    await run("id:1");
    await run("id:2");
    expect(await run("id:1")).toEqual(ok);
    expect(await run("id:1")).toMatchObject({ kind: "set-aside" });
  });
});

describe("a 429 that says how much is allowed", () => {
  it("is taken at its word when it cannot be meant for one contact's path", async () => {
    const told = setUp([{ ...limited(1_000), allowedRate: 6 } as ApiResult, ok]);
    await told.run();
    expect((await told.pacer.state()).rate).toBeLessThan(7);
    const path = setUp([{ ...limited(1_000), allowedRate: 2 } as ApiResult, ok]);
    await path.run();
    expect((await path.pacer.state()).rate).toBeGreaterThan(8);
  });
});

it("sends one contact at most its own rate in any second", async () => {
  const { run, sentAt } = setUp([]);
  for (let n = 0; n < 40; n += 1) await run();
  sentAt.forEach((at, index) => {
    expect(sentAt.slice(index).filter((later) => later - at < 1_000).length).toBeLessThanOrEqual(5);
  });
});

describe("an API that fails for everybody", () => {
  it("is probed by single requests with doubling delays instead of hammered", async () => {
    const { run, sentAt, changes } = setUp(Array.from({ length: 14 }, () => down));
    for (let n = 1; n <= 14; n += 1) expect(await run(`id:${n}`)).toEqual(down);
    const gaps = sentAt.slice(9).map((at, index) => at - (sentAt[8 + index] ?? 0));
    expect(gaps.slice(1)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(changes.filter((change) => change.kind === "failing")).toHaveLength(5);
  });

  it("a good probe closes the circuit for every replica", async () => {
    const { run, pacer, changes } = setUp([...Array.from({ length: 10 }, () => down), ok]);
    for (let n = 1; n <= 11; n += 1) await run(`id:${n}`);
    expect(changes.at(-1)).toEqual({ kind: "recovered", from: "failing" });
    expect(await pacer.take(1)).toMatchObject({ kind: "slots" });
  });
});

it("many requests that were on the wire when the API went down do not make the first pause longer", async () => {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { run, changes, pacer, sentAt } = setUp(
    Array.from({ length: 40 }, () => down),
    answered,
  );
  const all = Promise.all(Array.from({ length: 40 }, (_, n) => run(`id:${n + 1}`)));
  while (sentAt.length < 40) await Promise.resolve();
  answer();
  await all;
  expect(changes).toEqual([{ kind: "failing", probeMs: 1_000, message: "time-out" }]);
  expect(await pacer.state()).toMatchObject({ reason: "failing", pausedForMs: 1_000 });
});

it("composes the body at the last moment before every attempt", async () => {
  const { send } = setUp([limited(1_000), ok]);
  let composed = 0;
  await send(contact, new AbortController().signal, async () => {
    composed += 1;
    return { firstName: `Ada ${composed}` };
  });
  expect(composed).toBe(2);
});

it("counts every request by its status", async () => {
  const { run, statuses } = setUp([limited(10), down]);
  await run();
  expect(statuses).toEqual(["429", "timeout"]);
});

it("a shutdown ends the wait without a request", async () => {
  const { send, sentAt } = setUp([]);
  const stop = new AbortController();
  stop.abort();
  expect(await send(contact, stop.signal, async () => ({ firstName: "Ada" }))).toEqual({
    kind: "interrupted",
  });
  expect(sentAt).toEqual([]);
});
